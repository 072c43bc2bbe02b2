"""The smallest change of a query that loads what its rows are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from backend_lint.api import Evidence
from backend_lint.project.loading.eager import Path
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.lazy import Missing


def eager_calls(project: Project, rows: Rows, missing: Iterable[Missing]) -> str:
    """What to put behind the query: ``.select_related("author__publisher")``, ``.options(selectinload(User.orders))``."""
    wanted = {one.path: one for one in missing}
    if rows.framework is Framework.DJANGO:
        generic = {(*one.path, name) for one in missing if (name := _generic_behind(project, one))}
        apart = {path for path, one in wanted.items() if one.many or one.behind_many or _is_polymorphic(project, one)}
        apart |= {path for path in wanted if path[0] in rows.fixed}  # all rows have the same: a join would bring it with each of them
        apart |= set(wanted) if rows.locked else set()  # a join would lock its rows too, and PostgreSQL refuses that for an outer one
        apart |= {path for path in wanted if any(path[: len(other)] == other for other in apart)}
        several = _longest([*(path for path in wanted if path in apart), *sorted(generic)])
        single = _longest([path for path in wanted if path not in apart and not any(other[:-1] == path for other in generic)])
        calls = [(name, paths) for name, paths in (("select_related", single), ("prefetch_related", several)) if paths]
        return "".join(f".{name}({', '.join(_quoted(path) for path in paths)})" for name, paths in calls)
    options = [_option(project, rows.model, path, wanted) for path in _longest(list(wanted))]
    return f".options({', '.join(options)})"


def cure_of(project: Project, rows: Rows, missing: Sequence[Missing]) -> tuple[str, str]:
    """What to put behind the query if that is all it takes, and the whole advice: a key is in the row itself (``book.author_id``), a number is annotated."""
    paths = [one.path for one in missing]
    keys = [one for one in missing if one.read.key and one.path in _longest(paths)]
    counted = [one for one in missing if one.counted and one.path in _longest(paths)]
    rest = [one for one in missing if one not in keys and one not in counted]
    own = " and ".join(f"`{'.'.join((*one.path[:-1], one.read.key))}`" for one in keys)
    numbers = " and ".join(f"`{annotation(project, rows.model, one)}`" for one in counted)
    calls = eager_calls(project, rows, rest) if rest else ""
    streamed = rows.streamed
    where = "" if not streamed else " before `.iterator()`, and a `chunk_size` to it" if "prefetch_related" in calls else " before `.iterator()`"
    where += "" if rows.ran is None else f" to the query in `{rows.ran.name}`"
    parts = [f"the query does not load {'it' if len(paths) == 1 else 'them'}; add `{calls}`{where}"] if rest else []
    if counted:
        parts.append(f"annotate the query with {numbers}" + ("" if rest else f" and read that instead of `.{counted[0].counted}()`"))
    if keys and rest:
        parts.append(f"read {own} where only the key is read")
    elif keys:
        parts.insert(0, f"only {'its key is' if len(keys) == 1 else 'their keys are'} read; read {own} instead")
    # an annotation and a key are read by another name, and nothing can be put behind an iterator or a list: no edit of the last call alone does it
    return "" if counted or keys or streamed or rows.ran is not None else calls, "; ".join(parts)


def query_of(project: Project, rows: Rows, path: str, function: int | None = None) -> Iterator[Evidence]:
    """Where the query stands, if that is not where the finding does: in another file, or in another `function`, or inside what is called there."""
    model = project.schema.mapped[rows.model].name
    if rows.ran is not None:
        yield Evidence(rows.ran.path, rows.ran.line, f"this query gives the rows of {model}")
    elif rows.call is not None and (rows.path != path or function not in (None, rows.function)):
        yield Evidence(rows.path, rows.line, f"this query gives the rows of {model}")


def _generic_behind(project: Project, one: Missing) -> str:
    """The generic key of the related object that is read next: no join leads through it, a prefetch does."""
    relation = one.read.relation
    target = project.schema.mapped.get(relation.target) if relation.target is not None and not one.many else None
    parts = one.read.trail[-1].text.partition("(")[0].split(".")
    behind = parts[parts.index(relation.name) + 1 :][:1] if relation.name in parts else []
    onward = target.relationships.get(behind[0]) if target is not None and behind else None
    return onward.name if onward is not None and onward.generic else ""


def _is_polymorphic(project: Project, one: Missing) -> bool:
    """The object may be of any class derived from the relation's: a join would give the base class alone."""
    target = one.read.relation.target
    bases = project.resolver.classes.ancestors(*target) if target is not None else ()
    return any(base.kind is RefKind.EXTERNAL and base.name.startswith("polymorphic.") for base in bases)


def annotation(project: Project, model: ClassKey, one: Missing) -> str:
    """``Count("review")``, or ``Exists`` with its subquery: what is asked of the related rows, asked with the query."""
    mapped, relation = project.schema.mapped, one.read.relation
    target = mapped.get(relation.target) if relation.target is not None else None
    if one.counted == "exists" and len(one.path) == 1 and relation.back and target is not None:
        return f'Exists({target.name}.objects.filter({relation.back}=OuterRef("pk")))'
    names = []
    at: ClassKey | None = model
    for name in one.path:
        owner = mapped.get(at) if at is not None else None
        step = owner.relationships.get(name) if owner is not None else None
        names.append((step.query_name or name) if step is not None else name)
        at = step.target if step is not None else None
    return f'Count("{"__".join(names)}", distinct=True)'


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
