"""What deployment and configuration files say: which processes run, which deadlines bound them, which environment variables they are given.

Lines count from 1. Values of variables with secret-like names are ``***`` from the moment they are read; credentials inside URLs too.
"""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact


class Bound(enum.StrEnum):
    """What ends when a deadline passes."""

    REQUEST = "request"
    """The answer to one web request."""
    TASK = "task"
    """One background task, job or message."""
    CONNECTION = "connection"
    """An idle or kept-alive connection; a request that is being worked on is not cut."""
    SHUTDOWN = "shutdown"
    """The time between the signal to stop and the kill."""
    REDELIVERY = "redelivery"
    """The time after which a broker hands an unacknowledged message out again."""
    HEARTBEAT = "heartbeat"
    """A worker that does not answer its supervisor; requests in other threads or on an event loop are not cut."""


class Origin(enum.StrEnum):
    """How sure a value is."""

    WRITTEN = "written"
    ASSUMED = "assumed"
    """The default of a variable that the environment may set otherwise."""
    DEFAULT = "default"
    """Nothing is written; the program's documented default."""


class Deadline(Fact, frozen=True):
    """A limit in seconds. `seconds` is None if one is set to a value that is not known; 0 and less never stand here: they mean no limit.

    `kind` names the setting: ``gunicorn-worker``, ``uwsgi-harakiri``, ``nginx-proxy-read``, ``ingress-read``, ``lambda``, ``api-gateway``, ``alb-idle``,
    ``cloud-run``, ``heroku-router``, ``celery-time-limit``, ``celery-soft-time-limit``, ``job-active-deadline`` ...
    `unit` is the service, container, function or virtual host it belongs to, empty if the file does not say. `text` is the value as written.
    """

    kind: str
    bounds: Bound
    seconds: float | None
    line: int
    unit: str = ""
    text: str = ""
    origin: Origin = Origin.WRITTEN


class Process(Fact, frozen=True):
    """A program that some file starts.

    `program` is its plain name (``gunicorn``, ``celery``, ``python``), `role` is ``web``, ``worker``, ``scheduler``, ``command`` or ``other``.
    `source` says which line of the file: ``dockerfile:cmd``, ``compose:command``, ``procfile``, ``shell`` ...; `options` are long names without
    dashes, a flag has the value ``true``; `target` is the application or module it serves; `command` is the command line, at most 300 characters.
    """

    program: str
    role: str
    line: int
    source: str
    unit: str = ""
    command: str = ""
    target: str = ""
    options: tuple[tuple[str, str], ...] = ()
    replaces_shell: bool = True
    """Signals reach it: exec form, ``exec`` in a script, or started by something that is no shell."""


class Variable(Fact, frozen=True):
    """A declaration of an environment variable. `value` is None if it is taken from elsewhere: a secret store, a parameter, the caller's environment."""

    name: str
    value: str | None
    line: int
    source: str
    unit: str = ""


class EnvironmentFile(Fact, frozen=True):
    """A reference to a file or object of variables: ``env_file`` of compose, ``configMapRef`` or ``secretRef`` of Kubernetes."""

    name: str
    line: int
    unit: str = ""
    kind: str = "file"


class Workload(Fact, frozen=True):
    """A service, deployment or function and how often it runs. `replicas` and the bounds of its scaling are None if not said or not known."""

    name: str
    kind: str
    line: int
    replicas: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    image: str = ""
    handler: str = ""
    target: str = ""
    """What a scaling object scales, or the folder a service is built from."""
    labels: tuple[tuple[str, str], ...] = ()
    """Of its pods, sorted."""
    spread: bool | None = None
    """Its copies are asked to run on different machines or in different zones; None if its kind of file cannot say."""
    unavailable: str = ""
    """How many copies a new version takes away at a time: ``all``, a number, a share in per cent; empty if the file does not say."""
    restarts: bool | None = None
    """It is started again when it ends; None if the file does not say and its platform does so by itself."""


class Probe(Fact, frozen=True):
    """A health check. `kind` is ``liveness``, ``readiness``, ``startup`` or ``healthcheck``; `target` a path, or a command line."""

    kind: str
    unit: str
    target: str
    line: int
    port: str = ""
    seconds: float | None = None
    """How long one check may take."""


class Port(Fact, frozen=True):
    """A port that a container or service listens on; the number or a variable as written."""

    number: str
    line: int
    unit: str = ""


class Operation(Fact, frozen=True):
    """An operation of an OpenAPI file that names the function that answers it. `path` with the parameters as the file writes them.

    `handler` is the dotted name of the function; `kinds` are the types of parameters that are no strings, as (name, ``int | float | path``).
    `secured`: the file asks for credentials; None if it says nothing.
    """

    method: str
    path: str
    handler: str
    line: int
    kinds: tuple[tuple[str, str], ...] = ()
    secured: bool | None = None


class Throttle(Fact, frozen=True):
    """A setting of a proxy or gateway that limits requests: ``limit_req zone=``, ``rate-limiting`` ..."""

    kind: str
    line: int


class Disruption(Fact, frozen=True):
    """A ``PodDisruptionBudget``: how many of the pods with these labels may be taken away on purpose. No labels: of which pods is not known."""

    name: str
    line: int
    labels: tuple[tuple[str, str], ...] = ()


class Quota(Fact, frozen=True):
    """A number that bounds a process from outside.

    `kind`: ``nofile``, the files and connections that it may have open; ``max-connections`` of a database server; ``pooler-clients``, ``pooler-servers`` and
    ``pooler-database`` of PgBouncer (its ``max_client_conn``, ``default_pool_size`` and ``max_db_connections``). `assumed`: nothing is written, so the
    documented default holds.
    """

    kind: str
    number: int
    line: int
    unit: str = ""
    assumed: bool = False


class Manifest(Fact, frozen=True):
    """The facts of one deployment file. `form` is its kind: ``compose``, ``kubernetes``, ``dockerfile`` ..., empty if it is no deployment file after all."""

    form: str
    processes: tuple[Process, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    variables: tuple[Variable, ...] = ()
    workloads: tuple[Workload, ...] = ()
    probes: tuple[Probe, ...] = ()
    ports: tuple[Port, ...] = ()
    files: tuple[EnvironmentFile, ...] = ()
    operations: tuple[Operation, ...] = ()
    base: str = ""
    """The path that all operations stand below, as the file says."""
    throttles: tuple[Throttle, ...] = ()
    quotas: tuple[Quota, ...] = ()
    disruptions: tuple[Disruption, ...] = ()
