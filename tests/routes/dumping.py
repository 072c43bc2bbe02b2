"""What the dumpers share: an application found by name, its table printed as JSON, and each route asked by a client that shows no papers.

Runs in the environment of the application that is dumped, so it uses nothing but the standard library.
"""

import importlib
import inspect
import json
import os
import pathlib
import re
import signal
import sys
import uuid

METHODS = ("get", "post", "put", "patch", "delete")
UNREAD = ("HEAD", "OPTIONS", "TRACE")
WORDS = {"int": "1", "float": "1.5", "uuid": str(uuid.UUID(int=1)), "path": "a", "slug": "a", "str": "a", "string": "a", "any": "a", "default": "a"}
CANDIDATES = ("1", "a", str(uuid.UUID(int=1)), "0" * 40, "a-b", "2020", "01", "a/b", "a@example.org", "0" * 32, "a.b", "A", "MQ", "1.0", "")
SECONDS = 20


def options():
    """The name of the application, the folder that holds its source, and whether to ask: ``module:name [--source FOLDER] [--start] [--ask]``."""
    given = [one for one in sys.argv[1:] if one not in ("--ask", "--start")]
    source = "."
    if "--source" in given:
        position = given.index("--source")
        source = given[position + 1]
        del given[position : position + 2]
    sys.path.insert(0, source)
    return (given[0] if given else ""), str(pathlib.Path(source).resolve()), "--ask" in sys.argv


def application(name):
    """``module:attribute``, or ``module:factory()`` for what a function makes."""
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    for part in attribute.removesuffix("()").split(".") if attribute else ():
        found = getattr(found, part)
    return found() if attribute.endswith("()") else found


def unwrapped(function):
    """The function that its author wrote, behind decorators and partials."""
    for _ in range(30):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if not callable(inner) or inner is function:
            break
        function = inner
    return function


def file_of(thing):
    """Where it is written; empty if nothing says."""
    try:
        file = inspect.getsourcefile(unwrapped(thing))
    except (TypeError, OSError):
        file = getattr(sys.modules.get(getattr(thing, "__module__", "") or ""), "__file__", None)
    return str(pathlib.Path(file).resolve()) if file else ""


def within(file, source):
    """Whether a file belongs to the source, and not to an environment that lies in it."""
    return file.startswith(source + os.sep) and "site-packages" not in file[len(source) :]


def filled(path):
    """A path with a value for each parameter, for frameworks whose parameters are written ``{name:kind}`` or ``<kind:name>``."""
    path = re.sub(r"\{(\w+)(?::(\w+))?\}", lambda match: WORDS.get(match[2] or "", "1"), path)
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda match: WORDS.get(match[1] or "", "a"), path)


class Late(BaseException):
    """A request takes too long."""


def asked(send, method, path):
    """What a request is answered: ``refused`` if somebody without papers is turned away, ``answered`` for everything else, ``failed`` if it raises."""

    def late(*_):
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        status, location = send(method, path)
    except Late:
        return "late"
    except BaseException as error:
        return f"failed {type(error).__name__}"
    finally:
        signal.alarm(0)
    if status in (401, 403, 407):
        return f"refused {status}"
    if 300 <= status < 400 and re.search(r"log[-_]?in|sign[-_]?in|/auth\b|/oauth|/sso", location or "", re.I):
        return f"refused {status}"
    return f"answered {status}"


def printed(rows):
    """The table, on a line of its own: what an application prints while it starts is not part of it."""
    sys.stdout.flush()
    sys.stdout.write("\n" + json.dumps(list(rows)) + "\n")
