"""Whether the code around an outbound call that has no timeout would see one: who is given a timeout has to catch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.blocks import protecting_handlers
from backend_lint.project.libraries.exceptions import BROAD_ERRORS

if TYPE_CHECKING:
    from backend_lint.facts.python import Handler
    from backend_lint.project import Project
    from backend_lint.project.timeouts import Outbound

_ALL = BROAD_ERRORS | {"OSError", "IOError", "EnvironmentError"}
_MODULES = ("requests", "requests.exceptions")
_SEEN = ("RequestException", "Timeout", "ReadTimeout")
_AWAY = ("ConnectionError", "ConnectTimeout", "SSLError", "ProxyError")
_SEES = {
    "requests": _ALL | {f"{module}.{name}" for module in _MODULES for name in _SEEN},
    "urllib": _ALL | {"TimeoutError", "socket.timeout", "socket.error"},
}
"""What a library's timeout is an instance of: `requests` and ``urlopen`` wait for the answer's first bytes outside what they turn into their other errors."""
_OUTAGES = {
    "requests": {f"{module}.{name}" for module in _MODULES for name in _AWAY},
    "urllib": {"urllib.error.URLError", "urllib.request.URLError", "urllib2.URLError"},
}
_CLASS = {"requests": "requests.Timeout", "urllib": "TimeoutError"}


def catch_as_well(project: Project, found: Outbound) -> str:
    """What else the ``except`` clauses around a call have to catch: those that know that the other side may be away, and not that it may be slow."""
    library = "requests" if found.name.startswith("requests.") else "urllib" if found.name.endswith(".urlopen") and found.name.startswith("urllib.") else ""
    if not library or found.handed_over:
        return ""
    outage: Handler | None = None
    named = ""
    for handler in protecting_handlers(project.modules[found.path].bodies[found.function], found.call.block):
        for text in handler.types or ("BaseException",):
            ref = project.value(found.path, found.function, text)
            name = ref.name if ref is not None else text
            if ref is None or name.removeprefix("builtins.") in _SEES[library]:
                return ""  # what is not known may be one of them
            if outage is None and name in _OUTAGES[library]:
                outage, named = handler, name.rpartition(".")[2]
    return f", and catch `{_CLASS[library]}` beside `{named}` in line {outage.line}" if outage is not None else ""
