"""Rows that a function has in hand: which model, loaded or made anew, and where they are saved."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.held_sessions import passed
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Framework, Mapped
from backend_lint.project.value_text import alternatives, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_FRESH = frozenset({"create", "acreate", "create_user", "create_superuser", "build", "copy", "deepcopy"})
_MOST_RETURNS = 3


class Origin(enum.Enum):
    """Where the function has a row from."""

    LOADED = "loaded"
    SELF = "self"
    GIVEN = "given"
    """A parameter, or an attribute of an object that is no row: somebody else loaded it."""
    FRESH = "fresh"


class Row(msgspec.Struct, frozen=True):
    """A value that is a row of a model. `loaded`: the call that loaded it, if it is one of this function.

    `is_whole`: the call brought the row itself, not an object that has it as an attribute.
    """

    text: str
    model: Mapped
    origin: Origin
    loaded: Call | None = None
    is_whole: bool = True


class RowsAtHand:
    """Answers for one project; they are kept."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._kept: dict[tuple[FunctionKey, str], Row | None] = {}

    def row(self, key: FunctionKey, text: str) -> Row | None:
        """The row that a value is; None if it is none, or unknown. Of several that it may be, one that was loaded."""
        state = key, text
        if state not in self._kept:
            self._kept[state] = None
            found = [row for option in alternatives(text) if (row := self._row(key, option)) is not None]
            best = next((row for row in found if row.origin is not Origin.FRESH), found[0] if found else None)
            self._kept[state] = msgspec.structs.replace(best, text=text) if best is not None else None
        return self._kept[state]

    def _row(self, key: FunctionKey, text: str) -> Row | None:
        parsed = parse(text.removesuffix(".__enter__()"))
        if parsed is None or parsed.root[:1] not in "%#":
            return None
        if not parsed.steps and (same := self._given_back(key, parsed.root)) is not None:
            return same
        model, call = self._django(key, text), None
        body = self._project.calls.body(key)
        if parsed.root[:1] == "#" and int(parsed.root[1:]) < len(body.calls):
            call = body.calls[int(parsed.root[1:])]
        if model is None:
            model = self._sqlalchemy(key, text)
        if model is None:
            return None
        return Row(text, model, self._origin(key, parsed.root, parsed.steps, call), call, all(step[:1] == "[" for step in parsed.steps))

    def _given_back(self, key: FunctionKey, root: str) -> Row | None:
        """The row that a function of the project was handed and returns; one without a key will be inserted."""
        edge = self._project.calls.numbered(key).get(int(root[1:])) if root[:1] == "#" else None
        if edge is None or edge.target.kind is not RefKind.FUNCTION:
            return None
        body, handed = self._project.calls.body(edge.target.function), dict(passed(self._project, edge))
        names = {one.value for one in body.returns}
        name = names.pop() if len(names) == 1 else ""
        if name.removeprefix("%") not in handed or name[:1] != "%":
            return None
        row = self.row(key, handed[name[1:]])
        return msgspec.structs.replace(row, origin=Origin.FRESH) if row is not None and _is_copied(body, name) else row

    def _django(self, key: FunctionKey, text: str) -> Mapped | None:
        if not self._project.loads.uses_django:
            return None
        found = self._project.loads.django.instance(*key, text)
        return self._mapped(found, Framework.DJANGO)

    def _sqlalchemy(self, key: FunctionKey, text: str) -> Mapped | None:
        loads = self._project.loads
        if not loads.sqlalchemy.used:
            return None
        for chain in loads.sqlalchemy.of(*key, text):
            if chain.fetched == "entity" and chain.entity is not None:
                return self._mapped(chain.entity, Framework.SQLALCHEMY)
        ref = self._project.value(*key, text)
        return self._mapped(ref.function, Framework.SQLALCHEMY) if ref is not None and ref.kind is RefKind.INSTANCE else None

    def _mapped(self, model: ClassKey | None, framework: Framework) -> Mapped | None:
        mapped = self._project.schema.mapped.get(model) if model is not None else None
        return mapped if mapped is not None and mapped.framework is framework and mapped.managed else None

    def _makes(self, key: FunctionKey) -> bool:
        """Every row that the function returns is one that it has made, or is about to insert."""
        body = self._project.calls.body(key)
        returned = [one.value for one in body.returns if one.value not in ("", "None")]
        if not 0 < len(returned) <= _MOST_RETURNS:
            return False
        return all(_is_copied(body, text) or ((one := self.row(key, text)) is not None and one.origin is Origin.FRESH) for text in returned)

    def _origin(self, key: FunctionKey, root: str, steps: tuple[str, ...], call: Call | None) -> Origin:
        if call is not None:
            made = call.callee.rpartition(".")[2]
            ref = self._project.value(*key, call.callee) if not steps else None
            if not steps and (made in _FRESH or (ref is not None and ref.kind is RefKind.CLASS)):
                return Origin.FRESH
            if ref is not None and ref.kind is RefKind.FUNCTION and (ref.name.endswith("__init__") or self._makes(ref.function)):
                return Origin.FRESH
            return Origin.LOADED
        head = self._project.calls.head(key)
        if head.owner >= 0 and head.parameters and root == "%" + head.parameters[0].name and not steps:
            return Origin.SELF
        if steps and steps[-1] != "[]":
            is_holder = head.owner >= 0 and root in ("%self", "%cls") and self._django(key, root) is None and self._sqlalchemy(key, root) is None
            return Origin.GIVEN if is_holder else Origin.LOADED
        return Origin.GIVEN if any(root == "%" + parameter.name for parameter in head.parameters) else Origin.LOADED


def _is_copied(body: Body, text: str) -> bool:
    """The key is taken from the row: it will be inserted once more."""
    return any(assign.target in (f"{text}.pk", f"{text}.id") and assign.value == "None" for assign in body.assigns)


def written_fields(call: Call) -> frozenset[str] | None:
    """The names in ``update_fields``; None if all fields are written, empty if it is not known which."""
    text = dict(call.keywords).get("update_fields")
    if text is None:
        return frozenset() if any(name == "**" for name, _ in call.keywords) else None
    if text == "None":
        return None
    if text[:1] != "[" or "..." in text:
        return frozenset()
    return frozenset(part.strip("'\"") for part in split(text[1:-1]))
