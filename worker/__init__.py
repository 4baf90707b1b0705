"""The product: what happens to a job. Never imports the doors (`api`)."""
