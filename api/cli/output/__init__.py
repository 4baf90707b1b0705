"""What people and machines get to see: lines, JSON, bars."""
