"""Platform files in YAML or JSON: Serverless Framework, SAM and CloudFormation, App Engine, Render, DigitalOcean, Heroku, Vercel, Zappa, Railway."""

from __future__ import annotations

from backend_lint.duration import whole
from backend_lint.facts.deployment import Bound, Manifest, Origin, Port, Workload
from backend_lint.readers.deployment.draft import Draft
from backend_lint.readers.deployment.tree import Node

_GATEWAY = {"http": ("api-gateway", "29"), "httpApi": ("api-gateway", "30"), "Api": ("api-gateway", "29"), "HttpApi": ("api-gateway", "30")}
"""Event name -> deadline of the gateway in front: 29 s by default for REST APIs (a quota that can be raised), 30 s for HTTP APIs."""


def read_serverless(documents: list[Node]) -> Manifest:
    """The functions of a serverless.yml, their deadlines and variables. Without a timeout a function on AWS has 6 s."""
    draft = Draft("serverless")
    for document in documents:
        provider = document.at("provider")
        draft.environment(provider.at("environment"))
        general = provider.at("timeout")
        is_aws = (provider.text or provider.at("name").text) == "aws"
        for name, line, function in document.at("functions").entries():
            fields = function.fields()
            events = [kind for event in function.at("events").items() for kind in (event.fields() if event.pairs is not None else {event.text or "": event})]
            limit, handler = fields.get("timeout") or general, fields["handler"].plain() if "handler" in fields else None
            if is_aws:
                _lambda(draft, name, line, limit, "6", handler, events)
            else:
                draft.workloads.append(Workload(name, "function", line, handler=handler or ""))
                if not limit.empty:
                    draft.deadline("cloud-function", Bound.REQUEST if "http" in events else Bound.TASK, limit.plain(), limit.line, name)
            draft.environment(function.at("environment"), name)
        _resources(draft, document.at("resources", "Resources"), Node(0, ""))
    return draft.finished()


def _lambda(draft: Draft, name: str, line: int, timeout: Node, default: str, handler: str | None, events: list[str]) -> None:
    draft.workloads.append(Workload(name, "function", line, handler=handler or ""))
    gateways = [_GATEWAY[event] for event in events if event in _GATEWAY]
    bounds = Bound.REQUEST if gateways else Bound.TASK
    if timeout.empty:
        draft.deadline("lambda", bounds, default, line, name, origin=Origin.DEFAULT)
    else:
        draft.deadline("lambda", bounds, timeout.plain(), timeout.line, name)
    for kind, limit in gateways[:1]:
        draft.deadline(kind, Bound.REQUEST, limit, line, name, origin=Origin.DEFAULT)


def read_cloudformation(documents: list[Node]) -> Manifest:
    """The functions, queues, load balancers and containers of a SAM or CloudFormation template; ``!Ref`` and its like are unknown values."""
    draft = Draft("cloudformation")
    for document in documents:
        shared = document.at("Globals", "Function")
        draft.environment(shared.at("Environment", "Variables"))
        _resources(draft, document.at("Resources"), shared)
    return draft.finished()


def _resources(draft: Draft, resources: Node, shared: Node) -> None:
    for name, line, resource in resources.entries():
        kind = resource.at("Type").text or ""
        properties = resource.at("Properties")
        if kind in {"AWS::Serverless::Function", "AWS::Lambda::Function"}:
            timeout = properties.at("Timeout")
            timeout = shared.at("Timeout") if timeout.empty and "Serverless" in kind else timeout
            events = [event.at("Type").text or "" for _, _, event in properties.at("Events").entries()]
            _lambda(draft, name, line, timeout, "3", properties.at("Handler").plain(), events)
            draft.environment(properties.at("Environment", "Variables"), name)
        elif kind == "AWS::SQS::Queue":
            visibility = properties.at("VisibilityTimeout")
            if visibility.empty:
                draft.deadline("sqs-visibility", Bound.REDELIVERY, "30", line, name, origin=Origin.DEFAULT)
            else:
                draft.deadline("sqs-visibility", Bound.REDELIVERY, visibility.plain(), visibility.line, name)
        elif kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
            for attribute in properties.at("LoadBalancerAttributes").items():
                if attribute.at("Key").text == "idle_timeout.timeout_seconds":
                    draft.deadline("alb-idle", Bound.REQUEST, attribute.at("Value").plain(), attribute.line, name)
        elif kind == "AWS::ECS::Service":
            draft.workloads.append(Workload(name, "ecs-service", line, whole(properties.at("DesiredCount").plain())))
        elif kind == "AWS::ECS::TaskDefinition":
            for container in properties.at("ContainerDefinitions").items():
                _container(draft, name, container)


