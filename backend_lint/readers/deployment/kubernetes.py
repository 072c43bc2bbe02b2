"""Kubernetes manifests, Knative services (Cloud Run) and the values of Helm charts."""

from __future__ import annotations

from backend_lint.duration import whole
from backend_lint.facts.deployment import Bound, Disruption, EnvironmentFile, Manifest, Origin, Port, Workload
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.databases import of_pooler, of_values
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.tree import Node

_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout", "Job", "CronJob", "Pod", "ReplicationController", "DeploymentConfig"}
_NGINX = "nginx.ingress.kubernetes.io/"
_ALB = "alb.ingress.kubernetes.io/load-balancer-attributes"
_IDLE = lazy_regex(r"idle_timeout\.timeout_seconds=(\d{1,6})")
_DATABASES = {"Cluster", "postgresql", "PostgresCluster", "MariaDB", "PerconaPGCluster", "PerconaServerMySQL"}
"""Objects of which an operator makes a database: CloudNativePG, Zalando, Crunchy, MariaDB, Percona."""
_ROUTES = {"VirtualService": (("timeout",), "istio-route"), "HTTPRoute": (("timeouts", "request"), "gateway-route")}


def read_kubernetes(documents: list[Node]) -> Manifest:
    """The facts of a manifest file; a ``List`` is looked into."""
    draft = Draft("kubernetes")
    for document in documents:
        for resource in [document, *document.at("items").items()]:
            _object(draft, resource)
    return draft.finished()


def _object(draft: Draft, resource: Node) -> None:
    kind = resource.at("kind").plain() or ""
    name = resource.at("metadata", "name").plain() or ""
    if kind in _WORKLOADS:
        _workload(draft, kind, name, resource)
    elif kind == "Service" and (resource.at("apiVersion").text or "").startswith("serving.knative.dev"):
        _knative(draft, name, resource)
    elif kind == "HorizontalPodAutoscaler" or kind == "ScaledObject":
        _autoscaler(draft, kind, name, resource)
    elif kind == "PodDisruptionBudget":
        draft.disruptions.append(Disruption(name, resource.line, _labels(resource.at("spec", "selector", "matchLabels"))))
    elif kind == "Kustomization":
        for entry in resource.at("replicas").items():
            draft.workloads.append(Workload(entry.at("name").plain() or "", kind, entry.line, whole(entry.at("count").plain())))
    elif kind in _DATABASES:
        draft.quotas.extend(of_values(resource.at("spec"), name, inside=True))
    elif kind == "Pooler":
        draft.quotas.extend(of_pooler(resource.at("spec", "pgbouncer", "parameters"), name))
        draft.workloads.append(Workload(name, kind, resource.line, image="pgbouncer"))
    elif kind == "Ingress":
        _ingress(draft, name, resource.at("metadata", "annotations"), resource.at("spec", "ingressClassName").text)
    elif kind == "ConfigMap":
        draft.environment(resource.at("data"), name, "configmap")
        draft.quotas.extend(of_values(resource.at("data"), name))
    elif kind in {"Secret", "SealedSecret", "ExternalSecret"}:
        _secret(draft, kind, name, resource)
    elif kind in _ROUTES:
        path, deadline = _ROUTES[kind]
        for key in ("http", "rules"):
            for route in resource.at("spec", key).items():
                timeout = route.at(*path)
                if not timeout.empty:
                    draft.deadline(deadline, Bound.REQUEST, timeout.plain(), timeout.line, name)
    elif kind == "BackendConfig":
        timeout = resource.at("spec", "timeoutSec")
        if not timeout.empty:
            draft.deadline("gke-backend", Bound.REQUEST, timeout.plain(), timeout.line, name)


def _workload(draft: Draft, kind: str, name: str, resource: Node) -> None:
    spec = resource.at("spec")
    job = spec.at("jobTemplate", "spec") if kind == "CronJob" else spec
    pod = job.at("template", "spec") if kind != "Pod" else spec
    images = [container.at("image").plain() or "" for container in pod.at("containers").items()]
    affinity = pod.at("affinity", "podAntiAffinity")
    draft.workloads.append(
        Workload(
            name,
            kind,
            resource.line,
            whole(spec.at("replicas").plain()),
            image=images[0] if images else "",
            labels=_labels(spec.at("template", "metadata", "labels")),
            spread=bool(pod.at("topologySpreadConstraints").items()) or not affinity.empty,
            unavailable="all" if spec.at("strategy", "type").text == "Recreate" else spec.at("strategy", "rollingUpdate", "maxUnavailable").plain() or "",
        )
    )
    for key, bounds, label in (("activeDeadlineSeconds", Bound.TASK, "job-active-deadline"),):
        limit = job.at(key)
        if not limit.empty:
            draft.deadline(label, bounds, limit.plain(), limit.line, name)
    _pod(draft, name, pod)


def _labels(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value.plain() or "") for key, _, value in node.entries()))


def _pod(draft: Draft, name: str, pod: Node) -> None:
    grace = pod.at("terminationGracePeriodSeconds")
    if not grace.empty:
        draft.deadline("termination-grace", Bound.SHUTDOWN, grace.plain(), grace.line, name)
    for key in ("initContainers", "containers"):
        for container in pod.at(key).items():
            _container(draft, name, container, "kubernetes:init" if key == "initContainers" else "kubernetes:command")


