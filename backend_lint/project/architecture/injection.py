"""Who makes what it works with, and who is handed it: by FastAPI's ``Depends``, or by a constructor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call, Parameter
from backend_lint.project.annotations import instance_of
from backend_lint.project.architecture.layer_names import COMPOSITION_ROOTS
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_FEWEST, _SHARE = 3, 0.34
"""Something is handed in by convention if so many are, and no more than this share of that number make it themselves."""
_PLAIN_BASES = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol"})
CLIENTS = frozenset(
    {
        "requests.Session", "httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession", "redis.Redis", "redis.asyncio.Redis", "botocore.client",
        "pymongo.MongoClient", "motor.motor_asyncio.AsyncIOMotorClient", "elasticsearch.Elasticsearch", "elasticsearch.AsyncElasticsearch", "openai.OpenAI",
        "openai.AsyncOpenAI", "anthropic.Anthropic", "stripe.StripeClient", "kafka.KafkaProducer", "aiokafka.AIOKafkaProducer", "smtplib.SMTP",
        "google.cloud.storage.Client", "google.cloud.bigquery.Client", "slack_sdk.WebClient", "twilio.rest.Client", "paramiko.SSHClient",
    }
)  # fmt: skip
"""Objects that talk to something outside, as the resolver names them."""


class Given(NamedTuple):
    """Function `function` is handed an object as `parameter`; `by_framework`: with ``Depends``, not by whoever calls the constructor."""

    function: FunctionKey
    parameter: str
    by_framework: bool


class Made(NamedTuple):
    """Function `function` makes with `call` an object of `kind`, that others are `given`."""

    function: FunctionKey
    call: Call
    kind: str
    given: tuple[Given, ...]


def hard_wired(project: Project) -> list[Made]:
    """Objects of the project that a route or an injected class makes itself, where others are handed them in the same way."""
    given: dict[tuple[str, int], list[Given]] = {}
    for path, module in project.modules.items():
        if module.role is Role.APPLICATION:
            for number, head in enumerate(module.functions):
                for parameter, ref, by_framework in _handed(project, path, number):
                    if ref.kind is RefKind.INSTANCE and (by_framework or head.name.endswith(".__init__")):
                        given.setdefault((ref.path, ref.index), []).append(Given((path, number), parameter.name, by_framework))
    wanted = {key for key, found in given.items() if len(found) >= _FEWEST and _is_collaborator(project, key)}
    if not wanted:
        return []
    injected = {one.function for found in given.values() for one in found}
    made: dict[tuple[str, int], list[tuple[FunctionKey, Call]]] = {}
    for path, module in project.modules.items():
        if module.role is not Role.APPLICATION or path.rpartition("/")[2].removesuffix(".py") in COMPOSITION_ROOTS:
            continue
        for number in range(1, len(module.functions)):
            kept: frozenset[int] | None = None
            for position, call in enumerate(module.bodies[number].calls):
                target = project.value(path, number, call.callee)
                if target is None or target.kind is not RefKind.CLASS or target.function not in wanted:
                    continue
                kept = _handed_on(module.bodies[number]) if kept is None else kept
                if position not in kept:
                    made.setdefault(target.function, []).append(((path, number), call))
    return [
        Made(function, call, project.modules[key[0]].classes[key[1]].name, tuple(of_its_kind))
        for key, found in made.items()
        if len(found) <= _SHARE * len(given[key])
        for function, call in found
        if len(of_its_kind := _alike(project, function, given[key], injected)) >= _FEWEST
    ]


def _alike(project: Project, function: FunctionKey, given: list[Given], injected: set[FunctionKey]) -> list[Given]:
    """Those that are handed it in a way that is open to `function` as well."""
    path, number = function
    head = project.modules[path].functions[number]
    if project.routes.by_handler(function) or any(by_framework for _, _, by_framework in _handed(project, path, number)):
        return [one for one in given if one.by_framework]
    if head.owner >= 0:
        init = project.resolver.classes.members(path, head.owner)[0].get("__init__")
        if init is not None and (path, init) in injected:
            return [one for one in given if not one.by_framework]
    return []


def _handed(project: Project, path: str, number: int) -> list[tuple[Parameter, Ref, bool]]:
    """The parameters of which it is known what they refer to, and whether FastAPI hands them in."""
    module = project.modules[path]
    head = module.functions[number]
    providers = dict(project.dependencies.providers((path, number))) if head.parameters else {}
    found = []
    for parameter in head.parameters:
        ref = instance_of(project.resolver, path, head.scope, parameter.annotation) if parameter.annotation else None
        provider = providers.get(parameter.name)
        if ref is None and provider is not None:
            ref = project.resolver.called(Ref(RefKind.FUNCTION, "", *provider), None)
        if ref is not None:
            found.append((parameter, ref, provider is not None))
    return found


def _is_collaborator(project: Project, key: tuple[str, int]) -> bool:
    """It is made with something that it keeps, has methods, and derives from nothing that carries data."""
    classes = project.resolver.classes
    fact = project.modules[key[0]].classes[key[1]]
    found = classes.find(Ref(RefKind.CLASS, fact.name, *key), "__init__")
    external = [base for base in classes.ancestors(*key)[1:] if base.is_external and base.name not in _PLAIN_BASES]
    if found is None or not isinstance(found[1], int) or external or fact.decorators or len(fact.methods) < 2:
        return False
    return len(project.modules[found[0].path].functions[found[1]].parameters) > 1 and any(
        one.target.startswith("%self.") and one.value.startswith("%") for one in project.modules[found[0].path].bodies[found[1]].assigns
    )


def _handed_on(body: Body) -> frozenset[int]:
    """The calls whose result the function gives to its caller, or makes only where none was handed in: a factory, or a default."""
    given = {one.value for one in body.returns} | {one.value for one in body.yields}
    found = {int(value[1:]) for value in given if value[:1] == "#" and value[1:].isdigit()}
    for position, call in enumerate(body.calls):
        if call.target and (call.target in given or (call.block and call.target in body.blocks[call.block].subject)):
            found.add(position)
    for one in body.assigns:
        if "|" in one.value or " if " in one.value or " or " in one.value:
            found.update(call_ids(one.value))
    return frozenset(found)


def own_clients(project: Project) -> list[Made]:
    """Clients of other systems that a class makes in its constructor, where other classes are handed theirs."""
    given: dict[str, list[Given]] = {}
    made: dict[str, list[tuple[FunctionKey, Call]]] = {}
    for path, module in project.modules.items():
        if module.role is not Role.APPLICATION or path.rpartition("/")[2].removesuffix(".py") in COMPOSITION_ROOTS:
            continue
        for number, head in enumerate(module.functions):
            if head.owner < 0 or not head.name.endswith(".__init__"):
                continue
            handed = _handed(project, path, number)
            taken = {ref.name: Given((path, number), parameter.name, by_framework) for parameter, ref, by_framework in handed if ref.name in CLIENTS}
            for name, one in taken.items():
                given.setdefault(name, []).append(one)
            for position, call in enumerate(module.bodies[number].calls):
                if call.target.startswith("%self."):
                    ref = project.value(path, number, f"#{position}")
                    if ref is not None and ref.is_external and ref.name in CLIENTS and ref.name not in taken:
                        made.setdefault(ref.name, []).append(((path, number), call))
    return [
        Made(function, call, name, tuple(given[name]))
        for name, found in made.items()
        if len(given.get(name, ())) >= _FEWEST and len(found) <= _SHARE * len(given[name])
        for function, call in found
    ]
