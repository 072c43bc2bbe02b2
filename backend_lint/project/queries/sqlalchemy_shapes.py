"""Which calls of one function ask the same: a repository's ``find_by_id`` is called from everywhere, and sends one query for each of its models."""

from __future__ import annotations

from collections.abc import Hashable

from backend_lint.facts.python import ParameterKind
from backend_lint.project.queries.sqlalchemy_chains import SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import alternatives, parse

_MAX_DEPTH = 12
_LITERALS = frozenset({"None", "True", "False"})


class Shapes:
    """Answers for the frames of one project."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self._chains = chains
        self._frames = chains.frames
        self._modules = chains.project.modules

    def of(self, frame: Frame) -> Hashable:
        """Equal for two frames only if every value in their function stands for the same; the frame itself where that cannot be told."""
        if frame.caller is None or frame.call < 0:
            return frame
        call = self._modules[frame.caller.path].bodies[frame.caller.function].calls[frame.call]
        if any(text[:1] == "*" for text in call.args) or any(name == "**" for name, _ in call.keywords):
            return frame
        values: list[Hashable] = []
        for parameter in self._modules[frame.path].functions[frame.function].parameters:
            if parameter.kind in (ParameterKind.VAR_POSITIONAL, ParameterKind.VAR_KEYWORD):
                return frame
            given = self._frames.argument(frame, parameter.name)
            values.append(self._value(*given, 0) if given is not None else None)
        return frame.path, frame.function, frame.receiver, tuple(values)

    def _value(self, frame: Frame, text: str, depth: int) -> Hashable:
        if text in _LITERALS or text[:1].isdigit() or text[:1] in "'\"":
            return text
        options = alternatives(text)
        if len(options) > 1 and depth < _MAX_DEPTH:
            return tuple(self._value(frame, option, depth + 1) for option in options)
        parsed = parse(text) if text[:1] == "%" else None
        if parsed is None or depth > _MAX_DEPTH:
            return frame, text
        head = self._modules[frame.path].functions[frame.function]
        name = parsed.root[1:]
        position = next((number for number, one in enumerate(head.parameters) if one.name == name), -1)
        if position < 0 or self._modules[frame.path].assigns_to(frame.function, parsed.root):
            return frame, text
        is_own = position == 0 and head.owner >= 0 and "staticmethod" not in head.decorators
        if is_own and frame.receiver is not None and parsed.steps:
            return frame.path, frame.function, frame.receiver, text
        if not parsed.steps and not is_own and (given := self._frames.argument(frame, name)) is not None:
            return self._value(*given, depth + 1)
        return text if self._is_unknown(frame, text) else (frame, text)

    def _is_unknown(self, frame: Frame, text: str) -> bool:
        """Nothing is known of the value but its name."""
        ref = self._frames.ref(frame, text)
        return (ref is None or ref.kind is RefKind.EXTERNAL_INSTANCE) and not self._chains.at(frame, text)
