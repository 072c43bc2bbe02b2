"""What a team has declared of its architecture: layers, and contracts on who may import whom."""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact


class ContractKind(enum.StrEnum):
    """`LAYERS`: the upper may import the lower. `FORBIDDEN`: some must not import others. `INDEPENDENCE`: none imports another.

    `PROTECTED`: only some may import them. `ACYCLIC`: children of a package, and theirs, do not import each other in circles. `PRIVATE`: modules with a leading
    underscore are imported only from inside the package that they lie in.
    """

    LAYERS = "layers"
    FORBIDDEN = "forbidden"
    INDEPENDENCE = "independence"
    PROTECTED = "protected"
    ACYCLIC = "acyclic_siblings"
    PRIVATE = "private_modules"


class Allowed(Fact, frozen=True):
    """An import that a contract lets pass. In names of modules ``*`` stands for one part and ``**`` for one or more."""

    importer: str
    imported: str
    reason: str = ""


class Row(Fact, frozen=True):
    """A layer of a contract: its modules; `independent`: they do not import each other; `optional`: those that need not exist."""

    modules: tuple[str, ...]
    independent: bool = True
    optional: frozenset[str] = frozenset()


class Contract(Fact, frozen=True):
    """A contract as it is declared; names may hold ``*`` and ``**``, see `Allowed`.

    `place` names it in messages: file and key. `modules`: who is bound by it, `others`: what they must not import, or who may import them, or which
    children are not looked into. `rows`: layers, the highest first, inside each of `containers`. `indirect`: chains of imports count. `stale`: what
    import-linter does about an exception that matches nothing. `packages`: names stand for all that lies below them. `roots`: only modules below
    count; empty for all. `exhaustive`: every child of a container is a layer, or in `ignored`. `depth`: how many generations of children are looked
    at. `overlaps`: of what must not be imported, what holds the importer or lies in it is passed over. `guidance`: what the team tells whoever breaks
    it.
    """

    name: str
    kind: ContractKind
    place: str
    path: str
    line: int
    modules: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    containers: tuple[str, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    indirect: bool = True
    type_checking: bool = True
    packages: bool = True
    stale: str = "error"
    roots: tuple[str, ...] = ()
    exhaustive: bool = False
    ignored: frozenset[str] = frozenset()
    depth: int = 0
    overlaps: bool = False
    guidance: str = ""


class Plan(Fact, frozen=True):
    """All that is declared. `layers`: the lowest first, each with the modules that belong to it; `place` names the file."""

    layers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    contracts: tuple[Contract, ...] = ()
    place: str = "configuration"
