"""Facts that somebody else made: whether they are facts, and hold together, before any rule walks through them."""

from __future__ import annotations

import msgspec

from backend_lint.facts.deployment import Manifest
from backend_lint.facts.file import Kind
from backend_lint.facts.python import Body, Module
from backend_lint.facts.reading import Reading
from backend_lint.facts.sql_file import SqlFile
from backend_lint.facts.template import Template

_BODIES = msgspec.msgpack.Decoder(list[Body])
_MODULES = msgspec.msgpack.Decoder(Module)
_OTHERS: dict[Kind, msgspec.msgpack.Decoder[Manifest] | msgspec.msgpack.Decoder[SqlFile] | msgspec.msgpack.Decoder[Template]] = {
    Kind.SQL: msgspec.msgpack.Decoder(SqlFile),
    Kind.PRISMA: msgspec.msgpack.Decoder(SqlFile),
    Kind.TEMPLATE: msgspec.msgpack.Decoder(Template),
}
_MANIFESTS = msgspec.msgpack.Decoder(Manifest)


def holds(kind: Kind, reading: Reading) -> bool:
    """Whether the facts of a reading are those that the reader of its kind writes: whatever lies in something else leads to it, and nothing into itself."""
    if not reading.facts:
        return True
    try:
        if kind is not Kind.PYTHON:
            _OTHERS.get(kind, _MANIFESTS).decode(reading.facts)
            return True
        module = _MODULES.decode(reading.facts)
        bodies = _BODIES.decode(module.bodies)
    except (msgspec.DecodeError, RecursionError):
        return False
    return (
        len(bodies) == len(module.functions) > 0
        and all(0 <= one.scope < number and -1 <= one.owner < len(module.classes) for number, one in enumerate(module.functions) if number)
        and all(0 <= one.scope < len(bodies) and all(0 < method < len(bodies) for method in one.methods) for one in module.classes)
        and all(-1 <= block.parent < number for body in bodies for number, block in enumerate(body.blocks))
        and all(-1 <= call.block < len(body.blocks) for body in bodies for call in body.calls)
    )
