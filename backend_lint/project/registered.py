"""Functions that libraries are told to run: tasks, consumers, commands, start-up handlers, middleware."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, BlockKind, Call, Class
from backend_lint.facts.route import Entry, EntryKind
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.values import Place, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_TASK_DECORATORS = {
    "task": "celery",
    "shared_task": "celery",
    "periodic_task": "celery",
    "db_task": "huey",
    "db_periodic_task": "huey",
    "actor": "dramatiq",
    "job": "rq",
    "cron": "arq",
}
_LIBRARY_OF = {
    "huey": "huey",
    "procrastinate": "procrastinate",
    "taskiq": "taskiq",
    "dramatiq": "dramatiq",
    "rq": "rq",
    "django_rq": "rq",
    "celery": "celery",
    "arq": "arq",
    "invoke": "",
}
_CONSUMER_DECORATORS = {"subscriber": "faststream", "agent": "faust", "consumer": "", "rpc": "nameko", "event_handler": "nameko", "handler": ""}
_COMMAND_DECORATORS = {"command": "click", "group": "click", "callback": "typer"}
_STARTUP_EVENTS = {"startup", "shutdown", "before_server_start", "after_server_start"}
_SCHEDULED = {"scheduled_job": "apscheduler", "repeat_every": "fastapi-utils", "repeat": "schedule"}
_PERIODIC = frozenset({"periodic_task", "db_periodic_task", "cron"})
_CONSUMER_CLASSES = {
    "kafka.KafkaConsumer": "kafka-python", "kafka.consumer.group.KafkaConsumer": "kafka-python",
    "confluent_kafka.Consumer": "confluent-kafka", "aiokafka.AIOKafkaConsumer": "aiokafka",
    "confluent_kafka.DeserializingConsumer": "confluent-kafka", "google.cloud.pubsub_v1.SubscriberClient": "google-cloud-pubsub",
}  # fmt: skip
_METHODS_OF = {
    "django.core.management.base.BaseCommand": (EntryKind.COMMAND, "django", ("handle",)),
    "django.core.management.BaseCommand": (EntryKind.COMMAND, "django", ("handle",)),
    "django.core.management.base.LabelCommand": (EntryKind.COMMAND, "django", ("handle_label", "handle")),
    "django.core.management.base.AppCommand": (EntryKind.COMMAND, "django", ("handle_app_config", "handle")),
    "celery.Task": (EntryKind.TASK, "celery", ("run",)),
    "celery.app.task.Task": (EntryKind.TASK, "celery", ("run",)),
    "django.apps.AppConfig": (EntryKind.STARTUP, "django", ("ready",)),
    "starlette.middleware.base.BaseHTTPMiddleware": (EntryKind.MIDDLEWARE, "starlette", ("dispatch",)),
    "django.utils.deprecation.MiddlewareMixin": (
        EntryKind.MIDDLEWARE,
        "django",
        ("process_request", "process_response", "process_view", "process_exception", "__call__"),
    ),
    "kombu.mixins.ConsumerMixin": (EntryKind.CONSUMER, "kombu", ("get_consumers", "on_message", "on_task")),
    "channels.generic.websocket.WebsocketConsumer": (EntryKind.WEBSOCKET, "channels", ("connect", "receive", "disconnect")),
    "channels.generic.websocket.JsonWebsocketConsumer": (EntryKind.WEBSOCKET, "channels", ("connect", "receive_json", "receive", "disconnect")),
    "channels.generic.websocket.AsyncWebsocketConsumer": (EntryKind.WEBSOCKET, "channels", ("connect", "receive", "disconnect")),
    "channels.generic.websocket.AsyncJsonWebsocketConsumer": (EntryKind.WEBSOCKET, "channels", ("connect", "receive_json", "receive", "disconnect")),
}
_VIEWS = ("django.views.", "rest_framework.views.", "rest_framework.viewsets.", "rest_framework.generics.", "rest_framework.mixins.")
_ANSWERING = tuple(
    "get post put patch delete dispatch list create retrieve update partial_update destroy get_queryset get_object get_context_data form_valid form_invalid "
    "perform_create perform_update perform_destroy get_serializer_class get_form get_form_kwargs".split()
)
_DJANGO_MIDDLEWARE = ("__call__", "__acall__", "process_request", "process_response", "process_view", "process_exception", "process_template_response")
_ADMIN = (
    "django.contrib.admin.ModelAdmin",
    "django.contrib.admin.StackedInline",
    "django.contrib.admin.TabularInline",
    "django.contrib.admin.options.ModelAdmin",
)


class Registered:
    """Finds entries other than routes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.values = project.guards.values

    def entries(self) -> Iterator[Entry]:
        """All of them, tests left out."""
        for path in self.project.modules:
            module = self.project.modules[path]
            if module.role is Role.TEST:
                continue
            yield from self._decorated(module)
            yield from self._classes(module)
            yield from self._scripts(module)
        yield from self._called()
        yield from self._consuming()
        yield from self._listed()

    def _entry(self, kind: EntryKind, module: SourceModule, index: int, framework: str, line: int = 0) -> Entry:
        head = module.functions[index]
        return Entry(kind, module.path, index, head.name, line or head.line, framework)

    # -- decorators --------------------------------------------------------------------------------

    def _decorated(self, module: SourceModule) -> Iterator[Entry]:
        for index, head in enumerate(module.functions):
            for text in head.decorators:
                call = self.values.call(Place(module.path, head.scope, text))
                callee = call.callee if call is not None else text
                found = self._by_decorator(module, head.scope, callee, call)
                if found is not None:
                    yield self._entry(found[0], module, index, found[1])
                    break

    def _by_decorator(self, module: SourceModule, scope: int, callee: str, call: Call | None) -> tuple[EntryKind, str] | None:
        receiver, _, name = callee.rpartition(".")
        if name in _TASK_DECORATORS and (library := self._library(module, scope, callee, _TASK_DECORATORS[name])):
            return EntryKind.TASK, library
        if name in _SCHEDULED:
            return EntryKind.TASK, _SCHEDULED[name]
        if name in _CONSUMER_DECORATORS and receiver and _CONSUMER_DECORATORS[name]:
            return EntryKind.CONSUMER, _CONSUMER_DECORATORS[name]
        if name in _COMMAND_DECORATORS and (receiver or name != "callback") and (name != "callback" or "typer" in self._imported(module)):
            ref = self.project.resolver.value(module.path, scope, callee)
            library = ref.name.partition(".")[0] if ref is not None and ref.is_external else ""
            return EntryKind.COMMAND, library if library in ("click", "typer", "flask", "cyclopts") else _COMMAND_DECORATORS[name]
        if not receiver:
            return None
        event = constant_string(call.args[0]) if call is not None and call.args else None
        if name == "on_event" and event in _STARTUP_EVENTS:
            return EntryKind.STARTUP, "fastapi"
        if name == "middleware":
            return EntryKind.MIDDLEWARE, "starlette"
        if name in ("before_request", "after_request", "teardown_request", "before_app_request", "after_app_request", "teardown_appcontext"):
            return EntryKind.MIDDLEWARE, "flask"
        if name == "receiver" and call is not None and call.args and call.args[0].rpartition(".")[2] in ("post_migrate", "pre_migrate"):
            return EntryKind.STARTUP, "django"
        if name == "before_first_request":
            return EntryKind.STARTUP, "flask"
        if name in ("exception_handler", "errorhandler", "app_errorhandler"):
            return EntryKind.MIDDLEWARE, "starlette" if name == "exception_handler" else "flask"
        if receiver == "strawberry" and name in ("field", "mutation", "subscription"):
            return EntryKind.ROUTE, "strawberry"
        if name == "connect" and (ref := self.project.resolver.value(module.path, scope, callee)) is not None and ref.name.startswith("celery.signals."):
            return EntryKind.STARTUP, "celery"
        if (
            name in ("on", "event")
            and (ref := self.project.resolver.value(module.path, scope, receiver)) is not None
            and ref.name.startswith(("socketio.", "flask_socketio."))
        ):
            return EntryKind.WEBSOCKET, ref.name.partition(".")[0]
        return None

    def _library(self, module: SourceModule, scope: int, callee: str, usual: str) -> str:
        ref = self.project.resolver.value(module.path, scope, callee)
        if ref is not None and ref.is_external and "." in ref.name:
            top = ref.name.partition(".")[0]
            return _LIBRARY_OF.get(
                top, usual if top in callee or (top in self._imported(module) and top not in ("locust", "airflow", "prefect", "invoke", "fabric")) else ""
            )
        if ref is not None and not ref.is_external:
            return ""
        for top in self._imported(module):
            if top in _LIBRARY_OF:
                return _LIBRARY_OF[top]
        return usual if usual == "celery" and callee != "job" else ""

    @staticmethod
    def _imported(module: SourceModule) -> set[str]:
        return {found.module.partition(".")[0] for found in module.facts.imports}

    # -- classes -----------------------------------------------------------------------------------

    def _classes(self, module: SourceModule) -> Iterator[Entry]:
        classes = self.project.resolver.classes
        if "management/commands/" in module.path and module.names.get("Command", ("",))[0] == "class":
            member = classes.find(Ref(RefKind.CLASS, "Command", module.path, module.names["Command"][1]), "handle")
            if member is not None and isinstance(member[1], int):
                yield self._entry(EntryKind.COMMAND, self.project.modules[member[0].path], member[1], "django")
        for number, fact in enumerate(module.classes):
            if not fact.bases:
                continue
            names = classes.external_names(Ref(RefKind.CLASS, fact.name, module.path, number))
            for name in names:
                known = _METHODS_OF.get(name)
                if known is not None:
                    for method in known[2]:
                        if (index := classes.members(module.path, number)[0].get(method)) is not None:
                            yield self._entry(known[0], module, index, known[1])
                elif name in _ADMIN:
                    for index in fact.methods:
                        yield self._entry(EntryKind.ROUTE, module, index, "django-admin")
                elif name.startswith(_VIEWS):
                    yield from self._answering(module, fact, _ANSWERING, "django")
                elif name.startswith("graphene."):
                    yield from self._answering(module, fact, ("mutate", "perform_mutation", "subscribe"), "graphene", "resolve_")

    def _answering(self, module: SourceModule, fact: Class, names: tuple[str, ...], framework: str, start: str = "\0") -> Iterator[Entry]:
        """Methods of a class that answer requests wherever the class is registered."""
        for index in fact.methods:
            name = module.functions[index].name.rpartition(".")[2]
            if name in names or name.startswith(start):
                yield self._entry(EntryKind.ROUTE, module, index, framework)

    def _scripts(self, module: SourceModule) -> Iterator[Entry]:
        if any(block.kind is BlockKind.IF and "__name__" in block.subject and "__main__" in block.subject for block in module.bodies[0].blocks):
            line = next(block.line for block in module.bodies[0].blocks if "__main__" in block.subject)
            yield self._entry(EntryKind.COMMAND, module, 0, "script", line)

    # -- calls -------------------------------------------------------------------------------------

    def _called(self) -> Iterator[Entry]:
        for module, function, _, call in self.values.calls_named("FastAPI", "Starlette", "Litestar", "APIRouter"):
            for name in ("lifespan", "on_startup", "on_shutdown"):
                if text := keyword(call, name):
                    for item in self.values.items(Place(module.path, function, text)) if name != "lifespan" else [Place(module.path, function, text)]:
                        yield from self._function(EntryKind.STARTUP, item, "starlette", call)
        for module, function, _, call in self.values.calls_named("add_event_handler"):
            if len(call.args) > 1 and constant_string(call.args[0]) in _STARTUP_EVENTS:
                yield from self._function(EntryKind.STARTUP, Place(module.path, function, call.args[1]), "starlette", call)
        for module, function, _, call in self.values.calls_named("connect"):
            if call.args and call.callee.split(".")[-2:-1] in (["post_migrate"], ["pre_migrate"]):
                yield from self._function(EntryKind.STARTUP, Place(module.path, function, call.args[0]), "django", call)
        for module, function, _, call in self.values.calls_named("add_middleware", "Middleware"):
            if call.args:
                yield from self._middleware(Place(module.path, function, call.args[0]), "starlette", ("__call__", "dispatch"), call)
        for module, function, _, call in self.values.calls_named("basic_consume", "subscribe", "consume"):
            for text in (keyword(call, "on_message_callback"), keyword(call, "callback"), keyword(call, "consumer_callback"), *call.args[:2]):
                if text and text[0] not in "'\"[{":
                    yield from self._function(EntryKind.CONSUMER, Place(module.path, function, text), "pika", call)
        for module, function, _, call in self.values.calls_named("add_job", "enqueue", "enqueue_call", "enqueue_in", "enqueue_at", "async_task"):
            for text in (*call.args[:2], keyword(call, "func")):
                framework = "apscheduler" if "add_job" in call.callee else "rq"
                if (dotted := constant_string(text)) and "." in dotted:
                    if (ref := self.values.dotted(dotted, module.path)) is not None and ref.kind is RefKind.FUNCTION:
                        yield self._entry(EntryKind.TASK, self.project.modules[ref.path], ref.index, framework)
                elif text and text[0] not in "'\"[{":
                    yield from self._function(EntryKind.TASK, Place(module.path, function, text), framework, call)

    def _function(self, kind: EntryKind, place: Place, framework: str, call: Call) -> Iterator[Entry]:
        ref = self.values.ref(place)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            yield self._entry(kind, self.project.modules[ref.path], ref.index, framework)

    def _middleware(self, place: Place, framework: str, methods: tuple[str, ...], call: Call | None = None) -> Iterator[Entry]:
        ref = self.values.ref(place)
        if ref is None:
            return
        if ref.kind is RefKind.FUNCTION:
            for index, head in enumerate(self.project.modules[ref.path].functions):
                if index == ref.index or head.scope == ref.index:
                    yield self._entry(EntryKind.MIDDLEWARE, self.project.modules[ref.path], index, framework)
        elif ref.kind is RefKind.CLASS:
            for method in methods:
                member = self.project.resolver.classes.find(ref, method)
                if member is not None and isinstance(member[1], int):
                    yield self._entry(EntryKind.MIDDLEWARE, self.project.modules[member[0].path], member[1], framework)

    def _consuming(self) -> Iterator[Entry]:
        """Functions that loop over a consumer of messages."""
        made = self.values.calls_named(*sorted({name.rpartition(".")[2] for name in _CONSUMER_CLASSES}))
        for path in sorted({module.path for module, _, _, _ in made}):
            module = self.project.modules[path]
            for index, body in enumerate(module.bodies):
                for block in body.blocks:
                    if block.kind in LOOPS and block.kind is not BlockKind.WHILE and index:
                        ref = self.project.resolver.value(module.path, index, block.subject)
                        if ref is not None and ref.name in _CONSUMER_CLASSES:
                            yield self._entry(EntryKind.CONSUMER, module, index, _CONSUMER_CLASSES[ref.name])
                for inner in body.calls:
                    if (
                        index
                        and inner.callee.rpartition(".")[2] in ("poll", "getone", "getmany", "consume")
                        and any(block.kind is BlockKind.WHILE for block in body.blocks)
                    ):
                        ref = self.project.resolver.value(module.path, index, inner.callee.rpartition(".")[0])
                        if ref is not None and ref.name in _CONSUMER_CLASSES:
                            yield self._entry(EntryKind.CONSUMER, module, index, _CONSUMER_CLASSES[ref.name])

    # -- lists in settings -------------------------------------------------------------------------

    def _listed(self) -> Iterator[Entry]:
        """Django's ``MIDDLEWARE`` by dotted name, arq's ``WorkerSettings.functions``."""
        for path in self.project.modules:
            module = self.project.modules[path]
            if module.role is Role.TEST:
                continue
            if module.names.get("MIDDLEWARE", ("",))[0] == "assign":
                for item in self.values.items(Place(path, 0, "MIDDLEWARE")):
                    dotted = constant_string(item.text)
                    if dotted and (ref := self.values.dotted(dotted, path)) is not None:
                        yield from self._middleware_ref(ref)
            for fact in module.classes:
                for attribute in fact.attributes:
                    if attribute.name in ("functions", "cron_jobs") and "arq" in self._imported(module) | {fact.name.removesuffix("WorkerSettings") or "arq"}:
                        for item in self.values.items(Place(path, attribute.function, attribute.value)):
                            call = self.values.call(item)
                            yield from self._arq(item if call is None or not call.args else item._replace(text=call.args[0]))

    def _arq(self, place: Place) -> Iterator[Entry]:
        ref = self.values.ref(place)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            yield self._entry(EntryKind.TASK, self.project.modules[ref.path], ref.index, "arq")

    def _middleware_ref(self, ref: Ref) -> Iterator[Entry]:
        module = self.project.modules[ref.path]
        if ref.kind is RefKind.CLASS:
            for method in _DJANGO_MIDDLEWARE:
                member = self.project.resolver.classes.find(ref, method)
                if member is not None and isinstance(member[1], int):
                    yield self._entry(EntryKind.MIDDLEWARE, self.project.modules[member[0].path], member[1], "django")
        elif ref.kind is RefKind.FUNCTION:
            for index, head in enumerate(module.functions):
                if head.scope == ref.index and index:
                    yield self._entry(EntryKind.MIDDLEWARE, module, index, "django")


def is_scheduled(project: Project, entry: Entry) -> bool:
    """A clock starts it, and nobody else: it does not run twice at a time."""
    if entry.kind is not EntryKind.TASK:
        return False
    module = project.modules[entry.module]
    head = module.functions[entry.function]
    names = {text.rpartition(".")[2] for text in head.decorators}
    names |= {call.callee.rpartition(".")[2] for text in head.decorators for call in _decorating(module, head.scope, text)}
    return entry.framework in _SCHEDULED.values() or bool(names & _PERIODIC)


def _decorating(module: SourceModule, scope: int, text: str) -> Iterator[Call]:
    """The call that a decorator with arguments is."""
    calls = module.bodies[scope].calls if 0 <= scope < len(module.bodies) else ()
    if text[:1] == "#" and text[1:].isdigit() and int(text[1:]) < len(calls):
        yield calls[int(text[1:])]
