"""The tables of the README out of what the benchmarks wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"
_MARKS = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end measured -->)", re.DOTALL)
_WEAKNESSES = ("SQL injection", "command injection", "SSRF", "JWT", "deserialisation", "TLS verification")
"""Those that the README speaks of; all of them stand in security-peers.md."""


def filled(text: str) -> str:
    """A page with its tables between their marks as the results have them now."""
    return _MARKS.sub(lambda match: match[1] + _TABLES[match[2]]() + match[3], text)


def _peers() -> str:
    result = _read("security_peers")
    tools = list(next(iter(result["classes"].values()))["both"])
    lines = [f"| found, with false alarms | {' | '.join(tools)} |\n", f"| --- |{' ---: |' * len(tools)}\n"]
    for weakness in _WEAKNESSES:
        counts = result["classes"][weakness]["both"]
        cells = [f"{counts[tool][0]} of {counts[tool][1]}, {counts[tool][2]}" for tool in tools]
        lines.append(f"| {weakness} | {' | '.join(cells)} |\n")
    return "".join(lines)


def _speed() -> str:
    rows = [row for row in _read("speed")["measured"]["tables"] if "package" in row]
    wanted = ("lines", "cold CPU", "cold / ruff", "bandit / cold", "warm wall", "ruff warm wall", "peak memory")
    lines = [f"| package | {' | '.join(wanted)} |\n", f"| --- |{' ---: |' * len(wanted)}\n"]
    lines += [f"| {row['package']} | {' | '.join(row[name] for name in wanted)} |\n" for row in rows]
    return "".join(lines)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


_TABLES = {"peers": _peers, "speed": _speed}
