"""Nothing is left of the models; their tables are."""
