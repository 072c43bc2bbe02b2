"""YAML as a tree with line numbers, built from parser events: no recursion, no construction of objects, and every bomb refused while it is read.

Tags such as ``!Ref`` are kept as text and never acted upon.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 200
MAX_EVENTS = 2_000_000
MAX_EXPANDED = 1_000_000


class UnreadableError(ValueError):
    """The text is no YAML, or more than we read. `line` is 1-based, 0 if unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Node:
    """A scalar (`text` is set), a sequence (`children`) or a mapping (`pairs`). `size` counts what it would be with every alias written out."""

    __slots__ = ("_fields", "children", "line", "open", "pairs", "size", "tag", "text")

    def __init__(self, line: int, tag: str) -> None:
        self.line = line
        self.tag = tag
        self.text: str | None = None
        self.children: list[Node] | None = None
        self.pairs: list[tuple[Node, Node]] | None = None
        self.size = 1
        self.open = False
        self._fields: dict[str, Node] | None = None

    def fields(self) -> dict[str, Node]:
        """The values of a mapping by key, merge keys (``<<``) resolved, own keys first; empty for anything else."""
        if self._fields is not None:
            return self._fields
        found: dict[str, Node] = {}
        pending: list[Node] = [self]
        seen: set[int] = set()
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if node.children is not None and node is not self:
                pending.extend(reversed(node.children))
            for key, value in node.pairs or ():
                if key.text == "<<":
                    pending.append(value)
                elif key.text is not None:
                    found.setdefault(key.text, value)
        self._fields = found
        return found

    def entries(self) -> Iterator[tuple[str, int, Node]]:
        """(key, line of the key, value) of a mapping, merged mappings included."""
        lines = {key.text: key.line for key, _ in self.pairs or ()}
        for name, value in self.fields().items():
            yield name, lines.get(name, value.line), value

    def at(self, *path: str) -> Node:
        """The node below these keys; an empty one if there is none."""
        node = self
        for key in path:
            child = node.fields().get(key)
            if child is None:
                return Node(self.line, "")
            node = child
        return node

    def items(self) -> list[Node]:
        """The elements of a sequence; empty for anything else."""
        return self.children or []

    @property
    def empty(self) -> bool:
        return self.text is None and not self.children and not self.pairs

    def plain(self) -> str | None:
        """The text of a scalar that is written out: None for a mapping, for ``null`` and for a tagged value such as ``!Ref Name``."""
        if self.text is None or (self.tag.startswith("!") and self.tag not in {"!", "!!str"}) or self.text in {"null", "~"}:
            return None
        return self.text


def documents(text: str) -> list[Node]:
    """The documents of a YAML text. Raises UnreadableError naming the line."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _build(yaml.parse(text, Loader=loader))
    except UnreadableError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "nesting depth" in str(error.problem):  # newer libyaml reads ahead, and gives up by itself before the events show the depth
            raise UnreadableError(f"is nested deeper than {MAX_DEPTH} levels", mark.line + 1 if mark else 0) from None
        raise UnreadableError(f"is not valid YAML: {error.problem or error.context}", mark.line + 1 if mark else 0) from None
    except Exception as error:
        raise UnreadableError(f"is not valid YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}"[:200]) from None


def _build(events: Any) -> list[Node]:
    import yaml

    found: list[Node] = []
    stack: list[tuple[Node, list[Node]]] = []
    anchors: dict[str, Node] = {}
    top: list[Node] = []
    for count, event in enumerate(events, 1):
        if count > MAX_EVENTS:
            raise UnreadableError(f"holds more than {MAX_EVENTS} YAML nodes", event.start_mark.line + 1)
        kind = type(event)
        line = event.start_mark.line + 1
        if kind is yaml.ScalarEvent:
            node = Node(line, event.tag or "")
            node.text = event.value
            if not event.value and not event.style:
                node.text = None
            if event.anchor:
                anchors[event.anchor] = node
            (stack[-1][1] if stack else top).append(node)
        elif kind is yaml.AliasEvent:
            target = anchors.get(event.anchor)
            if target is None:
                raise UnreadableError(f"is not valid YAML: undefined alias {event.anchor[:50]}", line)
            if target.open:
                raise UnreadableError(f"holds a recursive alias: {event.anchor[:50]}", line)
            (stack[-1][1] if stack else top).append(target)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(stack) >= MAX_DEPTH:
                raise UnreadableError(f"is nested deeper than {MAX_DEPTH} levels", line)
            node = Node(line, event.tag or "")
            node.open = True
            if event.anchor:
                anchors[event.anchor] = node
            (stack[-1][1] if stack else top).append(node)
            stack.append((node, []))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            node, children = stack.pop()
            node.open = False
            node.size += sum(child.size for child in children)
            if node.size > MAX_EXPANDED:
                raise UnreadableError(f"holds aliases that expand to more than {MAX_EXPANDED} nodes", line)
            if kind is yaml.MappingEndEvent:
                node.pairs = list(zip(children[::2], children[1::2], strict=True))
            else:
                node.children = children
        elif kind is yaml.DocumentEndEvent:
            found.extend(top)
            top = []
            anchors = {}
    return found
