"""The OWASP API Security Top 10 (2023): what a caller can reach, change or overload that he should not."""
