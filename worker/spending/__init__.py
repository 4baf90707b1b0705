"""What sending costs, and how much of it may be spent."""
