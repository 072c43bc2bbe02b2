"""Entry points of a service: routes, consumers, tasks, commands."""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact


class EntryKind(enum.StrEnum):
    """How a function comes to run."""

    ROUTE = "route"
    WEBSOCKET = "websocket"
    TASK = "task"
    """A queue's worker runs it: Celery, Dramatiq, RQ, Huey, arq."""
    CONSUMER = "consumer"
    COMMAND = "command"
    STARTUP = "startup"
    MIDDLEWARE = "middleware"


class Guard(Fact, frozen=True):
    """Something that runs before a handler and may refuse. `verifies`: it checks who calls; None if that is unknown.

    `needs`: names of roles, scopes or permissions that it is given where it is attached.
    """

    name: str
    verifies: bool | None
    path: str
    line: int
    needs: tuple[str, ...] = ()
    worth: str = ""
    """What the configuration says that it is worth: ``identity``, ``role``, ``object``, ``scope`` or ``none``; empty if it says nothing."""


class Limit(Fact, frozen=True):
    """How often a route may be called. `rate` as it is written, ``5/minute``; empty if it is not known."""

    name: str
    rate: str
    path: str
    line: int


class Entry(Fact, frozen=True):
    """An entry point. `module` and `function` name the handler: path of the module and index of the function; `name` is its qualified name.

    `line`: where that module makes it one (a decorator, a registration), else where the handler begins. `hook`: it is no handler, but what the framework
    runs on the way to one: a method of a view, of its serializer or form.
    """

    kind: EntryKind
    module: str
    function: int
    name: str
    line: int
    framework: str
    hook: bool = False

    @property
    def said(self) -> str:
        """For messages: ``the route orders``, ``a route that runs Order.validate``."""
        name = self.name.replace(".<locals>", "")
        return f"a {self.kind.value} that runs {name}" if self.hook else f"the {self.kind.value} {name}"


class Route(Fact, frozen=True):
    """One method of one path. `path` is the full path with every prefix; parameters as the framework writes them.

    `function` is -1 if a library answers: the inherited method of a generic view, a ready-made view; `module` is then empty. `method` is ``*`` if every
    method is answered or which ones is unknown, ``WEBSOCKET`` for websockets. A part of `path` that is not known is ``{?}``. `declared_in`, `line`: where
    the registration stands. `request` and `response` name the models, empty if there are none or they are unknown.
    """

    method: str
    path: str
    module: str
    function: int
    name: str
    framework: str
    declared_in: str
    line: int
    guards: tuple[Guard, ...] = ()
    request: str = ""
    response: str = ""
    is_websocket: bool = False
    dependencies: tuple[tuple[str, int], ...] = ()
    """Functions that run before the handler (``Depends``, ``before_request``), as (module, function)."""
    authenticated: bool | None = None
    """Who calls is checked: by a guard or by the handler itself; None if that is unknown."""
    owner: tuple[str, int] | None = None
    """Path and index of the class that the handler is called on, for class-based handlers."""
    limits: tuple[Limit, ...] = ()
    url_name: str = ""
    """What ``reverse()`` calls it, without its namespace; empty if it has no name of its own."""
