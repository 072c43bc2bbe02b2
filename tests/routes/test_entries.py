"""Where the outside enters, and what is reached from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend_lint.facts.route import EntryKind
from backend_lint.project import Project

Linked = Callable[[dict[str, str]], Project]


@pytest.mark.parametrize(
    ("text", "kind", "framework"),
    [
        ("from celery import shared_task\n@shared_task\ndef f(): ...", EntryKind.TASK, "celery"),
        ("from celery import Celery\napp = Celery()\n@app.task(bind=True)\ndef f(self): ...", EntryKind.TASK, "celery"),
        ("import dramatiq\n@dramatiq.actor\ndef f(): ...", EntryKind.TASK, "dramatiq"),
        ("from huey import RedisHuey\nhuey = RedisHuey()\n@huey.task()\ndef f(): ...", EntryKind.TASK, "huey"),
        ("from django_rq import job\n@job\ndef f(): ...", EntryKind.TASK, "rq"),
        ("import click\n@click.command()\ndef f(): ...", EntryKind.COMMAND, "click"),
        ("import typer\napp = typer.Typer()\n@app.command()\ndef f(): ...", EntryKind.COMMAND, "typer"),
        ("from django.core.management.base import BaseCommand\nclass Command(BaseCommand):\n    def handle(self): ...", EntryKind.COMMAND, "django"),
        ("from faststream.rabbit import RabbitBroker\nbroker = RabbitBroker()\n@broker.subscriber('q')\nasync def f(m): ...", EntryKind.CONSUMER, "faststream"),
        ("from kafka import KafkaConsumer\ndef f():\n    c = KafkaConsumer('t')\n    for m in c:\n        print(m)", EntryKind.CONSUMER, "kafka-python"),
        ("def f(ch, m, p, b): ...\ndef g(channel):\n    channel.basic_consume(queue='q', on_message_callback=f)", EntryKind.CONSUMER, "pika"),
        ("from fastapi import FastAPI\nasync def f(app):\n    yield\napp = FastAPI(lifespan=f)", EntryKind.STARTUP, "starlette"),
        ("from fastapi import FastAPI\napp = FastAPI()\n@app.on_event('startup')\ndef f(): ...", EntryKind.STARTUP, "fastapi"),
        (
            "from starlette.middleware.base import BaseHTTPMiddleware\nclass M(BaseHTTPMiddleware):\n    async def dispatch(self, request, call_next): ...",
            EntryKind.MIDDLEWARE,
            "starlette",
        ),
        ("class WorkerSettings:\n    functions = [f]\nasync def f(ctx): ...\nimport arq", EntryKind.TASK, "arq"),
        ("def main(): ...\nif __name__ == '__main__':\n    main()", EntryKind.COMMAND, "script"),
    ],
)
def test_what_a_library_runs_is_an_entry(linked: Linked, text: str, kind: EntryKind, framework: str) -> None:
    assert [(one.kind, one.framework) for one in linked({"app.py": text + "\n"}).entries] == [(kind, framework)]


@pytest.mark.parametrize(
    "text",
    [
        "from invoke import task\n@task\ndef f(c): ...",
        "from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def f(self): ...",
        "from .own import task\n@task\ndef f(): ...",
    ],
)
def test_what_only_looks_like_a_task_is_none(linked: Linked, text: str) -> None:
    assert list(linked({"app/__init__.py": "", "app/own.py": "def task(f):\n    return f\n", "app/main.py": text + "\n"}).entries) == []


APP = {
    "app.py": "from fastapi import FastAPI, Depends\nfrom work import deep, tool\napp = FastAPI()\n"
    "def db():\n    return opened()\ndef opened(): ...\n@app.get('/')\ndef home(d=Depends(db)):\n    deep()\n",
    "work.py": "import click\nfrom celery import shared_task\ndef deep():\n    deeper()\ndef deeper(): ...\ndef unused():\n    deep()\n"
    "@click.command()\ndef tool():\n    deep()\n    only_tool()\ndef only_tool(): ...\n@shared_task\ndef later():\n    deeper()\n",
}


def key(project: Project, path: str, name: str) -> tuple[str, int]:
    return path, next(index for index, head in enumerate(project.modules[path].functions) if head.name == name)


@pytest.mark.parametrize(
    ("path", "name", "entry", "way"),
    [
        ("work.py", "deeper", "home", ["deep", "deeper"]),
        ("work.py", "only_tool", "tool", ["only_tool"]),
        ("app.py", "home", "home", []),
        ("app.py", "opened", "home", ["opened"]),
    ],
)
def test_a_function_is_reached_from_the_nearest_request_first(linked: Linked, path: str, name: str, entry: str, way: list[str]) -> None:
    project = linked(APP)
    found = project.reached_from(key(project, path, name))
    assert found is not None
    assert (found[0].name, [step.edge.target.name for step in found[1]]) == (entry, way)


def test_nothing_reaches_what_nobody_calls(linked: Linked) -> None:
    project = linked(APP)
    assert project.reached_from(key(project, "work.py", "unused")) is None


def test_a_function_handed_to_a_thread_is_reached(linked: Linked) -> None:
    text = "import asyncio\nfrom fastapi import FastAPI\napp = FastAPI()\ndef work(): ...\n@app.get('/')\nasync def home():\n"
    text += "    await asyncio.to_thread(work)\n"
    project = linked({"app.py": text})
    assert project.reached_from(key(project, "app.py", "work")) is not None


def test_methods_that_a_generic_view_calls_are_reached(linked: Linked) -> None:
    text = "from django.urls import path\nfrom django.views.generic import ListView\n"
    text += "class V(ListView):\n    def get_queryset(self):\n        return rows()\ndef rows(): ...\nurlpatterns = [path('', V.as_view())]\n"
    project = linked({"urls.py": text})
    assert project.reached_from(key(project, "urls.py", "rows")) is not None


def test_a_routed_view_is_an_entry_once(linked: Linked) -> None:
    text = (
        "from django.urls import path\nfrom django.views import View\nclass V(View):\n    def get(self, request): ...\nurlpatterns = [path('', V.as_view())]\n"
    )
    assert [one.name for one in linked({"urls.py": text}).entries] == ["V.get"]


def test_a_view_that_is_registered_in_an_unknown_way_is_an_entry(linked: Linked) -> None:
    text = "from django.views import View\nfrom registry import register\n"
    text += "@register('x')\nclass V(View):\n    def get(self, request): ...\n    def own(self): ...\n"
    assert [one.name for one in linked({"views.py": text}).entries] == ["V.get"]
