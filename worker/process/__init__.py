"""One worker process: its room for jobs, its leases, its watchdog."""
