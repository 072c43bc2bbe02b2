"""Transactions: what belongs together is written together, and nobody acts on what is not committed."""
