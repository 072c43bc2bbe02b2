"""One package a language or file kind: bytes in, facts out. Readers never import the linked model, nor one another."""

from __future__ import annotations

from backend_lint.facts.file import Kind
from backend_lint.lazy_regex import lazy_regex

__all__ = ["wanted"]

_SUFFIXES = {
    "py": Kind.PYTHON,
    "yml": Kind.YAML,
    "yaml": Kind.YAML,
    "sql": Kind.SQL,
    "prisma": Kind.PRISMA,
    "tf": Kind.TERRAFORM,
    "sh": Kind.SHELL,
    "bash": Kind.SHELL,
    "env": Kind.DOTENV,
    "service": Kind.INI,
    "dockerfile": Kind.DOCKERFILE,
    "containerfile": Kind.DOCKERFILE,
}
_NAMES = {
    "dockerfile": Kind.DOCKERFILE,
    "containerfile": Kind.DOCKERFILE,
    "procfile": Kind.PROCFILE,
    "entrypoint": Kind.SHELL,
    "docker-entrypoint": Kind.SHELL,
    "start": Kind.SHELL,
    "run": Kind.SHELL,
    "boot": Kind.SHELL,
    "env.example": Kind.DOTENV,
    "env.sample": Kind.DOTENV,
    "env.template": Kind.DOTENV,
    "dotenv": Kind.DOTENV,
    "fly.toml": Kind.TOML,
    "railway.toml": Kind.TOML,
    "app.json": Kind.JSON,
    "railway.json": Kind.JSON,
    "vercel.json": Kind.JSON,
    "zappa_settings.json": Kind.JSON,
}
_PREFIXES = (
    ("dockerfile.", Kind.DOCKERFILE),
    ("containerfile.", Kind.DOCKERFILE),
    ("procfile.", Kind.PROCFILE),
)
_TEMPLATES = lazy_regex(r"\.(?:html?|html?\.j2|jinja2?)$")
_TEMPLATE_FOLDER = lazy_regex(r"(?:^|/)(?:templates|jinja2)/")
_INI = lazy_regex(r"(?:^|[/._-])(?:uwsgi|supervisord?)(?:[/._-]|$)")
_DATABASE = lazy_regex(r"postgres(?:ql)?(?:[._-][\w.-]{1,60})?\.conf|my(?:sqld?)?\.cnf|mariadb\.cnf|pgbouncer\.ini")
"""Configuration of a database server, or of the pooler in front of it."""
_INCLUDED = lazy_regex(r"(?:^|/)(?:nginx|sites-available|sites-enabled)/[^/]+$")
"""Parts of an nginx configuration, which have no suffix."""
_NGINX = lazy_regex(r"(?:^|[/._-])(?:nginx|sites-available|sites-enabled)(?:[/._-]|$)")
_FOREIGN = lazy_regex(
    r"(?:^|/)(?:\.github|\.gitlab/issue_templates|\.circleci|node_modules)/"
    r"|(?:^|/)(?:\.pre-commit-config|\.pre-commit-hooks|\.readthedocs|mkdocs|codecov|\.codecov|\.travis|appveyor|\.golangci|pnpm-lock|conda-lock|dependabot)\.ya?ml$"
)
_DOTENV_CODE = frozenset({"py", "js", "ts", "mjs", "cjs", "tsx", "jsx", "go", "rb", "php", "rs", "java", "md", "enc", "gpg", "j2", "tpl"})


def wanted(path: str) -> Kind | None:
    """The kind of a file that some reader understands, told by its path alone (relative, with ``/``); None for all others.

    >>> wanted("deploy/Dockerfile.prod"), wanted(".env.example"), wanted("nginx/default.conf"), wanted("README.md")
    (<Kind.DOCKERFILE: 'dockerfile'>, <Kind.DOTENV: 'dotenv'>, <Kind.NGINX: 'nginx'>, None)
    """
    name = path.rpartition("/")[2].lower()
    _, dot, suffix = name.rpartition(".")
    if suffix == "py" and dot:
        return Kind.PYTHON
    if (kind := _NAMES.get(name)) is not None:
        return kind
    for prefix, kind in _PREFIXES:
        if name.startswith(prefix) and suffix not in _DOTENV_CODE:
            return kind
    if name == ".env" or (name.startswith((".env.", ".env-")) and suffix not in _DOTENV_CODE):
        return Kind.DOTENV
    lowered = path.lower()
    if not dot:
        return Kind.NGINX if _INCLUDED.search(lowered) and name.islower() else None
    if (kind := _SUFFIXES.get(suffix)) is not None:
        return None if kind is Kind.YAML and _FOREIGN.search(lowered) else kind
    if suffix in ("html", "htm", "j2", "jinja", "jinja2"):
        return Kind.TEMPLATE if _TEMPLATE_FOLDER.search(lowered) and _TEMPLATES.search(name) else None
    if suffix in {"conf", "cnf", "ini"} and _DATABASE.fullmatch(name):
        return Kind.INI
    if suffix in {"conf", "template", "ini"}:
        if _NGINX.search(lowered) and suffix != "ini":
            return Kind.NGINX
        if _INI.search(lowered) and suffix != "template":
            return Kind.INI
    return None
