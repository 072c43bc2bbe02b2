"""Files that are almost right: bytes of real files, cut, doubled, spliced, turned round. Every reader and every rule must survive them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence

_LARGEST = 200_000
_ODD = (
    b"\0",
    b"\r",
    b"\x0c",
    b"\xff",
    b"\xef\xbb\xbf",
    "\u202e".encode(),
    "\u2028".encode(),
    "é".encode(),
    b"\\",
    b"'",
    b'"',
    b'"""',
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"%s",
    b"${",
    b"{{",
    b"}}",
    b"{%",
    b"<!--",
    b"--",
    b"/*",
    b"*/",
    b"#",
    b"\n",
    b"\t",
    b":",
    b";",
    b"$$",
    b"`",
    b"@",
    b"*",
    b"**",
    b"lambda: ",
    b"await ",
    b"9" * 400,
    b"-1",
    b"1e999",
    b"None",
    b"not ",
    b"...",
    b"&a ",
    b"*a ",
    b"- ",
    b"<<: ",
    b"!!python/object:",
    b"~",
)
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """One to four changes of `data`; `others` are what it may be spliced with."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 4))):
        data = chance.choice(_CHANGES)(data, others, chance)[:_LARGEST]
    return data


def mutated_projects(projects: Mapping[str, Mapping[str, bytes]], seed: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Without end: each time one of `projects` (name -> path -> bytes) with about half of its files changed."""
    chance = random.Random(seed)
    names = sorted(projects)
    by_suffix: dict[str, list[bytes]] = {}
    for name in names:
        for path, data in projects[name].items():
            by_suffix.setdefault(path.rpartition(".")[2], []).append(data)
    while True:
        name = chance.choice(names)
        files = dict(projects[name])
        for path in sorted(files):
            if len(files) == 1 or chance.random() < 0.5:
                files[path] = mutated(files[path], by_suffix[path.rpartition(".")[2]], chance)
        yield name, files


def _span(data: bytes, chance: random.Random, most: int = 400) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.randrange(1, most))


def _cut(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _double(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 1, 2, 40)) + data[end:]


def _move(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    rest = data[:start] + data[end:]
    place = chance.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def _insert(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(_ODD) * chance.choice((1, 1, 1, 3, 300)) + data[place:]


def _flip(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _splice(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    start, end = _span(other, chance)
    place = chance.randrange(len(data) + 1)
    return data[:place] + other[start:end] + data[place:]


def _truncate(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _line(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A line of another place or file, with this place's indentation: it still parses more often than not."""
    lines = data.splitlines(keepends=True)
    source = chance.choice((data, chance.choice(others))).splitlines(keepends=True)
    if not lines or not source:
        return data
    place = chance.randrange(len(lines))
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    line = indent + chance.choice(source).lstrip()
    return b"".join((*lines[:place], line, *lines[place + chance.randrange(2) :]))


def _rename(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A word becomes another word of the file: names meet what they never stood for."""
    words = _WORD.findall(data)
    if not words:
        return data
    old, new = chance.choice(words), chance.choice(words)
    return re.sub(rb"\b" + re.escape(old) + rb"\b", lambda _: new, data, count=chance.choice((0, 1)))


_CHANGES = (_cut, _double, _move, _insert, _flip, _splice, _truncate, _line, _line, _line, _rename, _rename, _rename)
