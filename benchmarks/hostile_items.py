"""Projects that somebody wrote to break whoever reads them: INTERFACE's list of hostile input, an item each, as files on a disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

RAN = "import pathlib\npathlib.Path(__file__).with_name('RAN').write_text('')\n"
CANARY = "import requests\n\n\ndef canary(address: str):\n    return requests.get(address)\n"
"""A file with one finding: whatever else lies beside it, it is reported."""
Lay = Callable[[Path], None]


def _write(root: Path, files: dict[str, bytes | str]) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)


def _texts(**files: bytes | str) -> Lay:
    return lambda root: _write(root, {name.replace("__", "/").replace("_DOT_", "."): data for name, data in files.items()})


def _named(files: dict[str, bytes | str]) -> Lay:
    return lambda root: _write(root, files)


def _aliases(kind: str) -> bytes:
    head = b"a: &a {k: x}\n" if kind == "merge" else b"a: &a [x]\n"
    rows = []
    for index in range(1, 24):
        name, before = b"a%d" % index, b"a%d" % (index - 1) if index > 1 else b"a"
        if kind == "merge":
            rows.append(b"%s: &%s {<<: [%s], n%d: 1}\n" % (name, name, b", ".join([b"*" + before] * 8), index))
        else:
            rows.append(b"%s: &%s [%s]\n" % (name, name, b", ".join([b"*" + before] * 8)))
    return head + b"".join(rows)


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=n@localhost", *arguments], cwd=root, check=True, capture_output=True)


def _hostile_git(root: Path) -> None:
    """Every way in which a repository's own files name a program that git runs."""
    script = root / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch '{root}/RAN'\ncat\n")
    script.chmod(0o755)
    _git(root, "init", "-q")
    _write(root, {"app.py": CANARY, ".gitattributes": "*.py filter=evil diff=evil\n"})
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "one")
    _write(root, {"app.py": CANARY + "\n# changed\n"})
    with (root / ".git" / "config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n\tsshCommand = {script}\n\thooksPath = {root}\n\teditor = {script}\n\tuntrackedCache = true\n"
            f'\tworktree = /\n[filter "evil"]\n\tclean = {script}\n\tsmudge = {script}\n\tprocess = {script}\n\trequired = true\n'
            f'[diff]\n\texternal = {script}\n[diff "evil"]\n\ttextconv = {script}\n\tcommand = {script}\n'
            f"[alias]\n\tls-files = !{script}\n\trev-parse = !{script}\n[include]\n\tpath = {root}/more.config\n[credential]\n\thelper = !{script}\n"
        )
    (root / "more.config").write_text(f"[gpg]\n\tprogram = {script}\n[uploadpack]\n\tpackObjectsHook = {script}\n")
    for name in ("post-checkout", "post-index-change", "fsmonitor-watchman", "query-watchman"):
        (root / ".git" / "hooks" / name).write_text(script.read_text())
        (root / ".git" / "hooks" / name).chmod(0o755)


def _programs(root: Path) -> None:
    """Code of the project under every name that some tool would import or run."""
    names = ["click", "msgspec", "sqlglot", "yaml", "pathspec", "json", "ast", "sqlite3", "tomllib", "coverage", "libcst", "re2", "rich", "backend_lint_rules"]
    names += ["conftest", "setup", "manage", "settings", "sitecustomize", "usercustomize", "noxfile", "fabfile", "gunicorn.conf", "alembic/env", "rules/evil"]
    _write(root, {f"{name}.py": RAN for name in names})
    _write(
        root,
        {
            ".coveragerc": "[run]\nplugins = conftest\n[report]\nexclude_lines = (a+)+$\n",
            "tox.ini": "[coverage:run]\nplugins = conftest\n",
            "pyproject.toml": "[project.entry-points.'backend_lint.rules']\nevil = 'conftest'\n[tool.coverage.run]\nplugins = ['conftest']\n",
            "evil.pth": "import conftest\n",
            "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
        },
    )


def _links(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.py").write_text("SECRET_OUTSIDE = 1\n")
    for name, target in {
        "loop": ".",
        "up": "..",
        "out": str(outside),
        "self.py": "self.py",
        "secret.py": str(outside / "secret.py"),
        "zero.py": "/dev/zero",
    }.items():
        (root / name).symlink_to(target)
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "pipe.py")
        os.mkfifo(root / "docker-compose.yml")
        os.mkfifo(root / "coverage.xml")


def _names(root: Path) -> None:
    odd = [
        "\x1b[31mred.py",
        "new\nline.py",
        "<script>alert(1)<",
        "::error file=x::y.py",
        "-rf.py",
        "--config.py",
        "%0Aevil.py",
        "`id`.py",
        "$(id).py",
        "'\".py",
        "\u202egpj.py",
        "a" * 240 + ".py",
    ]
    for name in odd:
        path = root / (name if name.endswith(".py") else f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CANARY)
    try:
        with open(os.fsencode(root) + b"/\xff\xfe.py", "wb") as stream:
            stream.write(CANARY.encode())
    except OSError:
        pass  # a file system that takes only UTF-8


