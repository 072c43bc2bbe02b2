"""XML reports: Cobertura, which coverage.py and many others write, and JaCoCo. Read as a stream; a document that declares entities is refused."""

from __future__ import annotations

import re
from xml.parsers import expat

from backend_lint.facts.coverage import CoverageReport, FileCoverage
from backend_lint.readers.coverage.records import Records, UnreadableError, hit_count, line_number

_CONDITION = re.compile(r"\s*\d{1,3}(?:\.\d+)?%\s*\((\d{1,6})/(\d{1,6})\)")
_MAX_DEPTH = 30
_CHUNK = 1 << 16
_MAX_TAG = 2_000_000
Attributes = dict[str, str]


class _Reader:
    """What the two formats share: the way down to an element."""

    combined = False

    def __init__(self) -> None:
        self.records = Records()
        self.open: list[str] = []
        self.branches = False
        self.roots: list[str] = []

    def start(self, name: str, given: Attributes) -> None:
        raise NotImplementedError

    def end(self, name: str) -> None:
        raise NotImplementedError

    def text(self, text: str) -> None:
        """Text between tags."""


class _Cobertura(_Reader):
    format = "Cobertura XML"

    def __init__(self) -> None:
        super().__init__()
        self.path = ""
        self.kind = ""
        self.kinds: dict[str, set[str]] = {}
        self.lines: dict[int, int] = {}
        self.ways: dict[int, tuple[int, int]] = {}
        self.untaken: dict[int, tuple[str, ...]] = {}

    def comment(self, text: str) -> None:
        if "coverage.py" in text:
            self.format, self.combined = "coverage.py XML", True

    def start(self, name: str, given: Attributes) -> None:
        if name == "class":
            self.path, self.kind = given.get("filename", "").replace("\\", "/"), given.get("name", "")
            self.lines, self.ways, self.untaken = {}, {}, {}
        elif name == "source":
            self.roots.append("")
        elif name == "line" and self.open[-2:] == ["class", "lines"]:
            self._line(given)

    def _line(self, given: Attributes) -> None:
        self.records.count()
        number, hits = line_number(int(given["number"])), hit_count(int(given["hits"]))
        self.lines[number] = min(hits, self.lines.get(number, hits))
        if given.get("branch", "").lower() == "true" and (match := _CONDITION.match(given.get("condition-coverage", ""))):
            taken, ways = int(match[1]), int(match[2])
            if taken > ways:
                raise ValueError(f"line {number} took {taken} of {ways} branches")
            before = self.ways.get(number, (taken, ways))
            self.ways[number] = (min(taken, before[0]), max(ways, before[1]))
            self.branches = True
            if missing := given.get("missing-branches", ""):
                self.untaken[number] = tuple(missing[:1000].split(","))

    def text(self, text: str) -> None:
        if self.open[-1:] == ["source"] and len(self.roots) < 100:
            self.roots[-1] = (self.roots[-1] + text.strip())[:4096]

    def end(self, name: str) -> None:
        if name == "class" and self.open[-1:] == ["classes"]:
            kinds = self.kinds.setdefault(self.path, set())
            # inner classes of Java and C# are classes of one file; coverage.py names a file once
            part = not self.combined and self.kind not in kinds
            kinds.add(self.kind)
            self.records.add(FileCoverage(self.path, self.lines, self.ways, self.untaken), part)


class _JaCoCo(_Reader):
    format = "JaCoCo XML"

    def __init__(self) -> None:
        super().__init__()
        self.package = ""
        self.path = ""
        self.lines: dict[int, int] = {}
        self.ways: dict[int, tuple[int, int]] = {}

    def start(self, name: str, given: Attributes) -> None:
        if name == "package":
            self.package = given.get("name", "")
        elif name == "sourcefile":
            self.path, self.lines, self.ways = f"{self.package}/{given['name']}".lstrip("/"), {}, {}
        elif name == "line" and self.open[-1:] == ["sourcefile"]:
            self.records.count()
            number = line_number(int(given["nr"]))
            hits = hit_count(int(given["ci"]))
            self.lines[number] = min(hits, self.lines.get(number, hits))
            missed, taken = int(given.get("mb", "0")), int(given.get("cb", "0"))
            if missed < 0 or taken < 0:
                raise ValueError(f"line {number} has a negative count")
            if missed + taken:
                self.ways[number] = (taken, missed + taken)
                self.branches = True

    def end(self, name: str) -> None:
        if name == "sourcefile":
            self.records.add(FileCoverage(self.path, self.lines, self.ways))


def read_xml(data: bytes) -> CoverageReport:
    """Raises UnreadableError or ValueError."""
    reader: _Reader | None = None
    comments: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, given: Attributes) -> None:
        nonlocal reader
        if reader is None:
            if name not in ("coverage", "report"):
                raise UnreadableError(f"is XML with the root <{name[:40]}>, neither Cobertura's <coverage> nor JaCoCo's <report>")
            reader = _Cobertura() if name == "coverage" else _JaCoCo()
        if len(reader.open) >= _MAX_DEPTH:
            raise UnreadableError("is nested deeper than any report")
        reader.start(name, given)
        reader.open.append(name)

    def end(name: str) -> None:
        if reader is not None:
            reader.open.pop()
            reader.end(name)

    def comment(text: str) -> None:
        if len(comments) < 10:
            comments.append(text[:200])
            if isinstance(reader, _Cobertura):
                reader.comment(text[:200])

    def refuse(*_: object) -> None:
        raise UnreadableError("declares XML entities: no coverage tool does that")

    parser.StartElementHandler, parser.EndElementHandler, parser.CommentHandler = start, end, comment
    parser.CharacterDataHandler = lambda text: reader.text(text) if reader is not None else None
    parser.EntityDeclHandler = refuse
    try:
        for at in range(0, len(data), _CHUNK):
            parser.Parse(data[at : at + _CHUNK], False)
            # what the parser holds back is a tag that has not ended
            if at + _CHUNK - parser.CurrentByteIndex > _MAX_TAG:
                raise UnreadableError(f"has a tag of more than {_MAX_TAG:,} bytes")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError(f"is no whole XML document: {error}") from None
    if reader is None:
        raise UnreadableError("is empty")
    name = getattr(reader, "format", "XML")
    roots = tuple(root for root in reader.roots if root)
    return CoverageReport(name, tuple(reader.records.files.values()), reader.branches, reader.combined, roots, doubtful=tuple(reader.records.doubtful))
