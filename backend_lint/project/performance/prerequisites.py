"""What a service needs to be up when one of its machines is not: read from deployment files, where there are some that say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.deployment import Manifest
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
    manifests = {path: manifest for path, manifest in decoded(project.manifests).items() if manifest.form == "kubernetes" and not is_development(path)}
    scaled = {workload.target for manifest in manifests.values() for workload in manifest.workloads if workload.target and (workload.minimum or 1) > 1}
    return tuple(want for path, manifest in manifests.items() for want in _of(path, manifest, scaled))


def _of(path: str, manifest: Manifest, scaled: set[str]) -> Iterator[Want]:
    for workload in manifest.workloads:
        units = {port.unit for port in manifest.ports if port.unit.partition("/")[0] == workload.name}
        image = workload.image.rpartition("/")[2].lower()
        if workload.kind not in _SERVED or not units or any(word in workload.name.lower() for word in _WORKERS) or image.startswith(_STATEFUL):
            continue
        # a number that a template or an overlay sets is not known
        if workload.replicas == 1 and workload.name not in scaled:
            yield Want(path, workload.line, f"{workload.name} runs once: each restart, eviction and lost machine is an outage", "replicas: 2")
        ready = {probe.unit for probe in manifest.probes if probe.kind == "readiness"}
        for unit in sorted(units - ready):
            what = f"{unit} has no readiness probe: it is sent requests before it can answer, with every deployment"
            yield Want(path, next(port.line for port in manifest.ports if port.unit == unit), what, "readinessProbe: a path that answers when the service can")
