"""What ``--statistics`` and ``--timings`` say on standard error."""

from __future__ import annotations

from collections import Counter

from backend_lint.engine.result import Result


def statistics(result: Result) -> str:
    """Findings and unanswered questions by rule, most findings first; then what was suppressed."""
    counts = Counter(one.finding.rule for one in result.findings)
    names = sorted({*counts, *(name for name, times in result.unknown.items() if times)}, key=lambda name: (-counts[name], name))
    rows = [("findings", "unknown", "severity", "rule")]
    for name in names:
        severities = {one.finding.severity for one in result.findings if one.finding.rule == name}
        severity = "/".join(sorted(severities)) or (str(result.cards[name].severity) if name in result.cards else "")
        rows.append((str(counts[name]), str(result.unknown.get(name, 0)), severity, name))
    lines = [f"{found:>8}  {unknown:>7}  {severity:<8} {rule}" for found, unknown, severity, rule in rows]
    lines.append(f"{len(result.findings):>8}  findings in {result.files} files, {result.lines} lines")
    lines.append(f"{result.suppressed_inline:>8}  suppressed in the code")
    lines.append(f"{result.suppressed_baseline:>8}  in the baseline")
    lines.append(f"{len(result.unchecked):>8}  not checked")
    if result.not_understood:
        lines.append(f"{len(result.not_understood):>8}  statements not understood (-v names them)")
    return "\n".join(lines)


def timings(result: Result) -> str:
    """CPU seconds of the stages in their order, then of the rules, slowest first; then the wall time."""
    stages = [one for one in result.timings if not one.name.startswith("rule ")]
    rules = sorted((one for one in result.timings if one.name.startswith("rule ")), key=lambda one: (-one.seconds, one.name))
    lines = ["CPU seconds"]
    lines += [f"{one.seconds:>10.3f}  {one.name}" for one in (*stages, *rules)]
    lines.append(f"{result.seconds:>10.3f}  wall time of the run")
    return "\n".join(lines)
