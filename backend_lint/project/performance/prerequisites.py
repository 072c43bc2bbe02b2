"""What a service needs to be up when one of its machines is not: read from deployment files, where there are some that say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.duration import digits
from backend_lint.facts.deployment import Manifest, Workload
from backend_lint.project.deployment import is_development
from backend_lint.project.settings import decoded

if TYPE_CHECKING:
    from backend_lint.project import Project

_SERVED = frozenset({"Deployment"})
_WORKERS = ("worker", "celery", "beat", "scheduler", "cron", "consumer", "migrat", "job")
_STATEFUL = (
    "postgres", "mysql", "mariadb", "mongo", "redis", "valkey", "memcached", "rabbitmq", "kafka", "zookeeper", "elasticsearch", "opensearch", "minio", "nats",
    "mailhog", "mailpit", "maildev", "pgadmin", "adminer", "prometheus", "grafana", "jaeger", "registry", "chroma", "etcd", "vault", "consul", "clickhouse",
)  # fmt: skip
"""Servers of others, of which a second copy is no cure: their data must be replicated, or nobody's requests wait for them."""


class Want(msgspec.Struct, frozen=True):
    """Something that is not there. `what` is half a sentence, `cure` the smallest change."""

    path: str
    line: int
    what: str
    cure: str


def wants(project: Project) -> tuple[Want, ...]:
    """What the web services of a project lack, in the order of files."""
    manifests = {path: manifest for path, manifest in decoded(project.manifests).items() if not is_development(path)}
    cluster = {path: manifest for path, manifest in manifests.items() if manifest.form == "kubernetes"}
    found = [want for path, manifest in cluster.items() for want in _of(path, manifest, cluster)]
    if not any(manifest.form in ("kubernetes", "helm", "terraform", "procfile") for manifest in manifests.values()):
        # where nothing else is said to run the service, Compose does
        found += [want for path, manifest in manifests.items() if manifest.form == "compose" for want in _of_compose(path, manifest)]
    return tuple(found)


def _of(path: str, manifest: Manifest, cluster: Mapping[str, Manifest]) -> Iterator[Want]:
    for workload in manifest.workloads:
        units = {port.unit for port in manifest.ports if port.unit.partition("/")[0] == workload.name}
        image = workload.image.rpartition("/")[2].lower()
        if workload.kind not in _SERVED or not units or any(word in workload.name.lower() for word in _WORKERS) or image.startswith(_STATEFUL):
            continue
        copies = _copies(workload, cluster)
        if copies == 1:
            yield Want(path, workload.line, f"{workload.name} runs once: each restart, eviction and lost machine is an outage", "replicas: 2")
        yield from _of_copies(path, workload, copies, cluster)
        ready = {probe.unit for probe in manifest.probes if probe.kind == "readiness"}
        for unit in sorted(units - ready):
            what = f"{unit} has no readiness probe: it is sent requests before it can answer, with every deployment"
            yield Want(path, next(port.line for port in manifest.ports if port.unit == unit), what, "readinessProbe: a path that answers when the service can")


def _copies(workload: Workload, cluster: Mapping[str, Manifest]) -> int | None:
    """How many run at least, by the file, its overlays and whatever scales it; None if a template or nobody says: one is Kubernetes' default."""
    same = [one for manifest in cluster.values() for one in manifest.workloads]
    counts = [one.replicas for one in same if one.name == workload.name and one.replicas is not None]
    # of an autoscaler that says no least, one is kept
    counts += [one.minimum or 1 for one in same if one.target == workload.name]
    return max(counts, default=None)


def _of_copies(path: str, workload: Workload, copies: int | None, cluster: Mapping[str, Manifest]) -> Iterator[Want]:
    """What takes several copies away at once: a new version, a drained machine, a lost zone."""
    name, line = workload.name, workload.line
    taken = _taken(workload.unavailable, copies)
    if taken is not None:
        yield Want(path, line, f"{name} is away with every new version: {taken}", "strategy: RollingUpdate with maxUnavailable: 0")
    if copies is None or copies < 2:
        return
    guarded = [one for manifest in cluster.values() for one in manifest.disruptions]
    pods = set(workload.labels)
    if not any(not one.labels or not pods or set(one.labels) <= pods for one in guarded):
        what = f"no PodDisruptionBudget keeps a copy of {name} up while machines are drained: upgrades may take all {copies} at once"
        yield Want(path, line, what, "a PodDisruptionBudget with maxUnavailable: 1")
    if workload.spread is False:
        what = f"nothing asks for the {copies} copies of {name} to run apart: one machine or zone may have them all"
        yield Want(path, line, what, "topologySpreadConstraints with topology.kubernetes.io/zone")


def _taken(unavailable: str, copies: int | None) -> str | None:
    """Why a rollout leaves no copy, if it does."""
    if unavailable == "all":
        return "its strategy is Recreate"
    number = digits(unavailable.removesuffix("%"))
    if number is not None and (number >= 100 if unavailable.endswith("%") else copies is not None and number >= copies):
        return f"maxUnavailable is {unavailable}"
    return None


def _of_compose(path: str, manifest: Manifest) -> Iterator[Want]:
    servers = {process.unit for process in manifest.processes if process.role == "web" and "reload" not in dict(process.options)}
    for workload in manifest.workloads:
        if workload.kind == "service" and workload.restarts is False and workload.name in servers and "runserver" not in _command(manifest, workload.name):
            yield Want(path, workload.line, f"{workload.name} is not started again when it ends, nor after a reboot", "restart: unless-stopped")


def _command(manifest: Manifest, unit: str) -> str:
    return " ".join(process.command for process in manifest.processes if process.unit == unit)
