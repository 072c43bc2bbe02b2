"""Each kind of deployment file, as real projects write them, gives the facts that rules need."""

from __future__ import annotations

import pytest
from manifests import manifest, reading

from backend_lint.facts.deployment import Bound, Origin, Port, Variable
from backend_lint.facts.file import Kind
from backend_lint.readers import wanted

COMPOSE = """\
x-environment: &environment
  DATABASE_URL: postgres://shop:hunter2@db:5432/shop
  SECRET_KEY: very-secret
services:
  web:
    build: {context: ./web}
    command: gunicorn shop.wsgi -w 4 --timeout 120
    environment:
      <<: *environment
      DEBUG: "0"
      SENTRY_DSN:
    env_file: [.env]
    ports: ["8000:8000"]
    deploy: {replicas: 3}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8000/health"], timeout: 5s}
  worker:
    image: shop:1
    command: ["celery", "-A", "shop", "worker", "--time-limit", "300"]
    environment: ["A=1", "B"]
    stop_grace_period: 1m30s
"""
KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 3
  template:
    spec:
      terminationGracePeriodSeconds: 45
      initContainers:
        - name: migrate
          command: [python, manage.py, migrate]
      containers:
        - name: web
          image: shop:1.2
          command: ["sh", "-c"]
          args: ["exec gunicorn -t 60 shop.wsgi"]
          env:
            - {name: LOG_LEVEL, value: info}
            - name: DB_PASSWORD
              valueFrom: {secretKeyRef: {name: db, key: password}}
          envFrom:
            - configMapRef: {name: shop}
          ports: [{containerPort: 8000}]
          livenessProbe:
            httpGet: {path: /health, port: http}
            timeoutSeconds: 2
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec: {minReplicas: 2, maxReplicas: 10, scaleTargetRef: {kind: Deployment, name: api}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: "30"
spec: {ingressClassName: nginx}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: hunter2}
"""
SAM = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String}}
Globals:
  Function:
    Timeout: 20
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Environment:
        Variables:
          TABLE: !Ref Table
          STAGE: !Sub '${Stage}-x'
          MODE: plain
      Events:
        Get: {Type: Api, Properties: {Path: /x, Method: get}}
  Consumer:
    Type: AWS::Serverless::Function
    Properties:
      Handler: worker.handler
      Timeout: !If [Slow, 900, 60]
  Queue:
    Type: AWS::SQS::Queue
"""
TERRAFORM = """\
resource "aws_lambda_function" "worker" {
  function_name = "worker-${var.stage}"
  timeout       = 60 # seconds
  environment {
    variables = {
      TABLE = "orders"
      KEY   = var.key
    }
  }
  timeouts {
    create = "10m"
  }
}
resource "aws_sqs_queue" "jobs" { name = "jobs" }
resource "aws_lb" "main" {
  /* raised for
     exports */
  idle_timeout = 120
  tags = { idle_timeout = "7" }
}
resource "aws_ecs_task_definition" "web" {
  container_definitions = <<JSON
[{"timeout": 1}]
JSON
}
"""


def deadlines(path: str, text: str) -> list[tuple[str, Bound, float | None, int, Origin]]:
    return [(found.kind, found.bounds, found.seconds, found.line, found.origin) for found in manifest(path, text).deadlines]


def test_compose_services_are_processes_with_options_environment_and_probes() -> None:
    found = manifest("docker-compose.prod.yml", COMPOSE)
    web, worker = found.processes
    assert (web.program, web.role, web.unit, web.line, web.target) == ("gunicorn", "web", "web", 7, "shop.wsgi")
    assert dict(web.options) == {"workers": "4", "timeout": "120"}
    assert (worker.role, dict(worker.options)["time-limit"]) == ("worker", "300")
    assert found.variables[:4] == (
        Variable("DEBUG", "0", 10, "compose", "web"),
        Variable("SENTRY_DSN", None, 11, "compose", "web"),
        Variable("DATABASE_URL", "postgres://shop:***@db:5432/shop", 2, "compose", "web"),
        Variable("SECRET_KEY", "***", 3, "compose", "web"),
    )
    assert [(entry.name, entry.value) for entry in found.variables[4:]] == [("A", "1"), ("B", None)]
    assert [(entry.name, entry.replicas, entry.target) for entry in found.workloads] == [("web", 3, "./web"), ("worker", None, "")]
    assert (found.probes[0].target, found.probes[0].seconds) == ("curl -f http://localhost:8000/health", 5.0)
    assert (found.ports, found.files[0].name, found.deadlines[0].seconds) == ((Port("8000", 13, "web"),), ".env", 90.0)


