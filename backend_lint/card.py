"""What is said of a rule without running it: its card, made from the class and its docstring."""

from __future__ import annotations

import inspect
import sys

import msgspec

from backend_lint.api import CstRule, Mends, NodeRule, Precision, Profile, ProjectRule, ReportRule, Role, Rule, Severity, SqlRule

HEADINGS = ("What it does", "Why is this bad", "Example", "Use instead", "When this is wrong")
OPTIONAL_HEADINGS = ("Options", "References")
FIXES = ("none", "safe", "unsafe", "patch")
ENGINE_FAMILY = "engine"


class Card(msgspec.Struct, frozen=True):
    """What a report says of a rule. `help` is the whole docstring as Markdown, `summary` its first line."""

    name: str
    family: str
    severity: Severity
    precision: str
    profile: str
    since: str
    fix: str
    tags: tuple[str, ...]
    summary: str
    help: str
    kind: str = "project"
    """``node``, ``project``, ``sql``, ``report``, ``cst``, or ``engine`` for what the engine itself reports."""


def card_of(rule: type[Rule], name: str, family: str) -> Card:
    """The card of a rule class that `flaws` found nothing wrong with."""
    page = inspect.cleandoc(rule.__doc__ or "")
    return Card(
        name=name,
        family=family,
        severity=Severity(rule.severity),
        precision=str(Precision(rule.precision)),
        profile=str(Profile(rule.profile)),
        since=rule.since,
        fix=rule.fix,
        tags=tuple(rule.tags),
        summary=page.partition("\n")[0].strip(),
        help=page,
        kind=kind_of(rule),
    )


def kind_of(rule: type[Rule]) -> str:
    """What the rule looks at: ``node``, ``project``, ``sql``, ``report`` or ``cst``; empty if it is none of the five kinds."""
    for kind, base in (("node", NodeRule), ("sql", SqlRule), ("report", ReportRule), ("cst", CstRule), ("project", ProjectRule)):
        if issubclass(rule, base):
            return kind
    return ""


def flaws(rule: type[Rule]) -> list[str]:
    """What is missing or wrong on a rule's card, one clause each; empty for a good card."""
    found = []
    for attribute, values in (("severity", Severity), ("precision", Precision), ("profile", Profile)):
        value = getattr(rule, attribute, None)
        if value is None:
            found.append(f"`{attribute}` is missing")
        elif value not in [str(one) for one in values]:
            found.append(f"`{attribute}` is {value!r}, not one of {', '.join(values)}")
    since = getattr(rule, "since", None)
    if not isinstance(since, str) or not since[:1].isdigit():
        found.append("`since` is missing or no version, such as '0.1'")
    if not rule.roles or not all(isinstance(role, Role) for role in rule.roles):
        found.append("`roles` must hold at least one Role")
    if isinstance(rule.tags, str) or not all(isinstance(tag, str) for tag in rule.tags):
        found.append("`tags` must be a tuple of texts")
    found += _flaws_of_kind(rule)
    found += [f"option {key!r} has a default of the unsupported type {type(default).__name__}" for key, default in rule.options.items() if not _typed(default)]
    if sys.flags.optimize < 2:
        found += _flaws_of_page(inspect.cleandoc(rule.__doc__ or ""))
    return found


def _flaws_of_kind(rule: type[Rule]) -> list[str]:
    found = []
    kind = kind_of(rule)
    if not kind:
        found.append("it is none of NodeRule, ProjectRule, SqlRule, ReportRule, CstRule")
    if kind == "node" and not getattr(rule, "nodes", ()):
        found.append("`nodes` is missing: which syntax nodes it wants to see")
    if kind == "cst" and not getattr(rule, "triggers", ()):
        found.append("`triggers` is missing: which bytes make a file worth parsing")
    if kind == "report" and not getattr(rule, "reports", ()):
        found.append("`reports` is missing: where the reports lie that it judges")
    if rule.fix not in FIXES:
        found.append(f"`fix` is {rule.fix!r}, not one of {', '.join(FIXES)}")
    elif rule.fix in ("safe", "unsafe") and not (issubclass(rule, Mends) and hasattr(rule, "mends")):
        found.append(f"`fix` is {rule.fix!r}, but it does not inherit Mends with `mends` naming the nodes")
    return found


