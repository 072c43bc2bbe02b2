"""How the service is run: the processes that files start, and the deadlines that bound a web request or a task.

What cannot be known bounds nothing: a deadline set to an unknown value answers no question, and where several of one kind may hold the longest counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from backend_lint.api import Evidence
from backend_lint.duration import referenced, seconds
from backend_lint.facts.deployment import Bound, Deadline, Manifest, Origin, Process
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import SourceModule
from backend_lint.project.python_deadlines import GUNICORN_FILES, celery_deadlines, gunicorn_settings, gunicorn_value
from backend_lint.project.quantities import Quantities
from backend_lint.project.settings import declarations, decoded
from backend_lint.project.value_text import constant_string

_DEPLOY_FOLDERS = frozenset(
    {
        *(
            "deploy",
            "deployment",
            "deployments",
            "docker",
            ".docker",
            "compose",
            "k8s",
            "kube",
            "kubernetes",
            "manifests",
            "helm",
            "chart",
            "charts",
            "templates",
        ),
        *("infra", "infrastructure", "terraform", "cloud", "iac", "ops", "devops", ".devops", "base", "overlays", "nginx", "ci", "etc"),
        *("config", "conf", "settings", "scripts", "script", "bin", "envs", ".envs"),
    }
)
_DEVELOPMENT = lazy_regex(
    r"(?:^|[/._-])(?:dev|devel|development|local|test|tests|testing|ci|e2e|override|debug|devcontainer|\.devcontainer|example|examples|sample)(?:[/._-]|$)"
)
_WEB_SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "uwsgi", "waitress-serve"})
_FUNCTION_KINDS = frozenset({"lambda", "api-gateway", "cloud-function", "vercel-function", "app-engine"})
"""Deadlines of platforms that run functions: they say nothing of code that a server process runs."""
_TASK_KINDS = frozenset({"celery-time-limit", "celery-soft-time-limit", "dramatiq-time-limit"})
_OPTIONS = {
    # program -> option, kind, what it bounds
    "uvicorn": (("timeout-keep-alive", "uvicorn-keepalive", Bound.CONNECTION), ("timeout-graceful-shutdown", "graceful-shutdown", Bound.SHUTDOWN)),
    "hypercorn": (("keep-alive", "hypercorn-keepalive", Bound.CONNECTION), ("graceful-timeout", "graceful-shutdown", Bound.SHUTDOWN)),
    "daphne": (("http-timeout", "daphne-http", Bound.REQUEST),),
    "uwsgi": (("harakiri", "uwsgi-harakiri", Bound.REQUEST), ("http-timeout", "uwsgi-http", Bound.REQUEST)),
    "gunicorn": (("graceful-timeout", "graceful-shutdown", Bound.SHUTDOWN), ("keep-alive", "gunicorn-keepalive", Bound.CONNECTION)),
    "celery": (("time-limit", "celery-time-limit", Bound.TASK), ("soft-time-limit", "celery-soft-time-limit", Bound.TASK)),
}
_GUNICORN_DEFAULT = 30.0


def is_development(path: str) -> bool:
    """Whether a file is for a developer's machine, a test or an example."""
    return _DEVELOPMENT.search(path.lower()) is not None


class Running(msgspec.Struct, frozen=True):
    """A process with the file that starts it. `development`: the file is for a developer's machine, a test or an example."""

    path: str
    process: Process
    home: str
    development: bool


class Limit(msgspec.Struct, frozen=True):
    """A deadline with its file. `home` is the folder whose code it is about, empty for the whole project."""

    path: str
    deadline: Deadline
    home: str = ""
    development: bool = False

    @property
    def seconds(self) -> float | None:
        return self.deadline.seconds

    def evidence(self) -> Evidence:
        """The place of the deadline, said for a reader."""
        found = self.deadline
        value = "unknown" if found.seconds is None else f"{found.seconds:g} s"
        sure = {Origin.WRITTEN: "", Origin.ASSUMED: " (unless the environment sets another)", Origin.DEFAULT: " (its default; none is set)"}[found.origin]
        unit = f" of {found.unit}" if found.unit else ""
        return Evidence(self.path, found.line, f"{found.kind.replace('-', ' ')} deadline{unit}: {value}{sure}")


