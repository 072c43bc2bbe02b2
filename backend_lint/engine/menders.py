"""Which rules mend what they find, and which findings they may mend. Imports no LibCST: whoever only looks need not have it."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection

from backend_lint.api import Finding, Mends
from backend_lint.config import ConfigError, Settings
from backend_lint.engine.limits import INSTALL_LIBCST
from backend_lint.registry import Registry


def can_mend() -> bool:
    """Whether LibCST is installed."""
    return importlib.util.find_spec("libcst") is not None


def demand_libcst() -> None:
    """Raises ConfigError if fixes cannot be made here."""
    if not can_mend():
        raise ConfigError(f"fixes are made with LibCST, which is not installed: {INSTALL_LIBCST}; `check` shows what to change")


def menders(settings: Settings, registry: Registry, fixes: Collection[str] = ("safe", "unsafe")) -> dict[str, Mends]:
    """The enabled rules whose fix is one of `fixes`, by name."""
    return {rule.name: rule for rule in registry.instantiate(settings) if isinstance(rule, Mends) and registry.cards[rule.name].fix in fixes}


def hides_secret(finding: Finding) -> bool:
    """A secret was hidden in what the rule said, and a fix made of it would write the stars."""
    return "***" in finding.message + finding.suggestion
