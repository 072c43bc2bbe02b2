"""What a template of Django or Jinja reads."""

from __future__ import annotations

from backend_lint.facts.python import Fact


class TemplateLoop(Fact, frozen=True):
    """``{% for %}``. `items`: what it goes through, as paths are written (see `TemplateRead`); empty if that is no path. `parent`: the loop around it, -1."""

    line: int
    items: str
    parent: int = -1


class TemplateRead(Fact, frozen=True):
    """A dotted path that is printed, tested or handed to a tag.

    `path`: ``project.name`` begins with a name that whoever renders the template gives, ``%2.author.name`` with the item of loop 2. `loop`: the loop around it,
    -1 for none. `conditional`: it is read under more than one test that the item answers for itself.
    """

    line: int
    column: int
    path: str
    loop: int = -1
    conditional: bool = False


class TemplateInclude(Fact, frozen=True):
    """Another template that is put in at a place. `names`: what it is given besides the names of this one, as pairs of name and path; `only`: nothing else."""

    line: int
    name: str
    loop: int
    conditional: bool
    names: tuple[tuple[str, str], ...]
    only: bool = False


class Template(Fact, frozen=True):
    """One template. `extends`: the template whose blocks it fills, empty for none."""

    loops: tuple[TemplateLoop, ...]
    reads: tuple[TemplateRead, ...]
    includes: tuple[TemplateInclude, ...]
    extends: str = ""
