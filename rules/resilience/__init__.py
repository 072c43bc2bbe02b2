"""Timeouts, retries, and what must not wait in async code."""
