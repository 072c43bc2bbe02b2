"""Schema joined with queries: indexes, keys, types."""