def test_kubernetes_documents_give_pods_scaling_ingress_deadline_and_secrets_without_values() -> None:
    found = manifest("k8s/api.yaml", KUBERNETES)
    migrate, web = found.processes
    assert (migrate.source, migrate.command) == ("kubernetes:init", "python manage.py migrate")
    assert (web.program, web.unit, dict(web.options), web.replaces_shell) == ("gunicorn", "api/web", {"timeout": "60"}, True)
    assert [(entry.kind, entry.replicas, entry.minimum, entry.maximum) for entry in found.workloads] == [
        ("Deployment", 3, None, None),
        ("HorizontalPodAutoscaler", None, 2, 10),
    ]
    assert [(entry.kind, entry.seconds, entry.line) for entry in found.deadlines] == [("termination-grace", 45.0, 8), ("ingress-read", 30.0, 38)]
    assert [(entry.name, entry.value) for entry in found.variables] == [("LOG_LEVEL", "info"), ("DB_PASSWORD", None), ("password", None)]
    assert (found.probes[0].kind, found.probes[0].target, found.probes[0].port, found.probes[0].seconds) == ("liveness", "/health", "http", 2.0)
    assert (found.files[0].name, found.files[0].kind) == ("shop", "configMapRef")


def test_serverless_functions_have_their_own_or_the_general_timeout() -> None:
    text = """\
service: shop
provider: {name: aws, timeout: 10, environment: {TABLE: orders, KEY: "${ssm:/key}"}}
functions:
  api:
    handler: src/api.handler
    events: [{http: {path: /, method: get}}]
  job:
    handler: src/job.handler
    timeout: 300
    events: [{sqs: "arn:x"}]
"""
    assert deadlines("serverless.yml", text) == [
        ("lambda", Bound.REQUEST, 10.0, 2, Origin.WRITTEN),
        ("api-gateway", Bound.REQUEST, 29.0, 4, Origin.DEFAULT),
        ("lambda", Bound.TASK, 300.0, 9, Origin.WRITTEN),
    ]
    assert deadlines("serverless.yml", text.replace("aws", "google")) == [
        ("cloud-function", Bound.REQUEST, 10.0, 2, Origin.WRITTEN),
        ("cloud-function", Bound.TASK, 300.0, 9, Origin.WRITTEN),
    ]
    assert deadlines("serverless.yml", "provider: azure\nfunctions: {a: {handler: a.b}}\n") == []


def test_tags_of_cloudformation_are_unknown_values_and_break_nothing() -> None:
    found = manifest("template.yaml", SAM)
    assert [(entry.name, entry.value) for entry in found.variables] == [("TABLE", None), ("STAGE", None), ("MODE", "plain")]
    assert deadlines("template.yaml", SAM) == [
        ("lambda", Bound.REQUEST, 20.0, 6, Origin.WRITTEN),
        ("api-gateway", Bound.REQUEST, 29.0, 8, Origin.DEFAULT),
        ("lambda", Bound.TASK, None, 23, Origin.WRITTEN),
        ("sqs-visibility", Bound.REDELIVERY, 30.0, 24, Origin.DEFAULT),
    ]


def test_terraform_arguments_are_found_in_their_own_block_only() -> None:
    assert deadlines("infra/main.tf", TERRAFORM) == [
        ("lambda", Bound.TASK, 60.0, 3, Origin.WRITTEN),
        ("alb-idle", Bound.REQUEST, 120.0, 18, Origin.WRITTEN),
        ("sqs-visibility", Bound.REDELIVERY, 30.0, 14, Origin.DEFAULT),
    ]
    assert [(entry.name, entry.value) for entry in manifest("infra/main.tf", TERRAFORM).variables] == [("TABLE", "orders"), ("KEY", None)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "service.yaml",
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: {spec: {timeoutSeconds: 90}}}\n",
            ("cloud-run", 90.0),
        ),
        ("app.yaml", "runtime: python312\nentrypoint: gunicorn -b :$PORT main:app\n", ("app-engine", 600.0)),
        ("nginx/default.conf", "server {\n  location /api { proxy_read_timeout 2m; }\n}\n", ("nginx-proxy-read", 120.0)),
        ("nginx.conf", "proxy_read_timeout ${READ};", ("nginx-proxy-read", None)),
        ("vercel.json", '{"functions": {"api/*.py": {"maxDuration": 60}}}', ("vercel-function", 60.0)),
        ("fly.toml", 'kill_timeout = "20s"\n', ("kill-timeout", 20.0)),
        ("shop.service", "[Service]\nExecStart=/srv/bin/gunicorn a:b\nTimeoutStopSec=30\n", ("stop-wait", 30.0)),
    ],
)
def test_platform_deadline(path: str, text: str, expected: tuple[str, float | None]) -> None:
    assert [(entry.kind, entry.seconds) for entry in manifest(path, text).deadlines] == [expected]


