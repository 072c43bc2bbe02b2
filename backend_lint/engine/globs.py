"""Globs of the configuration, matched in time that grows with pattern times path and no faster: a checked repository writes them.

They read as lines of a ``.gitignore`` do: without a ``/`` inside they match a name at any depth, else from the project root; a folder's glob matches
all below it; ``*`` and ``?`` stop at ``/``, ``**`` does not; ``[a-z]`` and ``[!a-z]`` are classes; a leading ``!`` takes back what an earlier one matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend_lint.wildcards import fits

_STAR = "*"
_Token = str | tuple[bool, tuple[tuple[str, str], ...]]


def _tokens(pattern: str) -> list[_Token]:
    """A pattern of one name: ``*``, ``?``, characters led by a backslash, and classes as (negated, ranges)."""
    tokens: list[_Token] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        at += 1
        if sign == "*":
            if not tokens or tokens[-1] != _STAR:
                tokens.append(_STAR)
        elif sign == "?":
            tokens.append("?")
        elif sign == "\\" and at < len(pattern):
            tokens.append("\\" + pattern[at])
            at += 1
        elif sign == "[" and (end := pattern.find("]", at + (2 if pattern[at : at + 1] in {"!", "^"} else 1))) > 0:
            negated = pattern[at] in "!^"
            members = pattern[at + negated : end]
            ranges = []
            index = 0
            while index < len(members):
                wide = index + 2 < len(members) and members[index + 1] == "-"
                ranges.append((members[index], members[index + 2] if wide else members[index]))
                index += 3 if wide else 1
            tokens.append((negated, tuple(ranges)))
            at = end + 1
        else:
            tokens.append("\\" + sign)
    return tokens


def _one(token: _Token, sign: str) -> bool:
    if isinstance(token, tuple):
        return any(low <= sign <= high for low, high in token[1]) != token[0]
    return token == "?" or token[1:] == sign


class _Glob:
    def __init__(self, text: str) -> None:
        self.negated = text.startswith("!")
        text = text[self.negated :]
        self.folder = text.endswith("/")
        text = text.strip("/") if text.startswith("/") or "/" in text.rstrip("/") else "**/" + text.rstrip("/")
        self.parts: list[list[_Token] | None] = []
        for part in text.split("/"):
            if part == "**":
                if not self.parts or self.parts[-1] is not None:
                    self.parts.append(None)
            elif part not in ("", "."):
                self.parts.append(_tokens(part))

    def matches(self, parts: list[str]) -> bool:
        """Whether the path or a folder above it matches; the states of all prefixes are kept side by side, so nothing is tried twice."""
        final = len(self.parts)
        states = self._closed({0})
        for index, name in enumerate(parts):
            following = set()
            for state in states:
                if state == final:
                    continue
                wanted = self.parts[state]
                if wanted is None:
                    following.add(state)
                    if state == final - 1:
                        following.add(final)
                elif fits(wanted, name, _STAR, _one):
                    following.add(state + 1)
            states = self._closed(following)
            if final in states and not (self.folder and index == len(parts) - 1):
                return True
            if not states:
                return False
        return False

    def _closed(self, states: set[int]) -> set[int]:
        """``**`` may also stand for nothing, except at the end."""
        for state in sorted(states):
            if state < len(self.parts) - 1 and self.parts[state] is None:
                states.add(state + 1)
        return states


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path (relative to the project root, ``/``) is matched by the globs.

    >>> matcher(["legacy/**/old_*.py", "!legacy/keep"])("legacy/a/b/old_x.py")
    True
    """
    compiled = [_Glob(text.strip()) for text in globs if text.strip()]

    def matches(path: str) -> bool:
        parts = path.split("/")
        found = False
        for glob in compiled:
            if found == glob.negated and glob.matches(parts):
                found = not glob.negated
        return found

    return matches
