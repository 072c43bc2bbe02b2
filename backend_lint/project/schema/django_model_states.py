"""The models of a project by label, with the way from a model to those that refer to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_lint.project.schema.django_state import SELF, ModelState


class ModelStates(dict[str, ModelState]):
    """Models by label. `referrers`: labels of the models that may refer to a model or inherit from it."""

    def __init__(self, models: Mapping[str, ModelState]) -> None:
        super().__init__()
        self.referrers: dict[str, set[str]] = {}
        for label, state in models.items():
            self[label] = state

    def __setitem__(self, label: str, state: ModelState) -> None:
        super().__setitem__(label, state)
        for field in state.fields.values():
            if field.to or field.is_many:
                for target in (field.to, field.through, label if field.is_many or field.to == SELF else ""):
                    if target:
                        self.referrers.setdefault(target, set()).add(label)
        for parent in state.parents:
            self.referrers.setdefault(parent, set()).add(label)

    def copied(self) -> ModelStates:
        """Another set of the same models."""
        other = ModelStates({})
        dict.update(other, self)
        other.referrers = self.referrers  # it may name too many
        return other

    def referring(self, *labels: str) -> list[ModelState]:
        """The models that refer to one of some labels or inherit from it, in the order of their labels."""
        found = {one for label in labels for one in self.referrers.get(label, ())}
        return [self[label] for label in sorted(found) if label in self]


class Earlier(Mapping[str, ModelState]):
    """The models as they were before some of them changed. Holds until the next change."""

    def __init__(self, models: Mapping[str, ModelState], changed: Mapping[str, ModelState]) -> None:
        self._models = models
        self._changed = changed

    def __getitem__(self, label: str) -> ModelState:
        return self._changed[label] if label in self._changed else self._models[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)
