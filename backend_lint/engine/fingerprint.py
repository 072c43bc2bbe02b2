"""Identity of a finding that holds while the rest of its file is edited: what the baseline and the comparison with a base revision go by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from backend_lint.api import Finding

_LINES = 3


def anchor(finding: Finding, lines: Sequence[str] | None, path: str | None = None) -> str:
    """A digest of rule, path, symbol and the finding's first lines with white space folded; its message where there are no lines. Equal findings share it.

    At most three lines count, so that a finding on a whole function holds while its body is edited. `path`: what the file was called, if that is asked.
    """
    first = finding.line - 1
    if lines is not None and 0 <= first < len(lines):
        taken = lines[first : min(max(finding.end_line, finding.line), finding.line + _LINES - 1)]
        text = " ".join(" ".join(taken).split())
    else:
        text = finding.message
    key = "\0".join((finding.rule, finding.path if path is None else path, finding.symbol, text))
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def fingerprints(anchors: Iterable[str]) -> list[str]:
    """32 hexadecimal characters for each finding of a file, given in the order of their places: equal anchors are told apart by their number."""
    seen: dict[str, int] = {}
    result = []
    for digest in anchors:
        number = seen[digest] = seen.get(digest, 0) + 1
        result.append(digest if number == 1 else hashlib.blake2b(f"{digest}\0{number}".encode(), digest_size=16).hexdigest())
    return result
