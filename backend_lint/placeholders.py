"""The places for values in templates of strings. Standard library only."""

from __future__ import annotations

from backend_lint.lazy_regex import lazy_regex

FIELD = lazy_regex(r"\{\{|\}\}|\{([\w.\[\]]*)(?:![rsa])?(?::[^{}]*)?\}")
"""A field of ``str.format``."""
PERCENT = lazy_regex(r"%%|%(?:\((\w+)\))?[-+ #0-9.]*[sdrifx]")
"""A field of the ``%`` operator."""