def _flaws_of_page(page: str) -> list[str]:
    if not page:
        return ["the docstring is missing"]
    lines = [line.strip().lstrip("#").strip().rstrip(":?").strip() for line in page.splitlines()]
    found = []
    last = 0
    for heading in HEADINGS:
        if heading not in lines[1:]:
            found.append(f"the docstring has no heading {heading!r}")
            continue
        place = lines.index(heading, 1)
        if place < last:
            found.append(f"the docstring's heading {heading!r} stands out of order")
        last = place
    return found


def _typed(default: object) -> bool:
    if isinstance(default, tuple | list | frozenset):
        return all(isinstance(one, str | int | float) for one in default)
    if isinstance(default, dict):
        return all(isinstance(key, str) and isinstance(value, bool | str | int | float) for key, value in default.items())
    return isinstance(default, bool | str | int | float)


def _engine_card(name: str, severity: Severity, page: str) -> Card:
    text = inspect.cleandoc(page)
    return Card(
        name=name,
        family=ENGINE_FAMILY,
        severity=severity,
        precision=Precision.VERY_HIGH,
        profile=Profile.DEFAULT,
        since="0.1",
        fix="none",
        tags=(),
        summary=text.partition("\n")[0],
        help=text,
        kind="engine",
    )


ENGINE_CARDS = {
    card.name: card
    for card in (
        _engine_card(
            "suppression-without-reason",
            Severity.WARNING,
            """A finding is silenced and nobody says why.

            ## What it does

            Reports an inline `backend-lint: ignore[...]` without a reason. The suppression still works.

            ## Why is this bad

            Whoever reads the line next cannot tell a decision from a shortcut, and nobody knows when it may go.

            ## Example

            ```python
            requests.get(url)  # backend-lint: ignore[outbound-call-without-timeout]
            ```

            ## Use instead

            ```python
            requests.get(url)  # backend-lint: ignore[outbound-call-without-timeout] the session's adapter sets one
            ```

            ## When this is wrong

            Never: a reason costs a few words.
            """,
        ),
        _engine_card(
            "weakened-gate",
            Severity.WARNING,
            """A change loosens what judges it: the configuration or the baseline.

            ## What it does

            With `--diff-base REF`, compares the configuration and the baseline with those of the base revision. Reports each key that lets more pass:
            more ignores and excludes, fewer selected rules, a lower profile, severity or gate condition, a higher `fail-on`, files given another role,
            a configuration that is gone; entries added to the baseline, and lower numbers in the coverage ratchet. It cannot be switched off, for the
            change could do so itself. If the base has a `[gate]`, the condition `findings.weakened-gate` fails; `weakened-gate = 1` in the gate of the base
            lets one pass. New inline suppressions, options of rules and `guards` are told as info, and do not count.

            ## Why is this bad

            A pull request that adds `"payments/**" = ["ALL"]` passes every gate, and nobody sees why.

            ## Example

            ```toml
            [tool.backend-lint]
            ignore = ["blocking-call-in-async"]  # new in this change
            ```

            ## Use instead

            ```sh
            backend-lint --diff-base origin/main --config-from origin/main  # the base judges
            ```

            ## When this is wrong

            The team has agreed on the new rules: merge it, and the finding is gone.
            """,
        ),
        _engine_card(
            "unknown-suppression",
            Severity.WARNING,
            """A suppression names a rule that does not exist.

            ## What it does

            Reports an inline `backend-lint: ignore[...]` with a name that is no rule's.

            ## Why is this bad

            It silences nothing, though it looks as if it did.

            ## Example

            ```python
            requests.get(url)  # backend-lint: ignore[outbound-call-without-timeuot] the session's adapter sets one
            ```

            ## Use instead

            ```python
            requests.get(url)  # backend-lint: ignore[outbound-call-without-timeout] the session's adapter sets one
            ```

            ## When this is wrong

            Where a rule of an organisation is installed on some machines only: install it on all of them.
            """,
        ),
        _engine_card(
            "unused-suppression",
            Severity.WARNING,
            """A suppression silences nothing.

            ## What it does

            Reports an inline `backend-lint: ignore[...]` where the rule ran and found nothing.

            ## Why is this bad

            The code was mended or moved; the suppression that stayed will hide the next mistake on that line.

            ## Example

            ```python
            requests.get(url, timeout=5)  # backend-lint: ignore[outbound-call-without-timeout] the session's adapter sets one
            ```

            ## Use instead

            ```python
            requests.get(url, timeout=5)
            ```

            ## When this is wrong

            Where a finding depends on files that are not always checked; check the whole project.
            """,
        ),
    )
}
