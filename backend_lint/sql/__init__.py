"""What SQL means, whoever wrote it: statements, the catalog, plans and locks. Knows no Python code."""
