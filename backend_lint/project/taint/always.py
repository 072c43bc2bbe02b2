"""Calls that are dangerous whatever they are given: loaders told to make any object, unguarded doors, shells on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.taint import Danger, makes_objects
from backend_lint.project.taint.library import PROGRAMS, SHELLS, SINKS, YAML
from backend_lint.project.value_text import call_ids, constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_UNSAFE = frozenset({"yaml.unsafe_load", "yaml.unsafe_load_all"})
_WILDCARD = lazy_regex(r"\b(?:tar|chown|chmod|rsync)\s(?:[^;|&]*\s)?\*")
"""Names of files that begin with a dash become options of these."""
_UNPACKING = frozenset({"tarfile.open().extractall", "tarfile.TarFile.extractall", "tarfile.TarFile.open().extractall"})
_STARTING = frozenset({"system", "popen", "run", "call", "check_call", "check_output", "Popen", "popen2", "popen3", "popen4", "getoutput", "getstatusoutput"})
_METHODS = _STARTING | {"unsafe_load", "unsafe_load_all", "load", "load_all", "extractall", "YAML", "listen", "Client", "Listener", "set_cookie", "dup2"}
_KEPT_INSIDE = frozenset({"data", "tar"})
_AUTHKEYS = {"multiprocessing.connection.Client": 2, "multiprocessing.connection.Listener": 3}
"""The position of the key that both sides show before anything is loaded."""
_PICKLING = frozenset({"pickle.dumps", "_pickle.dumps", "cPickle.dumps", "dill.dumps", "cloudpickle.dumps", "marshal.dumps", "jsonpickle.encode"})
ENCODING = frozenset("b64encode urlsafe_b64encode standard_b64encode b32encode hexlify compress encode decode hex encodebytes b2a_base64".split())


class Always(NamedTuple):
    """A call that is dangerous as it stands."""

    danger: Danger
    key: FunctionKey
    call: Call


def always(project: Project) -> Iterator[Always]:
    """Such calls, in order of path and line."""
    for module, function, _, call in project.named_calls.calls(*sorted(_METHODS)):
        if module.role is Role.APPLICATION:
            key = (module.path, function)
            method = call.callee.rpartition(".")[2]
            if method == "set_cookie":
                if _is_pickled(project, key, next((text for name, text in call.keywords if name == "value"), next(iter(call.args[1:2]), ""))):
                    yield Always(Danger.COOKIE, key, call)
                continue
            ref = project.value(module.path, function, call.callee)
            if ref is not None and ref.kind is RefKind.EXTERNAL and (danger := _armed(project, key, ref.name, call)) is not None:
                yield Always(danger, key, call)


def _armed(project: Project, key: FunctionKey, name: str, call: Call) -> Danger | None:
    given = dict(call.keywords)
    sink = SINKS.get(name)
    if sink is not None and sink.danger is Danger.COMMAND:
        is_armed = not sink.needs[0] or has_shell(call)
        return Danger.COMMAND if is_armed and call.args and _WILDCARD.search(constant_string(call.args[0]) or "") else None
    if name in _UNSAFE or (name in YAML and (call.args or "stream" in given) and makes_objects(project, key, call)):
        return Danger.PICKLE
    if name == "torch.load" and given.get("weights_only") == "False":
        return Danger.PICKLE
    if name == "ruamel.yaml.YAML" and given.get("typ", next(iter(call.args), "")) == "'unsafe'":
        return Danger.PICKLE
    if name == "logging.config.listen":
        return Danger.LISTENER if not {"verify", "**"} & given.keys() and len(call.args) < 2 else None
    if name in _AUTHKEYS:
        return Danger.CONNECTION if _is_open_to_network(name, call) else None
    if name == "os.dup2":
        return Danger.REMOTE if call.args and _is_remote_shell(project, key, call) else None
    if name in _UNPACKING and given.get("filter", "").strip("'").rpartition(".")[2].removesuffix("_filter") not in _KEPT_INSIDE and "members" not in given:
        return Danger.PATH
    return None


def has_shell(call: Call) -> bool:
    """Whether a call of `subprocess` asks for a shell."""
    return any(keyword == "shell" and value != "False" for keyword, value in call.keywords)


def _is_open_to_network(name: str, call: Call) -> bool:
    """An address of host and port, and no key; sockets of the file system are kept by its permissions."""
    given = dict(call.keywords)
    place = _AUTHKEYS[name]
    key = given.get("authkey", call.args[place] if len(call.args) > place else "None")
    address = given.get("address", next(iter(call.args), ""))
    return key == "None" and "**" not in given and address[:1] == "[" and len(split(address[1:-1])) == 2


def _is_pickled(project: Project, key: FunctionKey, text: str) -> bool:
    """Whether a value is the result of a function that pickles, as it is or encoded."""
    calls = project.calls.body(key).calls
    waiting = call_ids(text)
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number in seen or number >= len(calls):
            continue
        seen.add(number)
        call = calls[number]
        receiver, _, method = call.callee.rpartition(".")
        if method in ("dumps", "encode"):
            ref = project.value(*key, call.callee)
            if ref is not None and ref.name in _PICKLING:
                return True
        if method in ENCODING:
            waiting += [inner for one in (*call.args[:1], receiver) for inner in call_ids(one)]
    return False


def _is_remote_shell(project: Project, key: FunctionKey, call: Call) -> bool:
    """A socket takes the place of a standard stream, and a shell is started."""
    body = project.calls.body(key)
    return _is_of_socket(project, key, body, call.args[0]) and any(_is_shell(project, key, one) for one in body.calls)


def _is_of_socket(project: Project, key: FunctionKey, body: Body, text: str) -> bool:
    callees = [body.calls[number].callee for number in call_ids(text) if number < len(body.calls)]
    owners = [callee.removesuffix(".fileno") for callee in callees if callee.endswith(".fileno")]
    return any(ref is not None and ref.name.startswith("socket.") for ref in (project.value(*key, owner) for owner in owners))


def _is_shell(project: Project, key: FunctionKey, call: Call) -> bool:
    ref = project.value(*key, call.callee)
    if ref is None or not call.args or (ref.name not in PROGRAMS and ref.name not in SINKS):
        return False
    first = next(iter(split(call.args[0][1:-1])), "") if call.args[0][:1] == "[" else call.args[0]
    return (constant_string(first) or "").partition(" ")[0].rpartition("/")[2] in SHELLS