def _container(draft: Draft, name: str, container: Node, source: str) -> None:
    fields = container.fields()
    unit = f"{name}/{fields['name'].plain() or ''}" if "name" in fields else name
    command, arguments = fields.get("command"), fields.get("args")
    words = [child.plain() or "?" for part in (command, arguments) if part is not None for child in part.items()]
    if words:
        draft.words(words, (command or arguments or container).line, source, unit)
    draft.named_environment(container.at("env"), unit)
    for entry in container.at("envFrom").items():
        for kind in ("configMapRef", "secretRef"):
            reference = entry.at(kind, "name")
            if reference.text:
                draft.files.append(EnvironmentFile(reference.text, reference.line, unit, kind))
    for entry in container.at("ports").items():
        number = entry.at("containerPort")
        if number.text:
            draft.ports.append(Port(number.text, number.line, unit))
    for kind in ("liveness", "readiness", "startup"):
        probe = fields.get(f"{kind}Probe")
        if probe is None:
            continue
        target = probe.at("httpGet", "path").plain() or " ".join(child.text or "" for child in probe.at("exec", "command").items())
        port = probe.at("httpGet", "port").plain() or probe.at("tcpSocket", "port").plain() or probe.at("grpc", "port").plain() or ""
        draft.probe(kind, unit, target, probe.line, port, probe.at("timeoutSeconds").plain())


def _knative(draft: Draft, name: str, resource: Node) -> None:
    spec = resource.at("spec", "template", "spec")
    annotations = resource.at("spec", "template", "metadata", "annotations")
    least, most = annotations.at("autoscaling.knative.dev/minScale"), annotations.at("autoscaling.knative.dev/maxScale")
    draft.workloads.append(Workload(name, "Knative", resource.line, None, whole(least.plain()), whole(most.plain())))
    timeout = spec.at("timeoutSeconds")
    if timeout.empty:
        draft.deadline("cloud-run", Bound.REQUEST, "300", spec.line, name, origin=Origin.DEFAULT)
    else:
        draft.deadline("cloud-run", Bound.REQUEST, timeout.plain(), timeout.line, name)
    _pod(draft, name, spec)


def _autoscaler(draft: Draft, kind: str, name: str, resource: Node) -> None:
    spec = resource.at("spec")
    least = spec.at("minReplicas" if kind != "ScaledObject" else "minReplicaCount")
    most = spec.at("maxReplicas" if kind != "ScaledObject" else "maxReplicaCount")
    target = spec.at("scaleTargetRef", "name").plain() or ""
    draft.workloads.append(Workload(name, kind, resource.line, None, whole(least.plain()), whole(most.plain()), target=target))


def _ingress(draft: Draft, name: str, annotations: Node, ingress_class: str | None) -> None:
    fields = annotations.fields()
    if (read := fields.get(_NGINX + "proxy-read-timeout")) is not None:
        draft.deadline("ingress-read", Bound.REQUEST, read.plain(), read.line, name)
    elif "nginx" in (ingress_class or "", (fields["kubernetes.io/ingress.class"].text if "kubernetes.io/ingress.class" in fields else "") or ""):
        draft.deadline("ingress-read", Bound.REQUEST, "60", annotations.line, name, origin=Origin.DEFAULT)
    if (attributes := fields.get(_ALB)) is not None and (match := _IDLE.search(attributes.text or "")):
        draft.deadline("alb-idle", Bound.REQUEST, match.group(1), attributes.line, name)


def _secret(draft: Draft, kind: str, name: str, resource: Node) -> None:
    for path in (("data",), ("stringData",), ("spec", "encryptedData")):
        for key, line, _ in resource.at(*path).entries():
            draft.variable(key, None, line, name, "secret")
    if kind == "ExternalSecret":
        for entry in resource.at("spec", "data").items():
            key_node = entry.at("secretKey")
            draft.variable(key_node.text or "", None, key_node.line, name, "secret")


def read_helm_values(documents: list[Node]) -> Manifest:
    """What a chart's values say by the names that charts usually give: replicaCount, autoscaling, ingress.annotations, env, probes."""
    draft = Draft("helm")
    for document in documents:
        draft.quotas.extend(of_values(document, ""))
        for unit, node in [("", document), *((key, value) for key, _, value in document.entries() if value.pairs is not None)]:
            _values(draft, unit, node)
    return draft.finished()


def _values(draft: Draft, unit: str, node: Node) -> None:
    fields = node.fields()
    count = fields.get("replicaCount") or fields.get("replicas")
    scaling = node.at("autoscaling")
    enabled = scaling.at("enabled").text == "true"
    if (count is not None and count.text is not None) or enabled:
        least, most = (whole(scaling.at(key).plain()) if enabled else None for key in ("minReplicas", "maxReplicas"))
        at = count or scaling
        draft.workloads.append(Workload(unit, "values", at.line, whole(at.plain()), least, most))
    if "annotations" in node.at("ingress").fields():
        _ingress(draft, unit, node.at("ingress", "annotations"), None)
    for key in ("env", "extraEnv", "environment", "envVars"):
        value = fields.get(key)
        if value is not None and value.pairs is not None:
            for name, line, inner in value.entries():
                if name.isupper():
                    draft.variable(name, inner.plain(), line, unit, "helm")
        elif value is not None:
            draft.named_environment(value, unit)
    for key, source in (("command", "helm:command"), ("args", "helm:args")):
        if key in fields and fields[key].items():
            draft.run(fields[key], source, unit)
