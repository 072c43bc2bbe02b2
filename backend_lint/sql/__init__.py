"""What SQL means, whoever wrote it; knows no Python code. Empty until the families that need it."""
