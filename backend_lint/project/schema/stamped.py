"""Columns of Django that `save` fills in with the time of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute
from backend_lint.project.references import Ref

if TYPE_CHECKING:
    from backend_lint.project import Project


def is_stamped(project: Project, model: Ref, name: str) -> bool:
    """Whether a field of a model has ``auto_now``."""
    member = project.resolver.classes.find(model, name)
    if member is None or not isinstance(member[1], Attribute) or member[1].value[:1] != "#" or not member[1].value[1:].isdigit():
        return False
    made = project.modules[member[0].path].bodies[member[1].function].calls[int(member[1].value[1:])]
    return ("auto_now", "True") in made.keywords
