"""What a ``.gitignore`` leaves out. Its patterns come from the checked project: matching them must take linear time, or they are not used.

The default engine of pathspec is Python's `re`, which hangs on a line such as ``*a*a*a*a*a*a*a*b``. With google-re2 installed every pattern is linear.
"""

from __future__ import annotations

import importlib.util
import re
import warnings
from typing import TYPE_CHECKING

from backend_lint.engine.bounded_regex import part

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_MOST_STARS = 2
"""In one part of a path."""
_MOST_DEEP = 3
"""Parts that are ``**``."""


_TOKENS = re.compile(
    r"\^|\(\?:\.\+/\)\?|\(\?:/\.\+\)\?|\(\?:\(\?P<ps_d>/\)\|\$\)|\(\?P<ps_d>/\)|\[\^/\][*+]?|/|\\.|\[\^?\]?[^\]]*\]|[^\\\[]", re.DOTALL
)
_ANYWHERE, _BETWEEN = "(?:.+/)?", "(?:/.+)?"
_LAZY = {_ANYWHERE: "(?:.+?/)??", _BETWEEN: "(?:/.+?)??"}
_ENDS = ("(?:(?P<ps_d>/)|$)", "(?P<ps_d>/)")


def specification(text: str) -> tuple[GitIgnoreSpec, list[str]]:
    """The patterns of a file, and those that are left out because nothing at hand matches them in linear time."""
    from pathspec import GitIgnoreSpec

    lines = text.splitlines()
    linear = importlib.util.find_spec("re2") is not None
    left_out = [] if linear else [line for line in lines if not is_simple(line)]
    if left_out:
        lines = [line for line in lines if is_simple(line)]

    def made(lines: list[str]) -> GitIgnoreSpec:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `re`, about patterns of the checked project such as [[a-z]
            return GitIgnoreSpec.from_lines(lines, backend="re2") if linear else GitIgnoreSpec.from_lines(lines, _pattern, backend="simple")

    def is_one(line: str) -> bool:
        try:
            made([line])
        except Exception:  # of pathspec, `re` and `re2`, which share no base
            return False
        return True

    try:
        return made(lines), left_out
    except Exception:
        # a line such as [z-a] matches nothing, as in git, and the others count
        return made([line for line in lines if is_one(line)]), left_out


def _pattern(line: str) -> GitIgnoreSpecPattern:
    """pathspec's pattern with an expression that does not go back."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    made = GitIgnoreSpecPattern(line)
    if made.regex is not None and ("[" in line or "*" in line.lstrip("*")):
        made.regex = re.compile(bounded(made.regex.pattern))
    return made


def bounded(expression: str) -> str:
    """The same expression of pathspec, without going back over ``*`` and ``**`` but the last; classes do not match ``/``, as in git.

    >>> bounded("^(?:.+/)?a(?:/.+)?/b(?:(?P<ps_d>/)|$)")
    '^(?>(?:.+?/)??a(?=/))(?:/.+)?/b(?:(?P<ps_d>/)|$)'
    """
    tokens = _TOKENS.findall(expression)
    if tokens[:1] != ["^"] or "".join(tokens) != expression:
        return expression
    groups: list[tuple[str, str]] = []
    current: list[str] = []
    lead = done = end = ""
    for token in tokens[1:]:
        if token in (_ANYWHERE, _BETWEEN):
            if done or current:
                groups.append((lead, done + part(current)))
            lead, done, current = token, "", []
        elif token in _ENDS:
            end = token
        elif token == "/":
            done, current = f"{done}{part(current)}/", []
        else:
            current.append(f"(?!/){token}" if token.startswith("[") and not token.startswith("[^/]") else token)
    groups.append((lead, done + part(current)))
    found = [f"(?>{_LAZY[lead]}{text}(?=/))" if lead else text for lead, text in groups[:-1]]
    return "".join(("^", *found, *groups[-1], end))


def is_simple(line: str) -> bool:
    """Whether a backtracking engine matches the pattern fast enough.

    >>> is_simple("*.py[cod]"), is_simple("/build/**/*.log"), is_simple("*a*a*a*b")
    (True, True, False)
    """
    parts = line.split("/")
    deep = sum(part == "**" for part in parts)
    return deep <= _MOST_DEEP and all(len(re.findall(r"\*+", part)) <= _MOST_STARS for part in parts)
