"""Django's e-mail settings: an SMTP host that nothing bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_HERE = frozenset({"", "localhost", "127.0.0.1", "mailhog", "mailpit", "mail"})
_SMTP_SETTINGS = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
_CONNECTIONS = ("EmailBackend", "get_connection")
_LOCAL = ("test", "dev", "local", "ci")


def unbounded_mail(project: Project) -> Iterator[tuple[str, Assign, tuple[Evidence, ...]]]:
    """The settings module that names an SMTP host while nobody sets ``EMAIL_TIMEOUT`` nor makes connections with a timeout: path, assignment, last setting."""
    named: list[tuple[str, Assign, tuple[Evidence, ...]]] = []
    for path, module in project.modules.items():
        if module.role not in (Role.SETTINGS, Role.APPLICATION):
            continue
        assigns = module.bodies[0].assigns
        targets = {assign.target for assign in assigns}
        if "EMAIL_TIMEOUT" in targets or any("EMAIL_TIMEOUT" in assign.value for assign in assigns):
            return
        if not targets & {"INSTALLED_APPS", "EMAIL_BACKEND", "EMAIL_USE_TLS", "EMAIL_HOST_USER"} or _for_development(path):
            continue
        backends = [assign.value for assign in assigns if assign.target == "EMAIL_BACKEND" and not assign.block]
        if backends and _SMTP not in backends[-1] and constant_string(backends[-1]) is not None:
            continue
        host = next((assign for assign in assigns if assign.target == "EMAIL_HOST"), None)
        if host is not None and (constant_string(host.value) or "?") not in _HERE:
            last = [assign for assign in assigns if assign.target in _SMTP_SETTINGS][-1]
            evidence = () if last is host else (Evidence(path, last.line, f"the SMTP settings end with `{last.target}`, none of them is a timeout"),)
            named.append((path, host, evidence))
    if not named or _is_bounded(project):
        return
    if any("django" in found.module or found.module == "environ" for module in project.modules.values() for found in module.facts.imports):
        yield from named[:1]


def _is_bounded(project: Project) -> bool:
    """It makes the connections for its mail itself, with a timeout."""
    calls = project.named_calls.calls(*_CONNECTIONS, without=(Role.TEST,))
    return any(name == "timeout" and value != "None" for _, _, _, call in calls for name, value in call.keywords)


def _for_development(path: str) -> bool:
    name = path.rpartition("/")[2].removesuffix(".py")
    return any(part in _LOCAL for part in name.replace("-", "_").split("_"))
