"""``backend-lint new-rule FAMILY NAME``: a rule that loads, its samples, and nothing else to edit."""

from __future__ import annotations

import keyword
import re
import textwrap
from pathlib import Path

import click

from backend_lint import __version__
from backend_lint.lazy_regex import lazy_regex

_WORD = lazy_regex(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_PACKAGES = lazy_regex(r"^packages = \[\n(?P<entries>(?:[ \t]+\"[\w.]+\",\n)*)\]", re.MULTILINE)

BLANK = "FILL IN"
"""What the author has to replace; the tests of a clone say where it still stands."""

_PAGE = '''\
"""{blank}: what is wrong, in one sentence.

## What it does

{blank}

## Why is this bad

{blank}

## Example

```python
# path: app/service.py
def {function}() -> None:
    raise NotImplementedError  # {blank}: code that must be reported
```

## Use instead

```python
# path: app/service.py
def {function}() -> None:
    return None  # {blank}: the same code, mended
```

## When this is wrong

{blank}: what it cannot see, and which code only looks wrong.

## References

- {blank}
"""
'''

_HEADS = {
    "node": "import ast\nfrom collections.abc import Iterator\n\nfrom backend_lint.api import File, Finding, NodeRule\n",
    "project": "from collections.abc import Iterator\n\nfrom backend_lint.api import Finding, ProjectRule\nfrom backend_lint.project import Project\n",
    "sql": "from collections.abc import Iterator\nfrom typing import Any\n\nfrom backend_lint.api import Finding, SqlRule\n",
    "report": (
        "from collections.abc import Iterator\nfrom typing import Any\n\nfrom backend_lint.api import Finding, ReportRule\n"
        "from backend_lint.facts.report import Report\n"
    ),
    "cst": (
        "from collections.abc import Iterator\nfrom typing import TYPE_CHECKING\n\nfrom backend_lint.api import CstRule, File, Finding\n\n"
        "if TYPE_CHECKING:\n    import libcst\n"
    ),
}
_BASES = {"node": "NodeRule[ast.Call]", "project": "ProjectRule", "sql": "SqlRule", "report": "ReportRule", "cst": "CstRule"}
_CARD_LINES = {"node": "nodes = (ast.Call,)\n", "cst": 'triggers = (b"FILL IN",)\n', "report": 'reports = ("FILL IN",)\n'}
_METHODS = {
    "node": "def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:",
    "project": "def check(self, project: Project) -> Iterator[Finding]:",
    "sql": "def statement(self, statement: Any, project: Any) -> Iterator[Finding]:",
    "report": "def judge(self, report: Report, project: Any) -> Iterator[Finding]:",
    "cst": "def visit_module(self, module: libcst.Module, file: File) -> Iterator[Finding]:",
}
_HINTS = {
    "node": 'yield self.finding(file.path, file.position(node), "what is wrong: what to do", symbol=file.symbol)',
    "project": 'yield self.finding(path, at, "what is wrong: what to do", evidence=[Evidence(path, line, "the other side")])',
    "sql": 'yield self.finding(path, at, "what is wrong: what to do")',
    "report": 'yield self.finding(report.path, at, "what is wrong: what to do")',
    "cst": 'yield self.finding(file.path, at, "what is wrong: what to do", symbol=file.symbol)',
}
_BAD = "def {function}() -> None:\n    raise NotImplementedError  # expect: {name}\n"
_GOOD = "def {function}() -> None:\n    return None\n"


def rule_source(name: str, kind: str) -> str:
    """The text of a new rule's file; `name` is its kebab name."""
    function = name.replace("-", "_")
    class_name = "".join(word.capitalize() for word in name.split("-"))
    page = textwrap.indent(_PAGE.format(blank=BLANK, function=function), "    ", lambda line: line.strip() != "")
    since = ".".join(__version__.split(".")[:2])
    return (
        f"from __future__ import annotations\n\n{_HEADS[kind]}\n\nclass {class_name}({_BASES[kind]}):\n{page}\n"
        f'    severity, precision, since = "warning", "medium", "{since}"\n    profile = "all"\n'
        f"{textwrap.indent(_CARD_LINES.get(kind, ''), '    ')}\n"
        f"    {_METHODS[kind]}\n        # {BLANK}: {_HINTS[kind]}\n        yield from ()\n"
    )


def write(rules_dir: Path, family: str, name: str, kind: str) -> list[Path]:
    """Write a rule and its samples, and enter a new family in the list of packages where there is one.

    Returns what was written. Raises FileExistsError rather than overwrite anything.
    """
    folder = rules_dir / family.replace("-", "_")
    samples = rules_dir.parent / "fixtures" / family.replace("_", "-") / name
    texts = {
        folder / f"{name.replace('-', '_')}.py": rule_source(name, kind),
        samples / "bad.py": _BAD.format(function=name.replace("-", "_"), name=name),
        samples / "good.py": _GOOD.format(function=name.replace("-", "_")),
    }
    for path in texts:
        if path.exists():
            raise FileExistsError(path)
    if not (folder / "__init__.py").exists():
        texts[folder / "__init__.py"] = f'"""{BLANK}: what the rules of this family are about."""\n'
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    written = list(texts)
    pyproject = rules_dir.parent / "pyproject.toml"
    if _is_clone(rules_dir.parent) and (listed := with_package(pyproject.read_text(encoding="utf-8"), f"backend_lint.rules.{folder.name}")):
        pyproject.write_text(listed, encoding="utf-8", newline="\n")
        written.append(pyproject)
    return written


def with_package(pyproject: str, package: str) -> str | None:
    """The text of pyproject.toml with one more package in setuptools' list, in order; None if it is there already or there is no such list.

    >>> with_package('packages = [\\n    "a",\\n    "c",\\n]', "b")
    'packages = [\\n    "a",\\n    "b",\\n    "c",\\n]'
    """
    match = _PACKAGES.search(pyproject)
    if match is None:
        return None
    entries = match["entries"].splitlines(keepends=True)
    line = f'    "{package}",\n'
    if line in entries:
        return None
    return pyproject[: match.start("entries")] + "".join(sorted([*entries, line])) + pyproject[match.end("entries") :]


def _is_clone(folder: Path) -> bool:
    return (folder / "backend_lint" / "api.py").is_file() and (folder / "pyproject.toml").is_file()


def _checked(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not _WORD.fullmatch(value) or keyword.iskeyword(value):
        raise click.BadParameter(f"{value!r} is no {parameter.name} name: lower-case words joined by dashes, such as 'unindexed-filter'")
    return value.replace("_", "-")


@click.command("new-rule", short_help="Write a new rule and its samples.")
@click.argument("family", callback=_checked)
@click.argument("name", callback=_checked)
@click.option("--kind", type=click.Choice(sorted(_BASES)), default="node", show_default=True, help="What the rule looks at.")
@click.option(
    "--rules-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder with rules of your own; samples go to `fixtures` beside it. Without it: the clone of backend-lint around the working directory.",
)
def command(family: str, name: str, kind: str, rules_dir: Path | None) -> None:
    """Write the rule NAME of FAMILY with its samples; nothing else needs an edit.

    The rule loads at once and reports nothing: its samples and its page are what the tests ask for next.
    """
    if rules_dir is None:
        here = Path.cwd()
        clone = next((folder for folder in (here, *here.parents) if _is_clone(folder)), None)
        if clone is None:
            raise click.UsageError("this is no clone of backend-lint: name a folder for rules of your own with --rules-dir DIR")
        rules_dir = clone / "rules"
    try:
        written = write(rules_dir, family, name, kind)
    except FileExistsError as error:
        raise click.UsageError(f"{error} is there already: take another name, or edit it") from None
    except OSError as error:
        raise click.UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"Next: replace every {BLANK!r}, mark what must be reported in bad.py with `# expect: {name}`, then run the tests.", err=True)
