"""Which settings production starts with: modules that a start-up file names, and what they import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import named_for_development
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_FILLING = ("from_pyfile", "from_envvar", "from_prefixed_env")
_FILLING_OF_CONFIG = ("from_file", "from_json")
_TEMPLATE = lazy_regex(r"default|template|sample|\bdist\b|common")
_SIGNERS = frozenset(
    "django flask_login flask_wtf flask_jwt_extended flask_jwt flask_security flask_principal flask_session itsdangerous jwt jose authlib jwcrypto wtforms "
    "starlette fastapi flask_seasurf flask_appbuilder flask_admin flask_dance quart_auth sanic_jwt aiohttp_session pyramid".split()
)
_MAX_MODULES = 200


def is_filled(project: Project) -> bool:
    """Flask reads a file or the environment over what its configuration class holds."""
    calls = project.named_calls
    if next(iter(calls.calls(*_FILLING, without=(Role.TEST,))), None) is not None:
        return True
    return any(".config." in f".{call.callee}" for _, _, _, call in calls.calls(*_FILLING_OF_CONFIG, without=(Role.TEST,)))


def is_handed_over(project: Project) -> bool:
    """Django is configured with values that a program puts together, so that a module of settings is one layer of several."""
    for module, function, _, call in project.named_calls.calls("configure", without=(Role.TEST,)):
        if module.role is Role.SCRIPT and not module.path.endswith("manage.py"):
            continue
        if call.callee == "settings.configure" and (call.args or any(name.startswith("**") for name, _ in call.keywords)):
            ref = project.value(module.path, function, call.callee)
            if ref is None or ref.name.startswith("django."):
                return True
    return False


def is_prefixed(project: Project, name: str) -> bool:
    """A deployment file sets a variable of this name behind the name of a library that the project imports: the library reads it over the constant."""
    prefixes = {one[: -len(name) - 1].lower() for one in project.configuration.names if one.endswith(f"_{name}")}
    prefixes -= {read.name[: -len(name) - 1].lower() for read in project.configuration.reads if read.name.endswith(f"_{name}")}
    prefixes -= {"", "django", "flask", "app"}
    return any(one.module.startswith(tuple(prefixes)) for module in project.modules.values() for one in module.facts.imports) if prefixes else False


def signs(project: Project, settings: SourceModule) -> bool:
    """Whether anything signs sessions, links or tokens with the key: Django always does, Flask if something uses its sessions."""
    if any(assign.target in ("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF") for assign in settings.bodies[0].assigns):
        return True
    folder = settings.path.rpartition("/")[0]
    while f"{folder}/__init__.py" in project.modules:
        folder = folder.rpartition("/")[0]
    beside = f"{folder}/" if folder else ""
    for module in project.modules.values():
        if module.role is Role.TEST or not module.path.startswith(beside):
            continue
        for one in module.facts.imports:
            if one.module.partition(".")[0] in _SIGNERS or (one.module in ("flask", "quart") and one.member in ("session", "flash")):
                return True
    return False


def starts_elsewhere(project: Project, module: SourceModule) -> bool:
    """Whether every start-up file names settings that are not in the repository, or that do not read this module."""
    if not any(assign.target in ("INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF") for assign in module.bodies[0].assigns) and module.role is not Role.SETTINGS:
        return False
    named = _named(project)
    if not named:
        return _TEMPLATE.search(module.path.rpartition("/")[2]) is not None
    paths = {name: _found(project, name) for name in named}
    if not all(paths.values()):
        return True
    read, queue = set(paths.values()), [path for path in paths.values() if path]
    while queue and len(read) < _MAX_MODULES:
        path = queue.pop()
        package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
        for one in project.modules[path].facts.imports:
            text = one.module
            dots = len(text) - len(text.lstrip("."))
            if dots:
                base = package[: len(package) - dots + (1 if path.endswith("/__init__.py") else 0)]
                text = ".".join((*base, *filter(None, text.lstrip(".").split("."))))
            for name in (text, f"{text}.{one.member}" if one.member and one.member != "*" else ""):
                found = _found(project, name) if name else ""
                if found and found not in read:
                    read.add(found)
                    queue.append(found)
    return module.path not in read


def _named(project: Project) -> set[str]:
    """Modules of settings that files which start the service name; those for development only where there are no others."""
    found: set[str] = set()
    for _, _, _, call in project.named_calls.calls("setdefault", without=(Role.TEST,)):
        if len(call.args) == 2 and constant_string(call.args[0]) == _VARIABLE:
            found.add(constant_string(call.args[1]) or "")
    found.discard("")
    serious = {name for name in found if not named_for_development(name)}
    return serious or found


def _found(project: Project, dotted: str) -> str:
    """The path of a module of that name, from whatever folder the service starts in; empty if there is none."""
    end = dotted.replace(".", "/")
    for tail in (f"{end}.py", f"{end}/__init__.py"):
        if tail in project.modules:
            return tail
        path = next((path for path in project.modules if path.endswith(f"/{tail}")), "")
        if path:
            return path
    return ""