@pytest.mark.parametrize(
    ("path", "text", "command", "line"),
    [
        ("Procfile", "# types\nweb: gunicorn app:app --timeout 25\n", "gunicorn app:app --timeout 25", 2),
        (
            "entrypoint.sh",
            '#!/bin/sh\nset -e\nexec gunicorn config.wsgi \\\n  --bind "0.0.0.0:$PORT" \\\n  -t 9\n',
            "gunicorn config.wsgi --bind 0.0.0.0:$PORT -t 9",
            3,
        ),
        ("docker/start", "#!/bin/bash\nif true; then python manage.py migrate; fi\n", "python manage.py migrate", 2),
        ("supervisord.conf", "[program:web]\ncommand=gunicorn a:b\n  --timeout 10\n", "gunicorn a:b --timeout 10", 2),
        ("render.yaml", "services:\n- type: web\n  name: x\n  startCommand: gunicorn a:b\n", "gunicorn a:b", 4),
        ("fly.toml", '[processes]\nweb = "gunicorn a:b"\n', "gunicorn a:b", 2),
        ("chart/values.yaml", "replicaCount: 2\ncommand: [gunicorn, 'a:b']\n", "gunicorn a:b", 2),
    ],
)
def test_started_process(path: str, text: str, command: str, line: int) -> None:
    assert [(entry.command, entry.line) for entry in manifest(path, text).processes] == [(command, line)]


def test_uwsgi_options_come_from_its_own_section() -> None:
    found = manifest("uwsgi.ini", "[other]\nharakiri = 1\n[uwsgi]\nmodule = shop.wsgi\nharakiri = 30\nprocesses = 4\n").processes[0]
    assert (found.program, found.target, dict(found.options)) == ("uwsgi", "shop.wsgi", {"module": "shop.wsgi", "harakiri": "30", "processes": "4"})


def test_dotenv_hides_secrets_and_survives_open_quotes() -> None:
    found = manifest(".env.example", "# c\nexport A=1 # note\nSECRET_KEY=\"x\ny\"\nMSG='it's\nURL=http://a:b@c/d\nEMPTY=\n").variables
    assert [(entry.name, entry.value, entry.line) for entry in found] == [
        ("A", "1", 2),
        ("SECRET_KEY", "***", 3),
        ("MSG", "it", 5),
        ("URL", "http://a:***@c/d", 6),
        ("EMPTY", "", 7),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("locale/de.yml", "greeting: Hallo\nservices: none\n"),
        ("locale/broken.yml", "a: [\n"),
        ("chart/templates/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n{{- if .Values.x }}\nspec: {{ toYaml .Values.y }}\n{{- end }}\n"),
        ("tests/latin.yml", b"name: caf\xe9\n"),
        ("openapi.yaml", "openapi: 3.1.0\npaths: {}\n"),
        ("backup.sh", "#!/bin/sh\ntar cf x y\n"),
    ],
)
def test_files_that_deploy_nothing_are_quiet(path: str, text: str | bytes) -> None:
    assert manifest(path, text).form == ""


@pytest.mark.parametrize(
    ("path", "text", "reason", "line"),
    [
        ("docker-compose.yml", "services:\n\tweb: {}\n", "is not valid YAML", 2),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Pod\nspec: [\n", "is not valid YAML", 4),
        ("docker-compose.yml", b"services: {a: caf\xe9}\n", "is not valid utf-8", 1),
        ("fly.toml", "a = 1\nb =\n", "is not valid TOML", 2),
        ("Dockerfile", b"FROM x\n\xff\xfe\n", "is not valid utf-8", 2),
        (".env", b"A=1\nB=\0\n", "NUL", 2),
    ],
)
def test_broken_deployment_files_are_named_with_line(path: str, text: str | bytes, reason: str, line: int) -> None:
    (found,) = reading(path, text)[1].unchecked
    assert (found.path, found.line) == (path, line)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/Dockerfile.prod", Kind.DOCKERFILE),
        ("web.dockerfile", Kind.DOCKERFILE),
        (".env.example", Kind.DOTENV),
        (".env.py", Kind.PYTHON),
        ("config/.env.js", None),
        ("etc/nginx/conf.d/site.conf", Kind.NGINX),
        ("deploy/uwsgi.ini", Kind.INI),
        ("setup.cfg", None),
        ("tox.ini", None),
        (".github/workflows/ci.yml", None),
        (".pre-commit-config.yaml", None),
        ("package.json", None),
        ("README.md", None),
    ],
)
def test_kind_is_told_by_name(path: str, kind: Kind | None) -> None:
    assert wanted(path) is kind


def test_entry_point_and_command_of_a_service_are_one_command_line() -> None:
    text = """\
services:
  a: {entrypoint: ["/bin/sh", "-c"], command: ["python manage.py migrate && exec gunicorn a:b"]}
  b: {entrypoint: /entrypoint.sh, command: gunicorn a:b}
  c: {image: "docker.io/library/postgres:15@sha256:00", command: -c max_connections=50}
  d:
    command: >
      sh -c "while ! nc -z db 5432; do sleep 1; done;
      uvicorn a:b"
"""
    found = [(entry.unit, entry.command) for entry in manifest("compose.yml", text).processes]
    assert found == [
        ("a", "python manage.py migrate"),
        ("a", "gunicorn a:b"),
        ("b", "/entrypoint.sh"),
        ("b", "gunicorn a:b"),
        ("c", "postgres -c max_connections=50"),
        ("d", "nc -z db 5432"),
        ("d", "uvicorn a:b"),
    ]
