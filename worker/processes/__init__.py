"""What runs: workers with their slots and watchdogs, the dispatcher, and what both tidy up."""