_SQL_DEEP = "SELECT * FROM t WHERE " + "(" * 5_000 + "a = 1" + ")" * 5_000
_SQL_LONG = "SELECT * FROM t WHERE " + " OR ".join(f"a = {index}" for index in range(10_000))
ITEMS: dict[str, Lay] = {
    "Python: brackets, 100,000 deep": _texts(x_DOT_py=b"x = " + b"[" * 100_000 + b"]" * 100_000),
    "Python: 1,500 deep, below what ast refuses in calls": _texts(x_DOT_py=b"x = " + b"f(" * 190 + b")" * 190 + b"\ny = q" + b".f()" * 50_000),
    "Python: chains of operators and lambdas": _texts(
        x_DOT_py=b"x = " + b"1+" * 90_000 + b"1", y_DOT_py=b"x = " + b"lambda:" * 50_000 + b"1", z_DOT_py=b"x = " + b"not " * 50_000 + b"1"
    ),
    "YAML: 30,000 nested dashes": _named({"deploy/docker-compose.yml": b"- " * 30_000, "k8s/deployment.yaml": b"[" * 30_000 + b"]" * 30_000}),
    "YAML: alias bomb": _named({"docker-compose.yml": _aliases("list"), "k8s/deployment.yaml": _aliases("list")}),
    "YAML: merge-key bomb": _named({"docker-compose.yml": _aliases("merge"), "k8s/deployment.yaml": _aliases("merge")}),
    "YAML: tags that make objects": _named({"docker-compose.yml": "services: !!python/object/apply:os.system ['touch RAN']\n"}),
    "JSON, TOML: 100,000 deep": _named({"app.json": b"[" * 100_000 + b"]" * 100_000, "fly.toml": b"x = " + b"[" * 100_000 + b"]" * 100_000}),
    "SQL: 5,000 parentheses, 10,000 ORs": _named(
        {"migrations/1.sql": _SQL_DEEP + ";", "x.py": f'def f(cursor):\n    cursor.execute("{_SQL_DEEP}")\n    cursor.execute("{_SQL_LONG}")\n'}
    ),
    "SQL: unended quotes and comments": _named(
        {"migrations/1.sql": "SELECT 'a" + "'" * 9_999, "migrations/2.sql": "/*" * 50_000, "migrations/3.sql": "$a$" * 40_001}
    ),
    "git: filters, hooks, pagers and monitors of the repository": _hostile_git,
    "code under names that tools import": _programs,
    "coverage: entity bomb, absurd counts, paths outside": _named(
        {
            "coverage.xml": b'<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(20))
            + b"]><coverage>&u;</coverage>",
            "lcov.info": b"SF:../../etc/passwd\nDA:1,99999999999999999999\nDA:-4,1\nend_of_record\n" * 1_000,
            "coverage.json": b'{"files": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
            ".coverage": b"SQLite format 3\0" + b"\xff" * 5_000,
        }
    ),
    ".gitignore: patterns that make matchers go back": _named(
        {".gitignore": "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n**/**/**/**/**/**/x*y*z*/**/q\n[a-\n\\\n!!\n", "a" * 200 + ".py": "x = 1\n"}
    ),
    "names with escape sequences, newlines, tags, commands": _names,
    "links in circles and out of the root, pipes, devices": _links,
    "10 MB in one line, a million lines": _named(
        {"line.py": b"x = '" + b"a" * 10_000_000 + b"'\n", "lines.py": b"x = 1\n" * 1_000_000, "line.sql": b"SELECT " + b"a" * 10_000_000}
    ),
    "NUL, BOM, UTF-16, latin-1, CR, no such codec": _named(
        {
            "nul.py": b"x = 1\0\n",
            "bom.py": b"\xef\xbb\xbfx = 1\n",
            "utf16.py": "x = 1\n".encode("utf-16"),
            "latin.py": "x = 'é'\n".encode("latin-1"),
            "cr.py": b"x = 1\ry = 2\r",
            "codec.py": b"# coding: no-such\nx = 1\n",
            "unicode.py": "# coding: unicode_escape\nx = '\\x00'\n",
        }
    ),
    "configuration that is none": _named({"pyproject.toml": b"[tool.backend-lint.rules.unindexed-filter]\n\xff"}),
    "configuration of wrong types": _named({"pyproject.toml": "[tool.backend-lint]\nselect = 3\nexclude = {a = 1}\n"}),
    "suppressions and markers, 100,000": _texts(x_DOT_py=b"# backend-lint: ignore[" + b"a," * 100_000 + b"]\n" + b"# backend-lint: ignore\n" * 20_000),
    "templates that never end": _named({"templates/a.html": b"{% for x in " * 20_000 + b"{{ x." * 20_000, "templates/b.html": b"<!--" * 40_000}),
    "secrets in places": _named(
        {"x.py": "password = 'hunter2hunter2'\nAWS_SECRET = 'AKIAIOSFODNN7EXAMPLE'\n", ".env": "SECRET_KEY=abcdefghijklmnopqrstuvwxyz123456\n"}
    ),
}
REFUSED = frozenset({"configuration that is none", "configuration of wrong types"})
"""These end with exit code 2 and one line that names the file."""
