"""The doors: HTTP and the command line. They only translate."""