class Deployment(msgspec.Struct, frozen=True):
    """All processes and deadlines of the project, in the order of files."""

    processes: tuple[Running, ...]
    deadlines: tuple[Limit, ...]

    @classmethod
    def link(cls, manifests: Mapping[str, msgspec.Raw], modules: Mapping[str, SourceModule]) -> Deployment:
        """Joins what manifests start and bound with what Python configuration files set."""
        return _Linker(decoded(manifests), modules).linked()

    def request_deadline(self, path: str = "") -> Limit | None:
        """The tightest known deadline of a web request that the code at `path` answers; None if none is known."""
        return next(iter(self.chain(Bound.REQUEST, path)), None)

    def task_deadline(self, path: str = "", function: str = "") -> Limit | None:
        """The tightest known deadline of the task `function` (qualified name) defined at `path`; None if none is known."""
        own = [limit for limit in self.deadlines if function and limit.path == path and limit.deadline.unit == function and limit.deadline.bounds is Bound.TASK]
        kinds = {limit.deadline.kind for limit in own}
        general = [limit for limit in self.chain(Bound.TASK, path) if limit.deadline.kind not in kinds]
        known = [limit for limit in (*own, *general) if limit.seconds is not None]
        return min(known, key=_tightness) if known else None

    def chain(self, bounds: Bound, path: str = "") -> list[Limit]:
        """The known deadlines of this sort around the code at `path`, the tightest first: of each kind the longest one that may hold."""
        near = [limit for limit in self.deadlines if limit.deadline.bounds is bounds and not limit.development and _inside(path, limit.home)]
        if bounds is Bound.TASK:
            near = [limit for limit in near if limit.deadline.kind in _TASK_KINDS and not (limit.path.endswith(".py") and limit.deadline.unit)]
        elif self.serves(path):
            near = [limit for limit in near if limit.deadline.kind not in _FUNCTION_KINDS]
        kinds: dict[str, list[Limit]] = {}
        for limit in near:
            kinds.setdefault(limit.deadline.kind, []).append(limit)
        held = [max(found, key=_tightness) for found in kinds.values() if all(limit.seconds is not None for limit in found)]
        return sorted(held, key=_tightness)

    def serves(self, path: str = "") -> bool:
        """Whether a web server process runs the code at `path`."""
        return any(entry.process.program in _WEB_SERVERS and _inside(path, entry.home) for entry in self.processes)


def _tightness(limit: Limit) -> tuple[float, str, int]:
    return (limit.seconds or 0.0, limit.path, limit.deadline.line)


def _inside(path: str, home: str) -> bool:
    return not home or not path or path.startswith(home + "/")


def home_of(path: str) -> str:
    """The folder whose code a deployment file is about: its own, or the one that holds its ``deploy/``, ``k8s/``, ``config/`` ... folder.

    >>> home_of("services/shop/deploy/k8s/ingress.yaml"), home_of("Dockerfile")
    ('services/shop', '')
    """
    kept = []
    for part in path.split("/")[:-1]:
        if part.lower() in _DEPLOY_FOLDERS:
            break
        kept.append(part)
    return "/".join(kept)