def _container(draft: Draft, name: str, container: Node) -> None:
    unit = f"{name}/{container.at('Name').plain() or ''}"
    words = [child.plain() or "?" for key in ("EntryPoint", "Command") for child in container.at(key).items()]
    if words:
        draft.words(words, container.line, "ecs:command", unit)
    draft.named_environment(container.at("Environment"), unit, "Name", "Value")
    draft.named_environment(container.at("Secrets"), unit, "Name", "-")
    check = container.at("HealthCheck", "Command")
    if check.items():
        draft.probe("healthcheck", unit, " ".join(child.text or "" for child in check.items()[1:]), check.line)


def read_app_engine(documents: list[Node]) -> Manifest:
    """An app.yaml of App Engine: its entry point, variables and scaling. With automatic scaling a request has ten minutes."""
    draft = Draft("app-engine")
    for document in documents:
        name = document.at("service").plain() or "default"
        entry = document.at("entrypoint")
        if entry.text:
            draft.run(entry, "app-engine:entrypoint", name, shell=False)
        draft.environment(document.at("env_variables"), name)
        least, most = document.at("automatic_scaling", "min_instances"), document.at("automatic_scaling", "max_instances")
        draft.workloads.append(Workload(name, "app-engine", document.line, None, whole(least.plain()), whole(most.plain())))
        if document.at("basic_scaling").empty and document.at("manual_scaling").empty:
            draft.deadline("app-engine", Bound.REQUEST, "600", document.line, name, origin=Origin.DEFAULT)
    return draft.finished()


def read_platform(documents: list[Node]) -> Manifest:
    """render.yaml and DigitalOcean's app specification: services with a start command, variables and instances."""
    draft = Draft("platform")
    for document in documents:
        for key, kind in (("services", "web"), ("workers", "worker"), ("jobs", "job")):
            for service in document.at(key).items():
                name = service.at("name").plain() or ""
                count = service.at("numInstances")
                count = service.at("instance_count") if count.empty else count
                draft.workloads.append(Workload(name, service.at("type").plain() or kind, service.line, whole(count.plain())))
                for command in ("startCommand", "run_command", "dockerCommand", "preDeployCommand"):
                    node = service.at(command)
                    if node.text:
                        draft.run(node, f"platform:{command}", name)
                for variables in ("envVars", "envs"):
                    draft.named_environment(service.at(variables), name, "key")
                health = service.at("healthCheckPath")
                health = service.at("health_check", "http_path") if health.empty else health
                if health.text:
                    draft.probe("readiness", name, health.text, health.line)
                port = service.at("http_port")
                if port.text:
                    draft.ports.append(Port(port.text, port.line, name))
        for group in document.at("envVarGroups").items():
            draft.named_environment(group.at("envVars"), group.at("name").plain() or "", "key")
        draft.named_environment(document.at("envs"), "", "key")
    return draft.finished()


def read_json_platform(name: str, documents: list[Node]) -> Manifest:
    """app.json (Heroku), vercel.json, zappa_settings.json and railway.json, told apart by `name`."""
    draft = Draft("platform")
    for document in documents:
        if name == "app.json":
            for variable, line, value in document.at("env").entries():
                written = value.at("value") if value.pairs is not None else value
                draft.variable(variable, written.plain(), line, source="app.json")
        elif name == "vercel.json":
            for pattern, _, function in document.at("functions").entries():
                limit = function.at("maxDuration")
                if not limit.empty:
                    draft.deadline("vercel-function", Bound.REQUEST, limit.plain(), limit.line, pattern)
            draft.environment(document.at("env"), "", "vercel.json")
        elif name == "zappa_settings.json":
            for stage, line, settings in document.entries():
                limit = settings.at("timeout_seconds")
                origin = Origin.DEFAULT if limit.empty else Origin.WRITTEN
                draft.deadline("lambda", Bound.REQUEST, "30" if limit.empty else limit.plain(), line if limit.empty else limit.line, stage, origin=origin)
                for key in ("environment_variables", "aws_environment_variables"):
                    draft.environment(settings.at(key), stage, "zappa")
        else:
            start = document.at("deploy", "startCommand")
            if start.text:
                draft.run(start, "railway:startCommand")
            health = document.at("deploy", "healthcheckPath")
            if health.text:
                draft.probe("readiness", "", health.text, health.line)
    return draft.finished()
