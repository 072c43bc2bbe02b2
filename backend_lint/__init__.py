"""backend-lint: a code-review linter and quality gate for backends."""

__version__ = "0.1.0"
