"""What a rule's fix would do at each finding, as a difference to read. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from backend_lint.api import Mends
from backend_lint.config import Settings
from backend_lint.engine.discover import read_regular
from backend_lint.engine.menders import demand_libcst, hides_secret, menders
from backend_lint.engine.result import Reported, Result
from backend_lint.registry import Registry


def with_differences(result: Result, settings: Settings, registry: Registry) -> Result:
    """`result` with the difference that a fix would make as the suggestion of each finding whose rule has one. Raises ConfigError without LibCST."""
    demand_libcst()
    rules = menders(settings, registry)
    files: dict[str, bytes | None] = {}
    return replace(result, findings=tuple(_shown(one, settings, rules, files) for one in result.findings))


def _shown(one: Reported, settings: Settings, rules: Mapping[str, Mends], files: dict[str, bytes | None]) -> Reported:
    from backend_lint.engine.mend_file import CannotMendError, mend_file, unified_diff
    from backend_lint.engine.redact import redact

    finding = one.finding
    if finding.rule not in rules or not finding.path.endswith(".py") or hides_secret(finding):
        return one
    if finding.path not in files:
        try:
            files[finding.path] = read_regular(settings.root / finding.path, settings.max_file_size)
        except OSError:
            files[finding.path] = None
    data = files[finding.path]
    if data is None:
        return one
    try:
        after, applied = mend_file(data, [finding], rules)
    except CannotMendError:
        return one
    if not applied or after == data:
        return one
    hunks = unified_diff(finding.path, data, after).split("\n")[2:]
    return replace(one, finding=replace(finding, suggestion=redact("\n".join(hunks).rstrip("\n"))))
