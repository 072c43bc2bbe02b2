"""Where a relation of an object is read, and the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.eager import Path
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework, Relationship

if TYPE_CHECKING:
    from backend_lint.project import Project


class Place(msgspec.Struct, frozen=True):
    """Where something is read, with the function's name."""

    path: str
    line: int
    column: int
    symbol: str
    text: str

    @property
    def end_line(self) -> int:
        """It ends on the line on which it begins."""
        return self.line

    @property
    def end_column(self) -> int:
        """Behind the last name."""
        return self.column + len(self.text.rpartition("(")[0] or self.text.rpartition(".")[2])


class Read(msgspec.Struct, frozen=True):
    """A relation that is read of an object. `path`: attribute names to it; `many`: the last gives several rows, `method` is what is called on it.

    `trail`: the places from the outermost function inwards. `conditional`: it is read under a condition only. `owner`: the model that has the relation.
    `key`: the owner's own attribute that holds all that is read of it (``author_id`` for ``book.author.id``), empty if more is read.
    """

    path: Path
    many: bool
    method: str
    relation: Relationship
    owner: ClassKey
    trail: tuple[Place, ...]
    conditional: bool = False
    key: str = ""


class Entered(msgspec.Struct, frozen=True):
    """A function that was looked into, and its name for the object: ``%self``. `trail` led there."""

    key: FunctionKey
    element: str
    trail: tuple[Place, ...]
    conditional: bool


def declared(project: Project, read: Read) -> tuple[Evidence, ...]:
    """Where the relation of a read is declared, be it in a base class or by a ``backref``; nothing for a side of it that stands nowhere."""
    owner, relation = project.schema.mapped.get(read.owner), read.relation
    if owner is None or (owner.framework is Framework.DJANGO and relation.reverse):
        return ()
    place = _in_body(project, read.owner, relation.name)
    if place is None and owner.framework is Framework.SQLALCHEMY and relation.target is not None and relation.back:
        place = _in_body(project, relation.target, relation.back)
    if place is None and (relation.reverse or not relation.line):
        return ()
    path, line = place if place is not None else (owner.path, relation.line)
    return (Evidence(path, line, f"{owner.name}.{relation.name} is loaded when it is read"),)


def _in_body(project: Project, key: ClassKey, name: str) -> tuple[str, int] | None:
    """Path and line of a member that the body of a class or of one of its bases defines; what a method sets on ``self`` is none."""
    classes = project.resolver.classes
    for base in classes.ancestors(*key):
        if base.kind is not RefKind.CLASS:
            continue
        module = project.modules[base.path]
        if (method := classes.members(base.path, base.index)[0].get(name)) is not None:
            return base.path, module.functions[method].line
        for one in module.classes[base.index].attributes:
            if one.name == name and module.functions[one.function].owner != base.index:
                return base.path, one.line
    return None
