"""N+1: one query for each row, and more rows than are needed."""
