"""What the whole fleet shares: permits and new sessions a second, in Redis."""
