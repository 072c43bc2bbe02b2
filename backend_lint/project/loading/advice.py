"""The smallest change of a query that loads what its rows are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backend_lint.project.loading.eager import Path
from backend_lint.project.schema.mapping import ClassKey, Framework

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.lazy import Missing


def eager_calls(project: Project, rows: Rows, missing: Iterable[Missing]) -> str:
    """What to put behind the query: ``.select_related("author__publisher")``, ``.options(selectinload(User.orders))``."""
    wanted = {one.path: one for one in missing}
    if rows.framework is Framework.DJANGO:
        single = _longest([path for path, one in wanted.items() if not (one.many or one.behind_many)])
        several = _longest([path for path, one in wanted.items() if one.many or one.behind_many])
        calls = [(name, paths) for name, paths in (("select_related", single), ("prefetch_related", several)) if paths]
        return "".join(f".{name}({', '.join(_quoted(path) for path in paths)})" for name, paths in calls)
    options = [_option(project, rows.model, path, wanted) for path in _longest(list(wanted))]
    return f".options({', '.join(options)})"


def cure_of(project: Project, rows: Rows, missing: Sequence[Missing]) -> tuple[str, str]:
    """What to put behind the query, and the whole advice: where only the key of a relation is read, the row itself has it (``book.author_id``)."""
    paths = [one.path for one in missing]
    keys = [one for one in missing if one.read.key and one.path in _longest(paths)]
    rest = [one for one in missing if one not in keys]
    own = " and ".join(f"`{'.'.join((*one.path[:-1], one.read.key))}`" for one in keys)
    if not rest:
        return "", f"only {'its key is' if len(keys) == 1 else 'their keys are'} read; read {own} instead"
    calls = eager_calls(project, rows, rest)
    return calls, f"the query does not load {'it' if len(paths) == 1 else 'them'}; add `{calls}`" + (f"; read {own} where only the key is read" if own else "")


def loaders(calls: str) -> tuple[str, ...]:
    """What an addition of `eager_calls` needs imported."""
    return tuple(f"sqlalchemy.orm:{name}" for name in ("joinedload", "selectinload") if f"{name}(" in calls)


def _longest(paths: Sequence[Path]) -> list[Path]:
    """Those that are not on the way to another."""
    return [path for path in paths if not any(len(other) > len(path) and other[: len(path)] == path for other in paths)]


def _quoted(path: Path) -> str:
    return '"' + "__".join(path) + '"'


def _option(project: Project, model: ClassKey, path: Path, wanted: dict[Path, Missing]) -> str:
    text = ""
    at: ClassKey | None = model
    for length, name in enumerate(path, 1):
        mapped = project.schema.mapped.get(at) if at is not None else None
        relation = mapped.relationships.get(name) if mapped is not None else None
        known = wanted.get(path[:length])
        many = known.many if known is not None else relation is not None and relation.many
        call = f"{'selectinload' if many else 'joinedload'}({mapped.name if mapped is not None else '...'}.{name})"
        text = f"{text}.{call}" if text else call
        at = relation.target if relation is not None else None
    return text
