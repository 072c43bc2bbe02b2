"""Values inside a call: what ``self``, a parameter and ``self.model`` stand for when it is known who called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Attribute
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, constant_string, parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped

_MAX_DEPTH = 12


class Frame(NamedTuple):
    """A function as it is called: on `receiver`, by call number `call` of `caller`. Both are None where only the function itself is known."""

    path: str
    function: int
    receiver: Ref | None = None
    caller: Frame | None = None
    call: int = -1


class Frames:
    """Resolves values in frames."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.resolver = project.resolver
        self.modules = project.modules
        self._models: dict[tuple[Ref, str], Ref | None] = {}
        self._depth = 0

    def ref(self, frame: Frame, text: str) -> Ref | None:
        """What a value refers to."""
        parsed = parse(text)
        if parsed is None:
            return None
        root, steps = parsed.root, parsed.steps
        if root == "type" and len(steps) == 1:
            inner = self.ref(frame, steps[0][1:-1])
            return Ref(RefKind.CLASS, inner.name, inner.path, inner.index, inner.origin) if inner is not None and inner.kind is RefKind.INSTANCE else None
        if root[:1] == "%":
            found = self.local(frame, root[1:])
            if found is not None:
                return self._steps(found, steps)
        elif root[:1] == "#" and (frame.receiver is not None or frame.caller is not None):
            fact = self.modules[frame.path].bodies[frame.function].calls[int(root[1:])]
            if "%" in fact.callee:
                callee = self.ref(frame, fact.callee)
                found = self.resolver.called(callee, None) if callee is not None else None
                if found is not None:
                    return self._steps(found, steps)
        elif root == "super" and len(steps) > 1 and (found := self._above(frame, steps[1][1:])) is not None:
            return self._steps(found, steps[1:])
        return self.resolver.value(frame.path, frame.function, text)

    def _above(self, frame: Frame, name: str) -> Ref | None:
        """The class that ``super()`` finds `name` in, which for a mixin depends on the class of the object."""
        receiver = frame.receiver
        owner = self.modules[frame.path].functions[frame.function].owner
        if receiver is None or receiver.kind not in (RefKind.CLASS, RefKind.INSTANCE) or owner < 0:
            return None
        line = [base for base in self.resolver.classes.ancestors(receiver.path, receiver.index) if base.kind is RefKind.CLASS]
        own = next((position for position, base in enumerate(line) if base.function == (frame.path, owner)), len(line))
        for base in line[own + 1 :]:
            if name in self.resolver.classes.members(base.path, base.index)[0]:
                return Ref(receiver.kind, base.name, base.path, base.index)
        return None

    def _steps(self, found: Ref | None, steps: tuple[str, ...]) -> Ref | None:
        for step in steps:
            if found is None:
                return None
            if step[0] == "." and found.kind in (RefKind.CLASS, RefKind.INSTANCE):
                found = self.held_model(found, step[1:]) or self.resolver.step(found, step)
            else:
                found = self.resolver.step(found, step)
        return found

    def local(self, frame: Frame, name: str) -> Ref | None:
        """What a parameter or the ``self`` of a frame is; None if the frame does not tell."""
        head = self.modules[frame.path].functions[frame.function]
        position = next((number for number, one in enumerate(head.parameters) if one.name == name), -1)
        if position < 0:
            return None
        if position == 0 and head.owner >= 0 and "staticmethod" not in head.decorators:
            if frame.receiver is not None:
                found = frame.receiver
                kind = RefKind.CLASS if "classmethod" in head.decorators or found.kind is RefKind.CLASS else RefKind.INSTANCE
                return Ref(kind, found.name, found.path, found.index, found.origin) if found.kind in (RefKind.CLASS, RefKind.INSTANCE) else found
            owner = self.modules[frame.path].classes[head.owner]
            kind = RefKind.CLASS if "classmethod" in head.decorators else RefKind.INSTANCE
            return Ref(kind, owner.name, frame.path, head.owner)
        given = self.argument(frame, name)
        return self.ref(given[0], given[1]) if given is not None else None

    def argument(self, frame: Frame, name: str) -> tuple[Frame, str] | None:
        """What the caller hands in for a parameter, and the frame that text belongs to; its default if the caller gives nothing."""
        if frame.caller is None or frame.call < 0:
            return None
        call = self.modules[frame.caller.path].bodies[frame.caller.function].calls[frame.call]
        return self.bound(frame, name, call.args, call.keywords, frame.caller)

    def constant(self, frame: Frame, text: str, depth: int = 0) -> str | None:
        """The string that a value is: a constant, or a parameter or attribute that is one; of ``a or b`` the first that is not None."""
        if text[:1] in "'\"":
            return constant_string(text)
        options = alternatives(text)
        if len(options) > 1 or depth > _MAX_DEPTH:
            for option in options if depth <= _MAX_DEPTH else ():
                if option != "None" and not self._is_none(frame, option):
                    return self.constant(frame, option, depth + 1)
            return None
        if text[:1] == "%" and (given := self.argument(frame, text[1:])) is not None and given[1] != text:
            return self.constant(*given, depth + 1)
        if text[:1] == "%" and "." in text:
            stem, _, name = text.rpartition(".")
            ref = self.ref(frame, stem)
            member = self.resolver.classes.find(ref, name) if ref is not None and ref.kind in (RefKind.CLASS, RefKind.INSTANCE) else None
            if member is not None and not isinstance(member[1], int):
                return constant_string(member[1].value) if member[1].value[:1] in "'\"" else None
        return None

    def _is_none(self, frame: Frame, text: str) -> bool:
        given = self.argument(frame, text[1:]) if text[:1] == "%" else None
        return given is not None and given[1] == "None"

    def bound(self, callee: Frame, name: str, args: tuple[str, ...], keywords: tuple[tuple[str, str], ...], caller: Frame) -> tuple[Frame, str] | None:
        """The argument of a call that becomes the parameter `name` of the function of frame `callee`."""
        head = self.modules[callee.path].functions[callee.function]
        for key, value in keywords:
            if key == name:
                return caller, value
        skipped = 1 if head.owner >= 0 and "staticmethod" not in head.decorators else 0
        position = next((number for number, one in enumerate(head.parameters) if one.name == name), -1)
        if 0 <= position - skipped < len(args) and position >= skipped:
            if any(value[:1] == "*" for value in args[: position - skipped + 1]) or head.parameters[position].kind not in (0, 1):
                return None
            return caller, args[position - skipped]
        if position >= 0 and head.parameters[position].default and not any(key == "**" for key, _ in keywords):
            return Frame(callee.path, head.scope), head.parameters[position].default
        return None

    # -- models held by repositories --------------------------------------------------------------

    def held_model(self, holder: Ref, name: str) -> Ref | None:
        """The class that an attribute of a repository stands for (``self.model``), where ``__init__`` or a type argument gives it; None if that is not so."""
        key = (holder, name)
        if key not in self._models:
            self._models[key] = None
            self._depth += 1
            self._models[key] = self._held_model(holder, name) if self._depth < _MAX_DEPTH else None
            self._depth -= 1
        return self._models[key]

    def _held_model(self, holder: Ref, name: str) -> Ref | None:
        member = self.resolver.classes.find(holder, name)
        if member is None:
            return None
        owner, attribute = member
        if isinstance(attribute, int):
            return None
        known = self.resolver.classes.attribute(holder, name)
        if known is not None and known.kind is RefKind.CLASS:
            return known
        if known is not None and known.name.startswith("typing.get_args"):
            return self._first_argument(holder)
        if known is not None and (known.kind is not RefKind.EXTERNAL_INSTANCE or known.name not in ("typing.TypeVar", "type")):
            return None
        if attribute.value[:1] == "%" and attribute.function > 0:
            given = self._constructed(holder, owner, attribute)
            if given is not None and given.kind is RefKind.CLASS:
                return given
        return self._type_argument(holder, owner, self._annotation(owner, attribute))

    def _annotation(self, owner: Ref, attribute: Attribute) -> str:
        if attribute.annotation:
            return attribute.annotation
        if attribute.value[:1] == "%":
            head = self.modules[owner.path].functions[attribute.function]
            return next((one.annotation for one in head.parameters if one.name == attribute.value[1:]), "")
        return ""

    def _constructed(self, holder: Ref, owner: Ref, attribute: Attribute) -> Ref | None:
        """The argument for a parameter of ``__init__``: from the call that made the object, or from ``super().__init__`` of a class in between."""
        init = Frame(owner.path, attribute.function)
        name = attribute.value[1:]
        own = self.resolver.classes.find(holder, "__init__")
        if own is not None and isinstance(own[1], int) and (own[0].path, own[1]) == (owner.path, attribute.function):
            if holder.origin is None:
                return None
            made = self.modules[holder.origin.path].bodies[holder.origin.function].calls[holder.origin.call]
            given = self.bound(init, name, made.args, made.keywords, Frame(holder.origin.path, holder.origin.function))
            return self.ref(*given) if given is not None else None
        if own is None or not isinstance(own[1], int):
            return None
        for call in self.modules[own[0].path].bodies[own[1]].calls:
            if call.callee.endswith(".__init__"):
                args = call.args if call.callee.startswith("super") else call.args[1:]
                given = self.bound(init, name, args, call.keywords, Frame(own[0].path, own[1], holder))
                return self.ref(*given) if given is not None else None
        return None

    def _type_argument(self, holder: Ref, owner: Ref, annotation: str) -> Ref | None:
        """The class that a type variable of a generic base stands for: ``class Users(Repository[User])``."""
        variables = [part for part in annotation.replace("]", "[").replace("|", "[").replace("(", "[").replace(")", "[").split("[") if part.isidentifier()]
        variables = [part for part in variables if part not in ("type", "Type", "None", "Optional", "Union")]
        return self.bound_type(holder, owner, variables[0]) if len(variables) == 1 else None

    def bound_type(self, holder: Ref, owner: Ref, variable: str) -> Ref | None:
        """What the type variable `variable` of the class `owner` is for the class of `holder`."""
        order = self._variables(owner)
        if variable not in order and order:
            return None
        position = order.index(variable) if order else 0  # the head of `class Repository[M]` is not kept
        for path, index in self._line(holder, owner):
            fact = self.modules[path].classes[index]
            for base in fact.bases:
                if "[" not in base:
                    continue
                stem, _, inside = base.partition("[")
                ref = self.resolver.value(path, fact.scope, stem)
                if ref is None or ref.kind is not RefKind.CLASS or ref.function != owner.function:
                    continue
                items = split(inside[:-1])
                if len(items) == 1 and items[0][:1] == "[":
                    items = split(items[0][1:-1])
                if position < len(items):
                    found = self.resolver.value(path, fact.scope, items[position])
                    if found is not None and found.kind is RefKind.CLASS:
                        return found
                    inner = items[position]
                    below = Ref(RefKind.CLASS, fact.name, path, index)
                    if inner.isidentifier() and below.function != holder.function:
                        return self.bound_type(holder, below, inner)
        return None

    def _first_argument(self, holder: Ref) -> Ref | None:
        """``get_args(cls.__orig_bases__[0])[0]``."""
        for base in self.resolver.classes.ancestors(holder.path, holder.index):
            fact = self.modules[base.path].classes[base.index] if base.kind is RefKind.CLASS else None
            first = fact.bases[0] if fact is not None and fact.bases else ""
            if fact is not None and "[" in first:
                items = split(first.partition("[")[2][:-1])
                found = self.resolver.value(base.path, fact.scope, items[0]) if items else None
                return found if found is not None and found.kind is RefKind.CLASS else None
        return None

    def _variables(self, owner: Ref) -> list[str]:
        """The type variables of a generic class in order."""
        fact = self.modules[owner.path].classes[owner.index]
        found: list[str] = []
        for base in sorted(fact.bases, key=lambda base: "Generic[" not in base):
            if "[" in base:
                inside = base.partition("[")[2][:-1].strip("[]")
                for name in split(inside):
                    if name.isidentifier() and name not in found:
                        ref = self.resolver.value(owner.path, fact.scope, name)
                        if ref is None or ref.name.rpartition(".")[2] == "TypeVar":
                            found.append(name)
        return found

    def _line(self, holder: Ref, owner: Ref) -> Iterator[tuple[str, int]]:
        for base in self.resolver.classes.ancestors(holder.path, holder.index):
            if base.kind is RefKind.CLASS and base.function != owner.function:
                yield base.function

    # -- models ------------------------------------------------------------------------------------

    def mapped(self, ref: Ref | None) -> Mapped | None:
        """The SQLAlchemy model that a class or an instance is."""
        found = self.project.schema.of(ref)
        return found if found is not None and found.framework == "sqlalchemy" else None
