"""Objects told by what is asked of them: whatever has ``tag_set`` is of the one model that tags refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backend_lint.project.schema.mapping import ClassKey, Mapped

_SUFFIX = "_set"


class Accessors:
    """The reverse accessors of a project's models that have the name Django gives them, which nothing else is called."""

    def __init__(self, mapped: Mapping[ClassKey, Mapped]) -> None:
        self._mapped = mapped
        self._owners: dict[str, list[ClassKey]] = {}
        for key, model in mapped.items():
            for name, relation in model.relationships.items():
                if name.endswith(_SUFFIX) and relation.many and relation.target is not None:
                    self._owners.setdefault(name, []).append(key)

    def owner(self, base: str, name: str) -> ClassKey | None:
        """The model of `base` in ``base.name``: the only one with such an accessor, or among several the one that `base` is named after."""
        owners = self._owners.get(name, ()) if name.endswith(_SUFFIX) else ()
        word = base.rpartition(".")[2].lstrip("%").replace("_", "").lower()
        named = [key for key in owners if self._mapped[key].name.lower() == word]
        return self._only(named, name) or (self._only(owners, name) if not named else None)

    def _only(self, owners: Iterable[ClassKey], name: str) -> ClassKey | None:
        """The first of them, if the accessor leads to the same rows from each: children have the accessors of their parents."""
        owners = list(owners)
        ways = {(relation.target, relation.to_columns) for key in owners if (relation := self._mapped[key].relationships[name])}
        return owners[0] if len(ways) == 1 else None
