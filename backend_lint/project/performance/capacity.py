"""How many connections the servers of a project can hold at a time, as its deployment files start them. What is not known bounds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.duration import referenced, whole
from backend_lint.facts.deployment import Manifest
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.deployment import Running, home_of, is_development
from backend_lint.project.python_deadlines import GUNICORN_FILES, gunicorn_settings, gunicorn_value
from backend_lint.project.quantities import Quantities
from backend_lint.project.settings import declarations, decoded
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_ONE_EACH = ("sync", "gunicorn.workers.sync.SyncWorker")
_MANY_EACH = ("gthread", "gevent", "eventlet", "tornado", "gunicorn.workers.ggevent.GeventWorker", "gunicorn.workers.geventlet.EventletWorker")
_GUNICORN_CONNECTIONS = 1000
_WAITRESS_CONNECTIONS = 100
_WAITRESS_THREADS = 4
_FILE = lazy_regex(r"\.(?:ini|ya?ml|xml)\b")
_SCALED = frozenset({"Deployment", "StatefulSet", "service"})


class Holder(msgspec.Struct, frozen=True):
    """A server process as some file starts it. `limit`: how many connections all its copies hold, None if nothing that is known bounds them.

    `processes`: how many there are of it in all copies, None if that is not known. `parallel`: the most requests that one of them answers at a time, None if
    nothing that is known bounds them.
    """

    limit: int | None
    text: str
    path: str
    line: int
    evidence: tuple[Evidence, ...] = ()
    processes: int | None = None
    parallel: int | None = None


class _Bound(msgspec.Struct, frozen=True):
    """One copy of a server: `limit` connections in `workers` processes, each of which answers `parallel` requests at a time."""

    limit: int | None
    text: str
    workers: int
    parallel: int | None


class Capacity:
    """What can be said of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._manifests = decoded(project.manifests)
        self.manifests = {path: manifest for path, manifest in self._manifests.items() if not is_development(path)}
        values: dict[str, set[str | None]] = {}
        for one in declarations(self._manifests):
            if not is_development(one.path):
                values.setdefault(one.variable.name, set()).add(one.variable.value)
        self._declared = {name: next(iter(found)) if len(found) == 1 else None for name, found in values.items()}
        self.quantities = Quantities(project.modules, self._declared)

    def holders(self) -> tuple[Holder, ...]:
        """Every web server that production starts, as far as files say; the one that holds most is taken, for the others may be other ways to run the same."""
        found = [one for running in self._project.deployment.processes if not running.development for one in self._holder(running)]
        return tuple(sorted(found, key=lambda one: (one.limit is not None, -(one.limit or 0), one.path, one.line)))

    def _holder(self, running: Running) -> Iterator[Holder]:
        process = running.process
        manifest = self._manifests.get(running.path, Manifest(""))
        options = dict(process.options)
        bound = {"gunicorn": self._gunicorn, "uvicorn": self._uvicorn, "uwsgi": self._uwsgi, "waitress-serve": self._waitress}.get(process.program)
        if bound is None or process.role != "web" or (process.program == "uwsgi" and self._stands_elsewhere(process.command)):
            return
        each = self._uwsgi(running.path, manifest, options, process.command) if process.program == "uwsgi" else bound(running.path, manifest, options)
        if each is None:
            yield Holder(None, f"{process.program}: how many it starts is not known", running.path, process.line)
            return
        limit, text = each.limit, each.text
        copies, evidence = self._copies(running, manifest)
        files = next((quota for quota in manifest.quotas if quota.kind == "nofile" and quota.unit == process.unit), None)
        if files is not None:
            if limit is None or each.workers * files.number < limit:
                limit, text = each.workers * files.number, f"{text}, {files.number:,} open files each"
            evidence = (*evidence, Evidence(running.path, files.line, f"a process may open {files.number:,} files: each connection is one"))
        if copies > 1:
            text = f"{text}, {copies} copies"
        whole_limit = None if limit is None else limit * copies
        yield Holder(whole_limit, f"{process.program}: {text}", running.path, process.line, evidence, each.workers * copies, each.parallel)

    def _stands_elsewhere(self, command: str) -> bool:
        """A file of the project that the command names says what is started, and is a server of its own here."""
        names = {path.rpartition("/")[2] for path, manifest in self._manifests.items() if any(process.program == "uwsgi" for process in manifest.processes)}
        return any(word.rpartition("/")[2].rpartition("=")[2] in names for word in command.split() if _FILE.search(word))

    def _copies(self, running: Running, manifest: Manifest) -> tuple[int, tuple[Evidence, ...]]:
        """How often the process runs: what its own file says, else the most that any workload of the project has."""
        unit = running.process.unit.partition("/")[0]
        own = [(running.path, workload) for workload in manifest.workloads if workload.name == unit and workload.kind != "image"]
        all_of = [(path, workload) for path, one in self._manifests.items() if not is_development(path) for workload in one.workloads]
        counted = [
            (max(workload.replicas or 0, workload.maximum or 0), path, workload)
            for path, workload in own or all_of
            if workload.kind in _SCALED or workload.maximum is not None
        ]
        # a scaling object bounds the workload that it names
        scaled = [(workload.maximum or 0, path, workload) for path, workload in all_of if workload.target and workload.target == unit]
        scaled += [(workload.replicas or 0, path, workload) for path, workload in all_of if workload.kind == "Kustomization" and workload.name == unit]
        most = max([*counted, *scaled], key=lambda one: one[0], default=None)
        if most is None or most[0] < 2:
            return 1, ()
        number, path, workload = most
        return number, (Evidence(path, workload.line, f"{workload.name} runs {number} times"),)

    def _number(self, text: str | None, default: int | None) -> int | None:
        """A number of an option; None if it is set to what is not known."""
        if text is None:
            return default
        name = referenced(text)
        if name is not None and name in self._declared:
            return whole(self._declared[name] or "")
        return whole(text)

    def _workers(self, path: str, manifest: Manifest, options: dict[str, str], program: str) -> int | None:
        if program == "gunicorn":
            return self._setting(path, manifest, options, "workers", self._number("$WEB_CONCURRENCY", None) or self._concurrency(manifest))
        if program == "uvicorn":
            return self._number(options.get("workers"), self._concurrency(manifest))
        return self._number(options.get("processes") or options.get("workers"), 1)

    def _concurrency(self, manifest: Manifest) -> int | None:
        """Without an option, WEB_CONCURRENCY says how many workers there are, else there is one."""
        declared = [variable for variable in manifest.variables if variable.name == "WEB_CONCURRENCY"]
        if not declared and "WEB_CONCURRENCY" not in self._declared:
            # the platforms that read a Procfile set it by the size of the machine
            return None if manifest.form == "procfile" else 1
        return whole((declared[0].value if declared else self._declared.get("WEB_CONCURRENCY")) or "")

    def _setting(self, path: str, manifest: Manifest, options: dict[str, str], key: str, default: int | None) -> int | None:
        """A number of gunicorn's: the command line, then its file. None if it is set to what is not known."""
        option = key.replace("_", "-")
        if option in options:
            return self._number(options[option], default)
        if any(variable.name == "GUNICORN_CMD_ARGS" for variable in manifest.variables) or "GUNICORN_CMD_ARGS" in self._declared:
            return None
        files = self._files(path, options)
        if files is None:
            return None
        for file in files:
            if (found := gunicorn_value(file, self._project.modules, key, self.quantities)) is not None:
                return int(found[0]) if found[0] is not None else None
        return default

    def _files(self, path: str, options: dict[str, str]) -> list[str] | None:
        """The configuration file of a gunicorn process as a list of at most one path; None if it is one that we do not have or cannot tell."""
        home = home_of(path)
        named = options.get("config", "").removeprefix("file:").removeprefix("python:")
        if options.get("config", "").startswith("python:"):
            named = named.replace(".", "/") + ".py"
        names = {named.rpartition("/")[2]} if named else GUNICORN_FILES
        found = [file for file in self._project.modules if file.rpartition("/")[2] in names and (not home or file.startswith(home + "/"))]
        if len(found) > 1 and named:
            found = [file for file in found if file.endswith(named.lstrip("./"))]
        return found if len(found) == 1 or not (named or found) else None

    def _gunicorn(self, path: str, manifest: Manifest, options: dict[str, str]) -> _Bound | None:
        workers = self._workers(path, manifest, options, "gunicorn")
        threads = self._setting(path, manifest, options, "threads", 1)
        connections = self._setting(path, manifest, options, "worker_connections", _GUNICORN_CONNECTIONS)
        kind = options.get("worker-class")
        for file in (self._files(path, options) or ()) if kind is None else ():
            if "worker_class" in {assign.target for assign in self._project.modules[file].bodies[0].assigns}:
                setting = gunicorn_settings(self._project.modules[file]).get("worker_class")
                kind = (constant_string(setting.value) if setting is not None else None) or "?"
        kind = kind or "sync"
        if workers is None or threads is None or connections is None or kind == "?" or "$" in kind:
            return None
        if kind in _ONE_EACH and threads == 1:
            return _Bound(workers, f"{workers} sync workers, one connection each", workers, 1)
        if kind in _ONE_EACH or kind == "gthread":
            text = f"{workers} workers, {connections} connections each, {threads} threads each answer"
            return _Bound(workers * connections, text, workers, threads)
        if kind in _MANY_EACH:
            return _Bound(workers * connections, f"{workers} workers, {connections} connections each", workers, connections)
        return _Bound(None, f"{workers} workers on an event loop", workers, None)

    def _uvicorn(self, path: str, manifest: Manifest, options: dict[str, str]) -> _Bound | None:
        workers = self._workers(path, manifest, options, "uvicorn")
        if "limit-concurrency" not in options:
            return _Bound(None, f"{workers} workers on an event loop", workers, None) if workers is not None else None
        limit = self._number(options["limit-concurrency"], None)
        if workers is None or limit is None:
            return None
        return _Bound(workers * limit, f"{workers} workers, --limit-concurrency {limit}", workers, limit)

    def _uwsgi(self, path: str, manifest: Manifest, options: dict[str, str], command: str = "") -> _Bound | None:
        workers = self._workers(path, manifest, options, "uwsgi")
        each = self._number(options.get("gevent") or options.get("async") or options.get("threads"), 1)
        if workers is None or each is None or any(name in options for name in ("ini", "xml", "yaml", "emperor")) or _FILE.search(command):
            return None  # a file that it names says more
        return _Bound(workers * each, f"{workers} processes, {each} requests each", workers, each)

    def _waitress(self, path: str, manifest: Manifest, options: dict[str, str]) -> _Bound | None:
        limit = self._number(options.get("connection-limit"), _WAITRESS_CONNECTIONS)
        threads = self._number(options.get("threads"), _WAITRESS_THREADS)
        return _Bound(limit, f"--connection-limit {limit}", 1, threads) if limit is not None and threads is not None else None
