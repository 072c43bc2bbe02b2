"""The tokenizers of our own: commands and Dockerfiles."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import manifest

from backend_lint.duration import seconds
from backend_lint.readers.deployment.command import processes
from backend_lint.readers.deployment.dockerfile import instructions
from backend_lint.readers.deployment.shell_words import split
from backend_lint.readers.deployment.terraform import assignments

shellish = st.text(alphabet="ab -=\"'\\\n\r\t;&|()${}#<>[]:,FROMUN/*", max_size=200)


@pytest.mark.parametrize(
    ("text", "program", "role", "options"),
    [
        ("exec gunicorn app:app -k uvicorn.workers.UvicornWorker -w4", "gunicorn", "web", {"worker-class": "uvicorn.workers.UvicornWorker", "workers": "4"}),
        ("python -m uvicorn app.main:app --reload --workers 2", "uvicorn", "web", {"reload": "true", "workers": "2"}),
        ("poetry run celery -A shop worker -B --soft-time-limit=10", "celery", "worker", {"app": "shop", "beat": "true", "soft-time-limit": "10"}),
        ("celery -A shop beat", "celery", "scheduler", {"app": "shop"}),
        ("wait-for-it.sh -t 30 db:5432 -- python manage.py runserver 0.0.0.0:8000", "python", "web", {}),
        ("DJANGO_ENV=prod uwsgi --harakiri 20 2>&1", "uwsgi", "web", {"harakiri": "20"}),
        ("dumb-init -- python3.12 -u -m hypercorn a:b --graceful-timeout ${G:-5}", "hypercorn", "web", {"graceful-timeout": "${G:-5}"}),
        ("newrelic-admin run-program gunicorn a:b", "gunicorn", "web", {}),
        ("alembic -c a.ini upgrade head", "alembic", "command", {"config": "a.ini"}),
    ],
)
def test_known_program_is_seen_through_its_wrappers(text: str, program: str, role: str, options: dict[str, str]) -> None:
    (found,) = processes(text, 1, "test")
    assert (found.program, found.role, dict(found.options)) == (program, role, options)


def test_every_command_of_a_shell_text_counts_and_exec_replaces_the_shell() -> None:
    migrate, serve = processes('sh -c "python manage.py migrate && exec gunicorn -t 60 a:b"', 1, "test")
    assert (migrate.command, migrate.replaces_shell) == ("python manage.py migrate", False)
    assert (serve.command, serve.replaces_shell) == ("gunicorn -t 60 a:b", True)


@pytest.mark.parametrize(
    "text",
    [
        "poetry install",
        "uv sync",
        "export A=1 B=2; C=3",
        "",
        "while ! test -f x; do sleep 1; done",
        "while !</dev/tcp/db/5432; do :; done",
        "python -c 'import x'",
    ],
)
def test_what_starts_nothing_is_no_process(text: str) -> None:
    assert processes(text, 1, "test") == []


def test_go_style_options_keep_their_names() -> None:
    (found,) = processes("tempo -config.file=/etc/tempo.yaml -v --save '' x", 1, "test")
    assert dict(found.options) == {"config.file": "/etc/tempo.yaml", "v": "true", "save": ""}


def test_secrets_of_command_lines_are_hidden() -> None:
    (found,) = processes("redis-server --requirepass hunter2 --db-password=hunter2", 1, "test")
    assert "hunter2" not in f"{found.command} {found.options}"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="$\\\"'"), min_size=1), min_size=1))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert split(" ".join(shlex.quote(word) for word in words)) == [words]


@given(shellish)
def test_no_shell_text_breaks_the_tokenizer(text: str) -> None:
    assert all(words for words in split(text))
    assert all(found.line == 1 for found in processes(text, 1, "test"))


@given(shellish)
def test_instructions_stand_on_growing_lines_of_the_file(text: str) -> None:
    lines = [line for _, _, line in instructions(text)]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@given(shellish)
def test_terraform_lines_lie_in_the_file(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for _, _, _, line in assignments(text))


@given(st.integers(0, 10**6), st.sampled_from([("", 1.0), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("ms", 0.001), (" min", 60.0)]))
def test_durations_have_their_unit(number: int, unit: tuple[str, float]) -> None:
    assert seconds(f"{number}{unit[0]}") == (number * unit[1], False)
    assert seconds(f"${{T:-{number}{unit[0]}}}") == (number * unit[1], True)


DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM python:3.12 AS build
RUN <<EOF
CMD not-an-instruction
EOF
CMD ignored
FROM --platform=$BUILDPLATFORM python:3.12-slim as final
ENV PYTHONUNBUFFERED=1 \\
    # a comment between
    WEB_CONCURRENCY="4"
ENV LEGACY some value
ARG API_TOKEN=abc
expose 8000/tcp 9000
HEALTHCHECK --interval=30s --timeout=3s CMD curl -f http://localhost:8000/ || exit 1
ENTRYPOINT ["/entrypoint.sh"]
CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]
"""


def test_dockerfile_stages_environment_ports_health_and_both_commands() -> None:
    found = manifest("Dockerfile", DOCKERFILE)
    assert [(entry.name, entry.image, entry.line) for entry in found.workloads] == [("build", "python:3.12", 2), ("final", "python:3.12-slim", 7)]
    assert [(entry.name, entry.value, entry.line) for entry in found.variables] == [
        ("PYTHONUNBUFFERED", "1", 8),
        ("WEB_CONCURRENCY", "4", 8),
        ("LEGACY", "some value", 11),
        ("API_TOKEN", "***", 12),
    ]
    assert [(entry.number, entry.unit) for entry in found.ports] == [("8000", "final"), ("9000", "final")]
    assert (found.probes[0].target, found.probes[0].seconds) == ("curl -f http://localhost:8000/ || exit 1", 3.0)
    assert [(entry.command, entry.unit, entry.line) for entry in found.processes] == [
        ("ignored", "build", 6),
        ("/entrypoint.sh", "final", 15),
        ("gunicorn -b 0.0.0.0:8000 app:app", "final", 16),
    ]


@pytest.mark.parametrize(
    ("text", "command", "replaces_shell"),
    [
        ("FROM a\nCMD gunicorn a:b\n", "gunicorn a:b", False),
        ("FROM a\nCMD exec gunicorn a:b\n", "gunicorn a:b", True),
        ('FROM a\nENTRYPOINT ["gunicorn"]\nCMD ["a:b"]\n', "gunicorn a:b", True),
        ('FROM a\nCMD ["old"]\nENTRYPOINT ["tini", "--", "gunicorn", "a:b"]\n', "gunicorn a:b", True),
        ("FROM a\nCMD one\nCMD two\n", "two", False),
        ("# escape=`\nFROM a\nCMD gunicorn `\n  a:b\n", "gunicorn a:b", False),
        ("FROM a\r\nCMD gunicorn \\\r\n  a:b\r\n", "gunicorn a:b", False),
    ],
)
def test_last_command_counts_in_the_form_it_is_written(text: str, command: str, replaces_shell: bool) -> None:
    assert [(entry.command, entry.replaces_shell) for entry in manifest("Dockerfile", text).processes] == [(command, replaces_shell)]
