"""Where a relation of an object is read, and the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.eager import Path
from backend_lint.project.references import Ref, RefKind
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
    """Where the relation of a read is declared, be it in a base class; nothing for a side of it that stands nowhere."""
    owner, relation = project.schema.mapped.get(read.owner), read.relation
    classes = project.resolver.classes
    found = classes.find(Ref(RefKind.CLASS, "", *read.owner), relation.name)
    if found is None and owner is not None and owner.framework is Framework.SQLALCHEMY and relation.target is not None and relation.back:
        found = classes.find(Ref(RefKind.CLASS, "", *relation.target), relation.back)  # a ``backref``
    if owner is None or (found is None and (relation.reverse or not relation.line)):
        return ()
    path, line = owner.path, relation.line
    if found is not None:
        path, member = found[0].path, found[1]
        line = project.calls.head((path, member)).line if isinstance(member, int) else member.line
    return (Evidence(path, line, f"{owner.name}.{relation.name} is loaded when it is read"),)
