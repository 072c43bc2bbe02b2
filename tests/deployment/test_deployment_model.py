"""Which deadline bounds a request or a task, joined from manifests, command lines, configuration files and code."""

from __future__ import annotations

import pytest
from manifests import project

from backend_lint.facts.deployment import Bound, Origin
from backend_lint.project.deployment import Limit, home_of

GUNICORN = {"Dockerfile": 'FROM python\nCMD ["gunicorn", "shop.wsgi"]\n'}


def told(limit: Limit | None) -> tuple[str, int, str, float | None, Origin] | None:
    return None if limit is None else (limit.path, limit.deadline.line, limit.deadline.kind, limit.seconds, limit.deadline.origin)


def request_deadline(files: dict[str, str], path: str = "shop/views.py") -> tuple[str, int, str, float | None, Origin] | None:
    return told(project(files).deployment.request_deadline(path))


def test_gunicorn_kills_a_sync_worker_after_30_seconds_unless_told_otherwise() -> None:
    assert request_deadline(GUNICORN) == ("Dockerfile", 2, "gunicorn-worker", 30.0, Origin.DEFAULT)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("timeout = 120\n", (120.0, Origin.WRITTEN)),
        ("MINUTE = 60\ntimeout = 2 * MINUTE\n", (120.0, Origin.WRITTEN)),
        ("import os\n\ntimeout = int(os.getenv('TIMEOUT', '90'))\n", (90.0, Origin.ASSUMED)),
        ("from datetime import timedelta\ntimeout = timedelta(minutes=1).total_seconds()\n", (60.0, Origin.WRITTEN)),
    ],
)
def test_gunicorn_configuration_file_sets_the_deadline(config: str, expected: tuple[float, Origin]) -> None:
    found = request_deadline({**GUNICORN, "gunicorn.conf.py": config})
    assert found is not None
    assert (found[0], *found[3:]) == ("gunicorn.conf.py", *expected)


@pytest.mark.parametrize(
    "files",
    [
        {**GUNICORN, "gunicorn.conf.py": "import os\ntimeout = int(os.environ['TIMEOUT'])\n"},
        {**GUNICORN, "gunicorn.conf.py": "timeout = 30\nif DEBUG:\n    timeout = 900\n"},
        {**GUNICORN, "gunicorn.conf.py": "worker_class = 'uvicorn.workers.UvicornWorker'\n"},
        {**GUNICORN, "gunicorn.conf.py": "threads = 4\n"},
        {**GUNICORN, "a/gunicorn.conf.py": "timeout = 1\n", "b/gunicorn.conf.py": "timeout = 2\n"},
        {"Dockerfile": "FROM a\nCMD gunicorn -c /etc/elsewhere.py shop.wsgi\n"},
        {"Dockerfile": "FROM a\nENV GUNICORN_CMD_ARGS=--timeout=5\nCMD gunicorn shop.wsgi\n"},
        {"Dockerfile": "FROM a\nCMD gunicorn -k gevent -t 5 shop.wsgi\n"},
        {"Dockerfile": "FROM a\nCMD gunicorn --timeout 0 shop.wsgi\n"},
        {"Dockerfile": "FROM a\nCMD gunicorn --timeout $TIMEOUT shop.wsgi\n"},
        {"Dockerfile": "FROM a\nCMD uvicorn shop.main:app --timeout-keep-alive 5\n"},
        {"docker-compose.dev.yml": "services: {web: {command: gunicorn -t 5 shop.wsgi}}\n"},
        {"compose.yml": "services: {web: {command: gunicorn --reload -t 5 shop.wsgi}}\n"},
    ],
    ids=lambda files: next(reversed(files.values())).replace("\n", " ")[-45:],
)
def test_what_is_not_known_or_does_not_end_a_request_bounds_nothing(files: dict[str, str]) -> None:
    assert request_deadline(files) is None


def test_variable_of_a_command_line_has_the_value_that_all_manifests_give_it() -> None:
    files = {"Dockerfile": "FROM a\nCMD gunicorn --timeout $T shop.wsgi\n", "k8s/map.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {T: '75'}\n"}
    assert request_deadline(files) == ("Dockerfile", 2, "gunicorn-worker", 75.0, Origin.ASSUMED)
    files["k8s/other.yaml"] = files["k8s/map.yaml"].replace("75", "80")
    assert request_deadline(files) is None


