"""Small files of every kind that no sample holds: what the guided fuzzer begins with."""

from __future__ import annotations

DEPLOYED = {
    "docker-compose.yml": """\
x-a: &a
  restart: always
services:
  web:
    <<: *a
    image: x:1
    command: gunicorn -w 4 --timeout=30 'a.wsgi:app'
    environment:
      DATABASE_URL: ${DB:-postgres://u:p@db/x}
    depends_on: [db]
    deploy: {replicas: 2, resources: {limits: {cpus: '0.5', memory: 1g}}}
    healthcheck: {test: [CMD, curl, x], interval: 10s}
  db:
    image: postgres:16
    command: -c max_connections=200
""",
    "k8s/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {a: 1h}}
spec:
  replicas: 3
  template:
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: web
        args: [uvicorn, 'a:app', --workers, '4']
        env: [{name: A, value: '1'}]
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        livenessProbe: {httpGet: {path: /, port: 80}, timeoutSeconds: 1}
---
kind: HorizontalPodAutoscaler
spec: {minReplicas: 1, maxReplicas: 5}
---
kind: Ingress
metadata: {annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: '60'}}
""",
    "fly.toml": """\
app = 'x'
[env]
A = '1'
[processes]
web = 'gunicorn a:b --timeout 30'
[[services]]
[services.concurrency]
hard_limit = 25
""",
    "railway.toml": """\
[deploy]
startCommand = 'hypercorn a:b'
healthcheckTimeout = 300
""",
    "uwsgi.ini": """\
[uwsgi]
module = a.wsgi
processes = %(x)4
harakiri = 30
; c
#c
""",
    "supervisord.conf": """\
[program:web]
command=celery -A a worker -c 4 \\
 --pool=gevent
stopwaitsecs=10
environment=A="1",B=2
""",
    "app.json": '{"formation": {"web": {"quantity": 2}}, "env": {"A": {"value": "1"}}}',
    "zappa_settings.json": '{"dev": {"timeout_seconds": 30, "environment_variables": {"A": "1"}}}',
    "Dockerfile": """\
FROM python:3.11 AS a
ARG X=1
ENV A=1 B='2'
ENV C d
RUN <<E
x
E
CMD ["gunicorn", "a:b"]
ENTRYPOINT exec uvicorn a:b \\
  --port $X
""",
    "Procfile": """\
web: gunicorn a:b --workers=$WEB_CONCURRENCY
worker: celery -A a worker
""",
    ".env": """\
export A='1'
B="x\\ny"
C=${A:-2}
# c
SECRET_KEY=abc
""",
    "entrypoint.sh": """\
#!/bin/sh
set -e
: ${A:=5}
export B="${A:-3}"
if [ -z "$A" ]; then
exec gunicorn a:b --timeout ${A} \\
 -k uvicorn.workers.UvicornWorker
fi
cat <<E
x
E
""",
    "main.tf": """\
resource "aws_lb" "a" {
  idle_timeout = 60
  x = "${var.a}"
  health_check { interval = 10 }
  y = <<E
a
E
}
variable "a" { default = 5 }
""",
    "nginx.conf": """\
http {
  upstream a { server b:80 max_fails=3; }
  server {
    location ~ ^/x { proxy_pass http://a; proxy_read_timeout 60s; limit_req zone=a burst=5; }
    add_header X "y;{"; # c
  }
}
""",
    "web.service": """\
[Service]
ExecStart=/usr/bin/gunicorn a:b \\
  -w 4
Environment="A=1" B=2
TimeoutStopSec=30
Restart=always
""",
    "openapi.yaml": """\
openapi: 3.0.0
paths:
  /a/{b}:
    get: {parameters: [{$ref: '#/c'}], responses: {'200': {description: x}}}
""",
}
"""Manifests of deployments by name."""
REQUIRED = {
    "requirements.txt": """\
-r base.txt
Django[argon2]>=4.2,<5 ; python_version >= '3.8' \\
  --hash=sha256:00
-e git+https://x/y.git@v1#egg=z
x @ file:///x-1.0.whl
""",
    "setup.cfg": """\
[metadata]
version = attr: a.b
[options]
install_requires =
  Django~=4.2
[options.extras_require]
pg = psycopg[binary]>=3
""",
    "setup.py": """\
from setuptools import setup
REQ = ['Django>=4']
setup(install_requires=REQ + ['x==1'], extras_require={'a': ['b']})
""",
    "Pipfile": """\
[packages]
django = {version = '==4.2', extras = ['argon2']}
flask = '*'
[dev-packages]
pytest = '>=7'
""",
    "Pipfile.lock": '{"_meta": {}, "default": {"django": {"version": "==4.2.1", "markers": "x"}}, "develop": {}}',
    "poetry.lock": """\
[[package]]
name = "django"
version = "4.2.1"
[package.dependencies]
sqlparse = ">=0.3"
""",
    "uv.lock": """\
version = 1
[[package]]
name = "django"
version = "5.0"
source = { registry = "https://x" }
""",
    "pdm.lock": """\
[[package]]
name = "django"
version = "5.0"
groups = ["default"]
""",
    "environment.yml": """\
name: x
dependencies:
  - python=3.11
  - django>=4
  - pip:
    - flask==3.0
""",
    "pyproject.toml": """\
[project]
dependencies = ['django>=4.2', 'x[y]~=1.0; python_version<"3.9"']
[project.optional-dependencies]
a = ['b']
[tool.poetry.dependencies]
python = '^3.11'
flask = {version = '^3.0', optional = true}
[dependency-groups]
dev = ['pytest', {include-group = 'a'}]
""",
}
"""Manifests of libraries by name."""
SET = {
    ".importlinter": """\
[importlinter]
root_package = a
[importlinter:contract:1]
name = l
type = layers
layers =
  (a.b) : a.c
  a.d | a.e
containers = a
ignore_imports =
  a.* -> a.**
[importlinter:contract:2]
name=f
type=forbidden
source_modules=a
forbidden_modules=b
""",
    ".coveragerc": """\
[run]
branch = true
source = a,b
omit =
  */x/*
[report]
exclude_also =
  def __repr__
  if TYPE_CHECKING:
""",
    "baseline": '{"version": 1, "findings": {"app/a.py": {"n-plus-one": ["0123456789abcdef"]}}}',
    "ratchet": '{"files": {"a.py": 81.5}}',
    "performance baseline": '{"endpoints": {"GET /a": [{"requests": 5, "bands": {"0.95": [1.0, 2.0]}}]}}',
    "patch": """\
diff --git "a/\\303\\251.py" "b/\\303\\251.py"
--- "a/\\303\\251.py"
+++ "b/\\303\\251.py"
@@ -1,2 +1,3 @@
 a
+b
 c
\\ No newline at end of file
""",
    ".gitignore": """\
*.pyc
/build/
!keep
**/x/**/y
[a-z]?.py
\\#a
""",
    "statistics": """\
schemaname,relname,n_live_tup,calls,query
public,a,5,7,"select * from a where b = $1"
""",
    "setup.cfg": """\
[coverage:run]
source = a
[tool:pytest]
addopts = --cov=a
[importlinter]
root_packages = a
""",
}
"""Settings, baselines, patches by what they are."""