class _Linker:
    """Derives deadlines from processes: their options, their configuration files, what they do by default."""

    def __init__(self, manifests: Mapping[str, Manifest], modules: Mapping[str, SourceModule]) -> None:
        self.manifests = manifests
        self.modules = modules
        values: dict[str, set[str | None]] = {}
        for declaration in declarations(manifests):
            if not is_development(declaration.path):
                values.setdefault(declaration.variable.name, set()).add(declaration.variable.value)
        self.declared = {name: next(iter(found)) if len(found) == 1 else None for name, found in values.items()}
        self.quantities = Quantities(modules, self.declared)
        self.homes = {home_of(path) for path in manifests} - {""}

    def linked(self) -> Deployment:
        processes = []
        deadlines: list[Limit] = []
        for path, manifest in self.manifests.items():
            development = is_development(path)
            for process in manifest.processes:
                running = Running(path, process, self._process_home(path, manifest, process), development or self._reloads(process))
                processes.append(running)
                deadlines.extend(Limit(place, deadline, running.home, running.development) for place, deadline in self._of_process(path, manifest, process))
            deadlines.extend(Limit(path, deadline, home_of(path), development) for deadline in self._of_manifest(path, manifest))
        for path, module in self.modules.items():
            development = is_development(path)
            home = self._module_home(path)
            deadlines.extend(Limit(path, deadline, home, development) for deadline in celery_deadlines(path, module, self.quantities))
        return Deployment(tuple(processes), tuple(deadlines))

    def _process_home(self, path: str, manifest: Manifest, process: Process) -> str:
        for workload in manifest.workloads:
            if manifest.form == "compose" and workload.name == process.unit and workload.target:
                joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), workload.target))
                return "" if joined == "." or joined.startswith((".", "/")) else home_of(joined + "/")
        return home_of(path)

    def _module_home(self, path: str) -> str:
        return max((home for home in self.homes if _inside(path, home)), key=len, default="")

    @staticmethod
    def _reloads(process: Process) -> bool:
        names = {name for name, _ in process.options}
        return bool(names & {"reload", "autoreload", "debug"}) or "runserver" in process.command

    def _of_manifest(self, path: str, manifest: Manifest) -> Iterator[Deadline]:
        yield from manifest.deadlines
        folder = posixpath.dirname(path)
        if manifest.form == "procfile" and posixpath.join(folder, "app.json") in self.manifests:
            for process in manifest.processes:
                if process.unit == "web":
                    yield Deadline("heroku-router", Bound.REQUEST, 30.0, process.line, "web", "", Origin.DEFAULT)

    def _of_process(self, path: str, manifest: Manifest, process: Process) -> Iterator[tuple[str, Deadline]]:
        options = dict(process.options)
        for option, kind, bounds in _OPTIONS.get(process.program, ()):
            if option in options:
                yield from self._written(path, process, options[option], kind, bounds)
        if process.program == "gunicorn":
            yield from self._gunicorn(path, manifest, process, options)

    def _written(self, path: str, process: Process, text: str, kind: str, bounds: Bound) -> Iterator[tuple[str, Deadline]]:
        value, assumed = self._seconds(text)
        if value is None or value > 0:
            yield path, Deadline(kind, bounds, value, process.line, process.unit, text[:80], Origin.ASSUMED if assumed else Origin.WRITTEN)

    def _seconds(self, text: str) -> tuple[float | None, bool]:
        name = referenced(text)
        if name is not None and name in self.declared:
            return seconds(self.declared[name] or "")[0], True
        return seconds(text)

    # -- gunicorn: command line, then GUNICORN_CMD_ARGS, then the configuration file, then 30 s ------

    def _gunicorn(self, path: str, manifest: Manifest, process: Process, options: Mapping[str, str]) -> Iterator[tuple[str, Deadline]]:
        from_environment = any(variable.name == "GUNICORN_CMD_ARGS" for variable in manifest.variables) or "GUNICORN_CMD_ARGS" in self.declared
        files = self._configuration(path, options.get("config"))
        bounds = self._gunicorn_bounds(options, files, from_environment)
        if "timeout" in options:
            yield from self._written(path, process, options["timeout"], "gunicorn-worker", bounds)
            return
        if from_environment or files is None:
            yield path, Deadline("gunicorn-worker", bounds, None, process.line, process.unit)
            return
        for file in files:
            found = gunicorn_value(file, self.modules, "timeout", self.quantities)
            if found is not None:
                number, origin, line = found
                if number is None or number > 0:
                    yield file, Deadline("gunicorn-worker", bounds, number, line, process.unit, "", origin)
                return
        yield path, Deadline("gunicorn-worker", bounds, _GUNICORN_DEFAULT, process.line, process.unit, "", Origin.DEFAULT)

    def _configuration(self, path: str, written: str | None) -> list[str] | None:
        """The configuration file of a gunicorn process as a list of at most one path; None if it is one that we do not have or cannot tell."""
        home = home_of(path)
        if written is None:
            found = [file for file in self.modules if file.rpartition("/")[2] in GUNICORN_FILES and _inside(file, home)]
            return found if len(found) < 2 else None
        name = written.removeprefix("file:").removeprefix("python:")
        if written.startswith("python:"):
            name = name.replace(".", "/") + ".py"
        base = name.rpartition("/")[2]
        same = [file for file in self.modules if file.rpartition("/")[2] == base and _inside(file, home)]
        if len(same) > 1:
            same = [file for file in same if file.endswith(name.lstrip("./"))]
        return same if len(same) == 1 else None

    def _gunicorn_bounds(self, options: Mapping[str, str], files: Iterable[str] | None, from_environment: bool) -> Bound:
        """Only a sync worker is killed in the middle of a request; the others answer their arbiter from another thread or loop."""
        if from_environment and "worker-class" not in options:
            return Bound.HEARTBEAT
        worker = options.get("worker-class")
        threads = options.get("threads")
        for file in files or ():
            settings = gunicorn_settings(self.modules[file])
            names = {assign.target for assign in self.modules[file].bodies[0].assigns}
            if worker is None and "worker_class" in names:
                worker = (constant_string(settings["worker_class"].value) if "worker_class" in settings else None) or "?"
            if threads is None and "threads" in names:
                number, _ = self.quantities.value(file, 0, settings["threads"].value) if "threads" in settings else (None, None)
                threads = "?" if number is None else f"{number:g}"
        is_sync = worker in (None, "sync", "gunicorn.workers.sync.SyncWorker") and threads in (None, "1")
        return Bound.REQUEST if is_sync else Bound.HEARTBEAT
