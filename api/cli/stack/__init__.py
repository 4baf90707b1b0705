"""The processes of a stack on this machine: each alone, all of them together, and what keeps them running."""
