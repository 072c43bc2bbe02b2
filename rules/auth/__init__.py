"""Authentication: who the caller is, and what proves it."""
