"""What a value refers to, once names are resolved."""

from __future__ import annotations

import enum

import msgspec


class RefKind(enum.IntEnum):
    """`EXTERNAL` names something outside the project; `INSTANCE` is an object of a class of the project, `EXTERNAL_INSTANCE` of one outside."""

    MODULE = 0
    FUNCTION = 1
    CLASS = 2
    INSTANCE = 3
    EXTERNAL = 4
    EXTERNAL_INSTANCE = 5


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The call that made an object: call `call` of function `function` of the module at `path`."""

    path: str
    function: int
    call: int


class Ref(msgspec.Struct, frozen=True, gc=False):
    """The target of a value.

    `name`: dotted name (external) or qualified name inside the module (project). `path`, `index`: module and the function's or class's index in it.
    `origin`: the call that made the object, or the object on which `name` is an attribute. `item`: what it holds or stands for:
    the element of a list, the model of a queryset. `receiver`: for a bound method, the class through which it was found.
    """

    kind: RefKind
    name: str
    path: str = ""
    index: int = -1
    origin: Origin | None = None
    item: Ref | None = None
    receiver: Ref | None = None

    @property
    def is_external(self) -> bool:
        """It lies outside the project, or is an object of a class outside."""
        return self.kind >= RefKind.EXTERNAL

    @property
    def function(self) -> tuple[str, int]:
        """The key of a project function: module path and index."""
        return self.path, self.index
