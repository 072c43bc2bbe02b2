"""Hostile texts, and a program that reads one of them: ``python bombs.py TABLE NAME`` prints the reasons for which it was not checked."""

from __future__ import annotations

import sys

from backend_lint.facts.file import Role, SourceFile
from backend_lint.readers import deployment, wanted

ALIASES = "services: &a0 {x: 1}\n" + "".join(f"k{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGES = "services: &a0 {x: 1}\n" + "".join(f"k{n}: &a{n}\n  <<: [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
BOMBS = {
    "deep-sequence": ("docker-compose.yml", "services:\n  " + "- " * 30_000 + "x", "nested deeper than 200"),
    "deep-flow": ("docker-compose.yml", "services: " + "[" * 100_000, "nested deeper than 200"),
    "deep-json": ("app.json", '{"env":' * 50_000, "nested deeper than 200"),
    "aliases": ("docker-compose.yml", ALIASES, "expand to more than"),
    "merge-keys": ("docker-compose.yml", MERGES, "expand to more than"),
    "recursive": ("docker-compose.yml", "services: &s\n  web: *s\n", "recursive alias"),
    "deep-toml": ("fly.toml", "a = " + "[" * 5_000, "holds a line of more than"),
    "dotted-toml": ("fly.toml", ".".join(["a"] * 20_000) + " = 1", "holds a line of more than"),
    "deep-toml-lines": ("fly.toml", "a = " + "[\n" * 20_000, "is nested too deeply"),
}
SLOW = {
    "nginx-quotes": ("nginx.conf", '"' + '\\"' * 300_000),
    "nginx-braces": ("nginx.conf", "{" * 300_000),
    "terraform-quotes": ("main.tf", '"' + '\\"' * 300_000),
    "terraform-comments": ("main.tf", "/* " * 200_000),
    "terraform-heredocs": ("main.tf", "a = <<E\n" * 80_000),
    "terraform-blocks": ("main.tf", "a {\n" * 100_000),
    "dockerfile-heredocs": ("Dockerfile", "RUN <<E x\n" * 60_000),
    "dockerfile-continuations": ("Dockerfile", "RUN \\\n" * 100_000),
    "dockerfile-json": ("Dockerfile", "CMD " + "[" * 300_000),
    "dockerfile-stages": ("Dockerfile", "FROM a\nCMD $(\n" * 30_000),
    "shell-expansions": ("start.sh", "gunicorn " + "$(" * 200_000),
    "shell-quotes": ("start.sh", "gunicorn " + "\"'" * 200_000),
    "shell-heredocs": ("start.sh", "gunicorn <<E\n" * 50_000),
    "shell-commands": ("start.sh", "sh -c 'sh -c \"gunicorn a\"';" * 30_000),
    "dotenv-quotes": (".env", "A='\n" * 100_000),
    "ini-continuations": ("uwsgi.ini", "[uwsgi]\nmodule = a\n" + "  b\n" * 100_000),
    "compose-aliases": ("docker-compose.yml", "x: &e {A: 1, B: 2}\nservices:\n" + "".join(f"  s{n}: {{environment: *e}}\n" for n in range(15_000))),
    "environment-pairs": ("supervisord.conf", '[program:a]\nenvironment=A="' + 'A="' * 100_000),
    "urls": (".env", "U=" + "://a:" * 100_000),
}

if __name__ == "__main__":
    path, text = {"BOMBS": BOMBS, "SLOW": SLOW}[sys.argv[1]][sys.argv[2]][:2]
    kind = wanted(path)
    assert kind is not None
    read = deployment.read(text.encode(), SourceFile(path, kind, Role.APPLICATION, len(text)))
    sys.stdout.write(f"{[entry.reason for entry in read.unchecked]}\n")
