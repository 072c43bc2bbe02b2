"""The contract of an API: what its routes take, answer and promise."""
