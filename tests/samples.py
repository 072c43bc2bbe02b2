"""The samples of rules, as the tests see them: laid out as a small project of their own and run through the real engine.

``fixtures/FAMILY/RULE-NAME/`` holds ``bad.py``, ``good.py`` and, for a rule with a fix, ``fixed.py``; more of each with a suffix (``good_retry.py``,
``bad_session.py`` with ``fixed_session.py``), or whole projects in folders ``bad/``, ``good/``, ``fixed/``. Marks say what must be reported:
``# expect: rule-name`` at the end of a line, several with commas; ``# evidence: rule-name`` on the other side of a join; ``-- expect:`` in SQL;
``expect.txt`` beside the files of a folder, with lines ``path:line rule-name``, where no comment can stand. What lies in a folder
``base`` is committed first, and the rest is checked against it.

Marks are removed before the engine sees the text: a comment must not change what a rule thinks of a line.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from backend_lint.config import Settings
from backend_lint.config_load import Request, load
from backend_lint.engine.result import Reported, Result
from backend_lint.engine.run import run
from backend_lint.registry import Registry

TREE = Path(__file__).resolve().parent.parent
FIXTURES = TREE / "fixtures"
SINGLE = "app/sample"
"""Where a sample of one file lies in its project, without the suffix."""

_NAMES = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_MARK = re.compile(rf"[ \t]*(?:#|--|//)[ \t]*(expect|evidence):[ \t]*({_NAMES}(?:[ \t]*,[ \t]*{_NAMES})*)[ \t]*(?=$|#|--|//)", re.MULTILINE)
_LISTED = re.compile(rf"(?P<path>.+):(?P<line>\d+)[ \t]+(?P<rule>{_NAMES})")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"^(?:#|--|//) path: (\S+)\n", re.MULTILINE)
_SUFFIXES = {"": ".py", "python": ".py", "py": ".py", "sql": ".sql", "yaml": ".yaml", "toml": ".toml"}


@dataclasses.dataclass(frozen=True)
class Sample:
    """A file or a folder below ``fixtures/FAMILY/RULE-NAME``; `kind` is ``bad``, ``good`` or ``fixed``."""

    family: str
    rule: str
    kind: str
    path: Path

    @property
    def id(self) -> str:
        return f"{self.family}/{self.rule}/{self.path.name}"

    @property
    def fixed(self) -> Path:
        """Where the mended twin of a bad sample lies, whether there is one or not."""
        return self.path.with_name("fixed" + self.path.name.removeprefix("bad"))


@dataclasses.dataclass(frozen=True)
class Marks:
    """What a sample says must be reported: (path, line, rule), an entry for each finding; and where evidence must point."""

    expected: tuple[tuple[str, int, str], ...]
    evidence: tuple[tuple[str, int, str], ...]


def samples(*kinds: str) -> list[Sample]:
    """All samples of some kinds, in a stable order."""
    found = []
    for path in sorted(FIXTURES.glob("*/*/*")):
        kind = re.split(r"[._]", path.name)[0]
        if kind in kinds and (path.is_dir() or path.suffix):
            found.append(Sample(path.parent.parent.name, path.parent.name, kind, path))
    return found


def lay_out(sample: Path, root: Path) -> Marks:
    """Write a sample without its marks below `root`, and return the marks. Raises ValueError for an ``expect.txt`` that cannot be read."""
    expected: list[tuple[str, int, str]] = []
    evidence: list[tuple[str, int, str]] = []
    for source, name in files(sample):
        # latin-1 keeps every byte, whatever the encoding of the sample
        text = source.read_bytes().decode("latin-1")
        if name == "expect.txt":
            expected += _listed(text)
            continue
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
            for kind, rules in _MARK.findall(line):
                (expected if kind == "expect" else evidence).extend((name, number, rule.strip()) for rule in rules.split(","))
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_MARK.sub("", text).encode("latin-1"))
    return Marks(tuple(sorted(expected)), tuple(sorted(set(evidence))))


def contents(root: Path) -> dict[str, str]:
    """The text of every file below `root`, by its path."""
    return {path.relative_to(root).as_posix(): path.read_bytes().decode("latin-1") for path in sorted(root.rglob("*")) if path.is_file()}


@functools.cache
def registry() -> Registry:
    """Our own rules; what else is installed on a machine does not matter to these tests."""
    return Registry.load(entry_points=False)


def settings(root: Path, **changes: object) -> Settings:
    """Every rule switched on, one process, no cache; of a configuration in the sample what it declares of the architecture, and its targets."""
    if (root / "pyproject.toml").is_file():
        declared = load(Request(cwd=root)).settings
        changes = {"layers": declared.layers, "contracts": declared.contracts, "config_file": declared.config_file, "gate": declared.gate, **changes}
    return Settings(root=root, profile="all", cache=False, jobs=1, **changes)  # type: ignore[arg-type]


def _commit_base(root: Path) -> None:
    """What lies in ``base/`` becomes the revision that the rest of the sample is compared with."""
    base = root / "base"
    files = contents(base)
    shutil.rmtree(base)
    rest = {name: (root / name).read_bytes() for name in contents(root)}
    for name in rest:
        (root / name).unlink()
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode("latin-1"))
    who = ("-c", "user.name=sample", "-c", "user.email=sample@localhost", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "base")):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    for name in files:
        (root / name).unlink()
    for name, data in rest.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def check(root: Path) -> Result:
    """What all rules say of the project at `root`; of one with a folder ``base`` what they say against that revision."""
    if (root / "base").is_dir():
        _commit_base(root)
        return run(settings(root, diff_base="HEAD"), registry())
    return run(settings(root), registry())


def reported(result: Result, rules: Sequence[str]) -> tuple[tuple[str, int, str], ...]:
    """The findings of some rules as (path, line, rule)."""
    return tuple(sorted((one.finding.path, one.finding.line, one.finding.rule) for one in result.findings if one.finding.rule in rules))


def show(findings: Sequence[Reported]) -> str:
    """Findings for a failure message."""
    return "\n".join(f"  {one.finding.path}:{one.finding.line} {one.finding.rule}: {one.finding.message}" for one in findings) or "  nothing"


def sections(page: str) -> dict[str, str]:
    """The text below each ``## heading`` of a rule's page, in order; fenced blocks may hold lines that look like headings."""
    fenced = [match.span() for match in _BLOCK.finditer(page)]
    heads = [match for match in _HEADING.finditer(page) if not any(start <= match.start() < end for start, end in fenced)]
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return {head[1].strip(): page[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)}


def example_files(section: str) -> dict[str, str]:
    """The files that the fenced blocks of a section stand for.

    A line ``# path: app/views.py`` starts a new file; a block without one is ``app/sample.py`` (with the suffix of its language).
    """
    files: dict[str, str] = {}
    for language, block in _BLOCK.findall(section):
        parts = _PATH.split(block)
        if parts[0].strip():
            name = SINGLE + _SUFFIXES[language]
            files[name] = files.get(name, "") + parts[0]
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            files[name] = files.get(name, "") + text
    return files


def files(sample: Path) -> Iterator[tuple[Path, str]]:
    """The files of a sample, and their names in the project that it stands for."""
    if sample.is_file():
        yield sample, SINGLE + sample.suffix
        return
    for path in sorted(sample.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path, path.relative_to(sample).as_posix()


def _listed(text: str) -> Iterator[tuple[str, int, str]]:
    for line in text.splitlines():
        if line.strip():
            match = _LISTED.fullmatch(line.strip())
            if match is None:
                raise ValueError(f"expect.txt: {line!r} is not 'path:line rule-name'")
            yield match["path"], int(match["line"]), match["rule"]
