"""Coverage joined with the code: which handlers of errors never ran, what a configuration hides, and how it is put into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from backend_lint.facts.coverage import FileCoverage, Measured
from backend_lint.facts.python import Body, Function, Handler
from backend_lint.project import Project, SourceModule

_ORDINARY = (
    "        except ValueError as error:",
    "        raise ValueError(message)",
    "        return result",
    "    def create(self, order):",
    "        if order.paid:",
    "        for order in orders:",
)
"""Lines that do what a service is there for; an exclusion that matches one of them hides code."""
ENTRY_MODULES = frozenset({"wsgi.py", "asgi.py", "__main__.py", "manage.py", "conftest.py"})
"""Files that a server or a command starts from: a test has no reason to import them."""


def of_backend(project: Project) -> dict[str, FileCoverage]:
    """The measured files that rules speak of: those of Python where the project is in Python, since a front end beside it has floors of its own, else all."""
    files = project.coverage.files
    return {path: file for path, file in files.items() if path in project.modules} if project.modules else dict(files)


def sum_of(known: Measured, files: Iterable[FileCoverage]) -> tuple[int, int]:
    """What files have covered, and what they have, as their tools count."""
    units = [known.units(file) for file in files]
    return sum(covered for covered, _ in units), sum(whole for _, whole in units)


def branches_of(known: Measured) -> tuple[int, int]:
    """How many ways out of branches tests take, and how many there are."""
    return sum(file.branches_taken for file in known.files.values()), sum(file.branches_all for file in known.files.values())


def shown(percent: float) -> str:
    """A percentage for a message, cut after two digits and never rounded up; what is judged is the whole number.

    >>> shown(84.999), shown(50.0)
    ('84.99', '50')
    """
    return f"{int(percent * 100) / 100:g}"


def spans(lines: Iterable[int], most: int = 8) -> str:
    """Lines as text, neighbours joined.

    >>> spans([3, 4, 5, 9]), spans([7])
    ('lines 3-5, 9', 'line 7')
    """
    ordered = sorted(lines)
    runs: list[list[int]] = []
    for line in ordered:
        if runs and runs[-1][1] == line - 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:most]]
    more = f" and {len(runs) - most} more places" if len(runs) > most else ""
    return f"line{'s' if len(ordered) > 1 else ''} {', '.join(shown)}{more}"


def untaken(file: FileCoverage, line: int) -> str:
    """What no test did on a line that ran; empty if every way out of it was taken."""
    taken, ways = file.branches.get(line, (0, 0))
    if taken >= ways:
        return ""
    places = [f"line {place}" if place.isdigit() else "the end of the function" if place == "exit" else place for place in file.untaken.get(line, ())]
    if places and len(places) == ways - taken and not any(place.startswith("jump") for place in places):
        return f"never goes to {' or '.join(places[:4])}"
    return f"took {taken} of {ways} ways"


class ErrorPath(NamedTuple):
    """An ``except`` clause whose protected code ran and that itself never did."""

    function: int
    head: Function
    body: Body
    handler: Handler
    lines: tuple[int, ...]
    """Its executable lines; the clause itself is none of them."""


def unexecuted_handlers(module: SourceModule, file: FileCoverage) -> Iterator[ErrorPath]:
    """The error paths of a module that no test took, though the code that they guard ran."""
    if "except" not in module.facts.features:
        return
    for index, (head, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
        for handler in body.handlers:
            clause, guarded = body.blocks[handler.block], body.blocks[handler.protected]
            lines = tuple(line for line in range(handler.line, clause.end_line + 1) if line in file.lines)
            inside = [line for line in lines if line > handler.line]
            ran = any(file.lines.get(line) for line in range(guarded.line, guarded.end_line + 1))
            if ran and inside and not any(file.lines[line] for line in inside):
                yield ErrorPath(index, head, body, handler, tuple(inside))


def hides_ordinary_code(pattern: str) -> str | None:
    """An ordinary line of code that an exclusion of coverage.py matches, empty if it matches none; None if RE2 does not know it, or is not installed."""
    try:
        import re2
    except ImportError:  # `re` would need exponential time for what a checked project may write
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern[:500], options)
    except re2.error:
        return None
    return next((line.strip() for line in _ORDINARY if compiled.search(line)), "")


def never_ran(module: SourceModule, function: int, file: FileCoverage) -> tuple[int, ...]:
    """The executable lines of a function's body if none of them ran; empty if one did, or if that is not known: a body on the line of its ``def``."""
    head = module.functions[function]
    lines = tuple(line for line in range(head.body_line, head.end_line + 1) if line in file.lines)
    return lines if head.body_line > head.line and lines and not any(file.lines[line] for line in lines) else ()