def test_tightest_kind_counts_and_within_a_kind_the_longest_that_may_hold() -> None:
    files = {
        "web.dockerfile": "FROM a\nCMD gunicorn -t 20 shop.wsgi\n",
        "slow.dockerfile": "FROM a\nCMD gunicorn -t 300 shop.wsgi\n",
        "deploy/nginx.conf": "location / { proxy_read_timeout 60; }\n",
    }
    deployment = project(files).deployment
    assert [(limit.deadline.kind, limit.seconds) for limit in deployment.chain(Bound.REQUEST, "shop/a.py")] == [
        ("nginx-proxy-read", 60.0),
        ("gunicorn-worker", 300.0),
    ]


def test_a_service_of_a_monorepo_is_bound_by_its_own_files() -> None:
    files = {
        "services/shop/deploy/Dockerfile": "FROM a\nCMD gunicorn -t 20 shop.wsgi\n",
        "services/mail/Dockerfile": "FROM a\nCMD gunicorn -t 50 mail.wsgi\n",
        "compose.yml": "services: {cart: {build: ./services/cart, command: gunicorn -t 70 cart.wsgi}}\n",
    }
    deployment = project(files).deployment
    found = [deployment.request_deadline(f"services/{name}/views.py") for name in ("shop", "mail", "cart", "other")]
    assert [limit.seconds if limit else None for limit in found] == [20.0, 50.0, 70.0, None]


def test_deadline_of_a_function_platform_does_not_bind_code_that_a_server_runs() -> None:
    function = {"serverless.yml": "functions: {a: {handler: a.b, events: [http: GET /]}}\nprovider: {name: aws}\n"}
    found = project(function).deployment.request_deadline("shop/a.py")
    assert found is not None and (found.deadline.kind, found.seconds) == ("lambda", 6.0)
    assert request_deadline({**function, "Dockerfile": "FROM a\nCMD uvicorn shop:app\n"}) is None


def test_heroku_router_stands_before_the_web_process_of_an_app_with_app_json() -> None:
    files = {"Procfile": "web: uvicorn shop:app\n", "app.json": "{}"}
    assert request_deadline(files) == ("Procfile", 1, "heroku-router", 30.0, Origin.DEFAULT)
    del files["app.json"]
    assert request_deadline(files) is None


CELERY = {
    "shop/celery.py": "from celery import Celery\napp = Celery('shop')\napp.conf.task_time_limit = 5 * 60\n",
    "shop/tasks.py": "from celery import shared_task\n@shared_task(time_limit=10)\ndef short(): ...\n@shared_task\ndef other(): ...\n",
}


def test_task_is_bound_by_its_decorator_else_by_the_application() -> None:
    deployment = project(CELERY).deployment
    assert told(deployment.task_deadline("shop/tasks.py", "short")) == ("shop/tasks.py", 2, "celery-time-limit", 10.0, Origin.WRITTEN)
    assert told(deployment.task_deadline("shop/tasks.py", "other")) == ("shop/celery.py", 3, "celery-time-limit", 300.0, Origin.WRITTEN)
    assert deployment.request_deadline("shop/tasks.py") is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("shop/settings.py", "CELERY_TASK_TIME_LIMIT = 40\n"),
        ("shop/settings/base.py", "class Base:\n    CELERY_TASK_TIME_LIMIT = 40\n"),
        ("celeryconfig.py", "task_time_limit = 40\n"),
        ("shop/worker.py", "from celery import Celery\napp = Celery('a')\napp.conf.update(task_time_limit=40)\n"),
        ("shop/worker.py", "from celery import Celery\napp = Celery('a', task_time_limit=40)\n"),
        ("Procfile", "worker: celery -A shop worker --time-limit=40\n"),
    ],
)
def test_general_limit_of_tasks(path: str, text: str) -> None:
    found = project({path: text}).deployment.task_deadline("shop/tasks.py", "any")
    assert found is not None and found.seconds == 40.0


def test_visibility_timeout_of_the_broker_is_a_redelivery_window() -> None:
    found = project({"shop/settings.py": "CELERY_BROKER_TRANSPORT_OPTIONS = {'visibility_timeout': 60 * 60}\n"}).deployment.deadlines
    assert [(limit.deadline.bounds, limit.seconds) for limit in found] == [(Bound.REDELIVERY, 3600.0)]


def test_evidence_says_where_and_how_sure() -> None:
    found = project(GUNICORN).deployment.request_deadline()
    assert found is not None
    assert (found.evidence().path, found.evidence().line) == ("Dockerfile", 2)
    assert found.evidence().message == "gunicorn worker deadline: 30 s (its default; none is set)"


def test_home_is_the_folder_above_deployment_folders() -> None:
    assert [home_of(path) for path in ("Dockerfile", "a/Dockerfile", "a/k8s/prod/x.yaml", "deploy/a.yaml")] == ["", "a", "a", ""]
