"""Error handling and logging."""
