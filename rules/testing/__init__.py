"""Tests and what they cover."""
