"""One attempt at a job, from its claim to how it ends."""
