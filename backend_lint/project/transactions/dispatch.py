"""Calls that hand work to other processes at once: tasks of queues, messages of brokers."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.libraries import external_bases
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.transactions.scopes import LEFT_OUT

if TYPE_CHECKING:
    from backend_lint.project import Project

_TASK_METHODS = frozenset(
    "delay apply_async send_task send send_with_options enqueue enqueue_call enqueue_in enqueue_at enqueue_many async_task enqueue_job kiq schedule".split()
)
_TASK_LIBRARIES = {
    "celery": "Celery",
    "dramatiq": "Dramatiq",
    "rq": "RQ",
    "django_rq": "RQ",
    "huey": "Huey",
    "django_q": "Django Q",
    "arq": "arq",
    "taskiq": "taskiq",
}
_DECORATORS = frozenset({"task", "shared_task", "job", "actor", "db_task", "periodic_task"})
_PUBLISHES = frozenset(
    (
        "pika.adapters.blocking_connection.BlockingChannel.basic_publish pika.channel.Channel.basic_publish kombu.Producer.publish "
        "kombu.messaging.Producer.publish kafka.KafkaProducer.send confluent_kafka.Producer.produce "
        "aiokafka.AIOKafkaProducer.send aiokafka.AIOKafkaProducer.send_and_wait "
        "aio_pika.abc.AbstractExchange.publish aio_pika.Exchange.publish botocore.client.publish botocore.client.publish_batch botocore.client.send_message "
        "botocore.client.send_message_batch botocore.client.put_record botocore.client.put_records botocore.client.put_events redis.Redis.publish "
        "redis.Redis.xadd redis.asyncio.Redis.publish redis.asyncio.Redis.xadd google.cloud.pubsub_v1.PublisherClient.publish "
        "google.cloud.pubsub.PublisherClient.publish nats.aio.client.Client.publish nats.js.client.JetStreamContext.publish "
        "faststream.kafka.KafkaBroker.publish faststream.rabbit.RabbitBroker.publish faststream.redis.RedisBroker.publish faststream.nats.NatsBroker.publish"
    ).split()
)
_PUBLISH_METHODS = frozenset(name.rpartition(".")[2] for name in _PUBLISHES)
_SUPPORTS = ("on_commit", "addAfterCommitHook", "after_commit", "on_commit_hook", "add_after_commit")
"""Names by which a task class or a function waits for the commit."""


class Sent(enum.StrEnum):
    """What is handed over."""

    TASK = "task"
    MESSAGE = "message"


class Dispatch(msgspec.Struct, frozen=True):
    """A call that hands over a task or a message. `task`: the function that will run, if it is known. `library`: for messages."""

    key: FunctionKey
    edge: Edge
    sent: Sent
    library: str
    task: FunctionKey | None = None

    @property
    def call(self) -> Call:
        """The call itself."""
        return self.edge.call

    @property
    def name(self) -> str:
        """The last parts of what is called, for messages; of what another call has given the last part alone."""
        parts = [part for part in self.call.callee.replace("%", "").split(".") if part.isidentifier()]
        return ".".join(parts[-2:])

    def sender(self, project: Project) -> str:
        """How it is called, for advice: what another call has given is named by that call."""
        root, _, method = self.call.callee.partition(".")
        if root[:1] != "#" or not root[1:].isdigit() or "." in method:
            return self.name
        return f"{project.calls.body(self.key).calls[int(root[1:])].callee.rpartition('.')[2]}(...).{method}"


class Dispatches:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[FunctionKey, tuple[Dispatch, ...]] = {}

    @functools.cached_property
    def functions(self) -> tuple[FunctionKey, ...]:
        """The functions that may hold one: they call something by such a name."""
        callers = self._project.named_calls.functions(_TASK_METHODS | _PUBLISH_METHODS | self._called_tasks)
        return tuple(key for key in callers if key[1] and self._project.modules[key[0]].role not in LEFT_OUT)

    def of(self, key: FunctionKey) -> tuple[Dispatch, ...]:
        """The dispatches of a function, those inside lambdas and those that wait for the commit left out."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = tuple(self._look(key))
        return found

    def _look(self, key: FunctionKey) -> Iterator[Dispatch]:
        if self._is_sender(key):
            return
        names = _TASK_METHODS | _PUBLISH_METHODS | self._called_tasks
        for edge in self._project.calls.edges(key):
            if edge.call.callee.rpartition(".")[2] in names and (found := self._dispatch(key, edge)) is not None:
                yield found

    def _dispatch(self, key: FunctionKey, edge: Edge) -> Dispatch | None:
        target, method = edge.target, edge.call.callee.rpartition(".")[2]
        if target.kind is RefKind.FUNCTION:
            library = self._task_library(target.function) if method in self._called_tasks else ""
            return Dispatch(key, edge, Sent.TASK, "Huey", target.function) if library == "huey" else None
        if not target.is_external:
            return None
        owner, _, _ = target.name.rpartition(".")
        if any(f"{base}.{method}" in _PUBLISHES for base in external_bases(owner)):
            return Dispatch(key, edge, Sent.MESSAGE, target.name.partition(".")[0])
        top = target.name.partition(".")[0]
        if method not in _TASK_METHODS:
            return None
        task = target.function if target.path and target.index >= 0 and target.name.startswith(("celery.Task.", "dramatiq.Actor.", "function.")) else None
        if top == "function":
            library = self._task_library(task) if task is not None else ""
            known = library in _TASK_LIBRARIES and (method in ("delay", "apply_async", "kiq", "send", "schedule"))
            return Dispatch(key, edge, Sent.TASK, _TASK_LIBRARIES[library], task) if known else None
        if top == "celery" and method in ("delay", "apply_async", "send_task"):
            if self._waits_for_commit(task, target):
                return None
            return Dispatch(key, edge, Sent.TASK, "Celery", task)
        if top == "dramatiq" and method in ("send", "send_with_options"):
            return Dispatch(key, edge, Sent.TASK, "Dramatiq", task)
        if top in ("rq", "django_rq") and method.startswith("enqueue"):
            return Dispatch(key, edge, Sent.TASK, "RQ", task)
        if (top, method) in (("django_q", "async_task"), ("arq", "enqueue_job"), ("taskiq", "kiq")):
            if top == "django_q" and self._queue_is_table:
                return None
            return Dispatch(key, edge, Sent.TASK, _TASK_LIBRARIES[top], task)
        if method in ("delay", "apply_async") and ".tasks." in target.name:
            return Dispatch(key, edge, Sent.TASK, "Celery", task)
        return None

    # -- tasks -------------------------------------------------------------------------------------

    @functools.cached_property
    def _queue_is_table(self) -> bool:
        """Django Q keeps its queue in a table: a task is there from the commit on, and goes with a rollback."""
        modules = (module for module in self._project.modules.values() if module.role is not Role.TEST)
        return any(assign.target == "Q_CLUSTER" and "'orm':" in assign.value for module in modules for assign in module.bodies[0].assigns)

    @functools.cached_property
    def _called_tasks(self) -> frozenset[str]:
        """Names of Huey's tasks, which are handed over by calling them."""
        found = set()
        for module in self._project.modules.values():
            if any(one.module.partition(".")[0] == "huey" or "huey" in one.member for one in module.facts.imports):
                for index, head in enumerate(module.functions):
                    if head.decorators and self._task_library((module.path, index)) == "huey":
                        found.add(head.name)
        return frozenset(found)

    def _task_library(self, key: FunctionKey) -> str:
        """The library whose decorator makes a task of the function; empty if none does."""
        head = self._project.calls.head(key)
        for text in head.decorators:
            target = self._project.resolver.decorator(key[0], head.scope, text)
            if target is not None and target.is_external:
                top = target.name.partition(".")[0]
                if top in _TASK_LIBRARIES and target.name.removesuffix("()").rpartition(".")[2] in (*_DECORATORS, "delayed"):
                    return top
        return ""

    def _waits_for_commit(self, task: FunctionKey | None, target: Ref) -> bool:
        """The task's class sends it after the commit: its own ``apply_async`` registers a hook."""
        if not self._waiting:
            return False
        if task is None or target.index < 0:
            return True  # a chain, or a name: it may begin with such a task
        module = self._project.modules[task[0]]
        if task[1] >= len(module.functions):
            return self._is_default
        head = module.functions[task[1]]
        for text in head.decorators:
            if text[:1] == "#" and text[1:].isdigit():
                base = dict(module.bodies[head.scope].calls[int(text[1:])].keywords).get("base")
                ref = self._project.value(task[0], head.scope, base) if base else None
                if ref is not None and ref.kind is RefKind.CLASS:
                    return any(one.function in self._waiting for one in self._project.resolver.classes.ancestors(ref.path, ref.index))
        return self._is_default

    @functools.cached_property
    def _waiting(self) -> frozenset[FunctionKey]:
        """Classes of tasks whose ``apply_async`` or ``delay`` waits for the commit."""
        found = set()
        for path, module in self._project.modules.items():
            for number, fact in enumerate(module.classes):
                for method in fact.methods:
                    if module.functions[method].name.rpartition(".")[2] in ("apply_async", "delay") and self._mentions_commit(path, method):
                        found.add((path, number))
        return frozenset(found)

    def _mentions_commit(self, path: str, method: int) -> bool:
        return any(call.callee.endswith(_SUPPORTS) for call in self._project.modules[path].bodies[method].calls)

    @functools.cached_property
    def _is_default(self) -> bool:
        """The application's own task class is set somewhere, so tasks without ``base=`` have it too."""
        for module in self._project.modules.values():
            for fact in module.classes:
                if any(attribute.name == "task_cls" for attribute in fact.attributes):
                    return True
            for body in module.bodies:
                if any(assign.target.endswith((".Task", ".task_cls")) for assign in body.assigns):
                    return True
                if any(name == "task_cls" for call in body.calls for name, _ in call.keywords):
                    return True
        return False

    def _is_sender(self, key: FunctionKey) -> bool:
        """A method of a task class, or of a queue of one's own, that passes the call on."""
        head = self._project.calls.head(key)
        return head.owner >= 0 and head.name.rpartition(".")[2] in _TASK_METHODS | _PUBLISH_METHODS
