"""Settings that open more than they should: cross-origin answers, debug modes, certificates that nobody looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile
from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign, BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development, is_overridden, only_while_developing, set_elsewhere
from backend_lint.project.authentication.library_calls import SERVING, LibraryCall, calls_to
from backend_lint.project.authentication.started_settings import is_filled, is_handed_over, starts_elsewhere
from backend_lint.project.blocks import around
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import call_ids, constant_string, names_this_machine
from backend_lint.project.web.values import Place, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_CORS_MIDDLEWARE = ("fastapi.middleware.cors.CORSMiddleware", "starlette.middleware.cors.CORSMiddleware")
_FLASK_CORS = ("flask_cors.CORS", "flask_cors.cross_origin", "quart_cors.cors")
_CLIENTS = lazy_regex(r"^(?:requests|httpx|aiohttp|urllib3|niquests|curl_cffi\.requests|ssl)\b")
_SENDING = frozenset(
    "get post put patch delete head options request send stream Session Client AsyncClient PoolManager HTTPSConnectionPool ProxyManager "
    "connection_from_url proxy_from_url wrap_socket".split()
)
UNVERIFIED = ("ssl._create_unverified_context",)
_CHECK_NAMES = lazy_regex(r"verif|insecure|self_?signed|check_cert|validate_cert", re.IGNORECASE)
_HOST_KEYS = frozenset({"AutoAddPolicy", "WarningPolicy"})
_UNCHECKED_CERTIFICATES = frozenset({"CERT_NONE", "NONE"})
_OF_BROWSERS = ("set_cookie", "set_access_cookies", "login_user", "APIKeyCookie", "CookieTransport", "HTTPBasic", "Cookie", "set_signed_cookie")
_BY_COOKIE = lazy_regex(r"Session|Basic|Cookie|RemoteUser", re.IGNORECASE)
_EVERYBODY = lazy_regex(r"^\^?\(?\.[*+]\)?\$?$|^https?\??://\.[*+]")


class Setting(NamedTuple):
    """A call or an assignment that opens something."""

    module: SourceModule
    function: int
    at: Call | Assign
    name: str
    profile: Profile = Profile.DEFAULT
    """The smallest profile that it is sure enough for."""
    others: int = 0
    """Further places that open the same by the same cause."""

    @property
    def symbol(self) -> str:
        """The enclosing function; empty on module level."""
        return self.module.functions[self.function].name if self.function else ""


def cross_origin(project: Project) -> Iterator[Setting]:
    """Any site of the web may read answers made for the visitor who is logged in."""
    values = project.guards.values
    for module, function, _, call in values.calls_named("add_middleware", "Middleware", "CORSMiddleware"):
        if module.role not in SERVING or for_development(module.path) or only_while_developing(module.bodies[function], call.block):
            continue
        named = call.args[0] if call.args and not call.callee.endswith("CORSMiddleware") else call.callee
        target = project.value(module.path, function, named)
        if target is None or target.name not in _CORS_MIDDLEWARE or keyword(call, "allow_credentials") != "True":
            continue
        pattern = constant_string(values.follow(Place(module.path, function, keyword(call, "allow_origin_regex"))).text) or ""
        if _is_wildcard(project, Place(module.path, function, keyword(call, "allow_origins"))) or _EVERYBODY.search(pattern):
            stands_here = "*" in f"{keyword(call, 'allow_origins')}{keyword(call, 'allow_origin_regex')}"
            yield Setting(module, function, call, "allow_origins", Profile.DEFAULT if stands_here and _browsers_know(project, module.path) else Profile.STRICT)
    yield from _flask_cors(project)
    yield from _django_cors(project)


def _flask_cors(project: Project) -> Iterator[Setting]:
    """Without `origins` all calls take what the application is configured with: one cause, told once."""
    shared: list[Setting] = []
    for found in calls_to(project, _FLASK_CORS):
        origins = keyword(found.call, "origins") or keyword(found.call, "allow_origin")
        credentials = keyword(found.call, "supports_credentials") or keyword(found.call, "allow_credentials")
        if credentials != "True" or keyword(found.call, "resources") or for_development(found.module.path):
            continue
        profile = Profile.DEFAULT if _browsers_know(project, found.module.path) else Profile.STRICT
        setting = Setting(found.module, found.function, found.call, "origins", profile)
        if not origins:
            shared.append(setting)
        elif _is_wildcard(project, found.place(origins)):
            yield setting
    if shared and not _closes_origins(project):
        first = min(shared, key=lambda one: (one.profile is not Profile.DEFAULT, one.module.path, one.at.line))
        yield first._replace(others=len(shared) - 1, profile=Profile.STRICT if is_filled(project) else first.profile)


def _closes_origins(project: Project) -> bool:
    """Whether the configuration of an application names origins, or it is not known what it names."""
    for module in project.modules.values():
        if module.role not in SERVING:
            continue
        for function, body in enumerate(module.bodies):
            for assign in body.assigns:
                if "CORS_ORIGINS" in assign.target and not _is_wildcard(project, Place(module.path, function, assign.value)):
                    return True
                if "'CORS_ORIGINS'" in assign.value:
                    return True
            if any("CORS_ORIGINS" in name or "'CORS_ORIGINS'" in text for call in body.calls for name, text in call.keywords):
                return True
            if any("'CORS_ORIGINS'" in text for call in body.calls for text in call.args):
                return True
        for class_ in module.classes:
            for held in class_.attributes:
                if held.name == "CORS_ORIGINS" and not _is_wildcard(project, Place(module.path, held.function, held.value)):
                    return True
    return False


def _browsers_know(project: Project, path: str) -> bool:
    """Whether the application beside `path` signs callers in by what a browser sends by itself, a cookie above all: no header is sent for other sites."""
    folder = path.rpartition("/")[0]
    while f"{folder}/__init__.py" in project.modules:
        folder = folder.rpartition("/")[0]
    beside = f"{folder}/" if folder else ""
    calls = project.named_calls
    if any(module.path.startswith(beside) for module, _, _, _ in calls.calls(*_OF_BROWSERS, without=(Role.TEST,))):
        return True
    added = calls.calls("add_middleware", "Middleware", without=(Role.TEST,))
    return any("Session" in text for module, _, _, call in added if module.path.startswith(beside) for text in call.args[:1])


def _is_wildcard(project: Project, place: Place) -> bool:
    if not place.text:
        return False
    values = project.guards.values
    if constant_string(values.follow(place).text) == "*":
        return True
    items = list(values.items(place))
    return any(constant_string(values.follow(item).text) == "*" for item in items)


def _django_cors(project: Project) -> Iterator[Setting]:
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        body = module.bodies[0]
        named = [assign for assign in body.assigns if assign.target.startswith(("CORS_", "SESSION_COOKIE_SAMESITE"))]
        settings = {assign.target: assign for assign in named if not only_while_developing(body, assign.block)}
        credentials = settings.get("CORS_ALLOW_CREDENTIALS")
        for name in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"):
            everybody = settings.get(name)
            if everybody is None or everybody.value != "True":
                continue
            if credentials is not None and credentials.value == "True":
                is_sent = _is_sent_for_others(project, settings) and not _takes_headers_only(project)
                yield Setting(module, 0, everybody, name, Profile.DEFAULT if is_sent else Profile.STRICT)
            elif credentials is None and "CORS_URLS_REGEX" not in settings:
                yield Setting(module, 0, everybody, "", Profile.ALL)


def _is_sent_for_others(project: Project, settings: dict[str, Assign]) -> bool:
    """Whether browsers know the visitor on requests of other sites: they keep back Django's cookies, which are `Lax`, but not HTTP authentication."""
    same = settings.get("SESSION_COOKIE_SAMESITE")
    if same is not None and same.value in ("None", "'None'", "False"):
        return True
    return any("BasicAuth" in (entries or {}).get("DEFAULT_AUTHENTICATION_CLASSES", "") for _, _, entries in project.guards.values.rest_settings.last)


def _takes_headers_only(project: Project) -> bool:
    """Whether the API, and only it answers other origins, knows callers by a token in a header."""
    for _, _, entries in project.guards.values.rest_settings.last:
        classes = (entries or {}).get("DEFAULT_AUTHENTICATION_CLASSES", "")
        if classes[:1] in "[(" and not _BY_COOKIE.search(classes):
            return True
    return False


def debug_modes(project: Project) -> Iterator[Setting]:
    """Debug modes that production would run with."""
    elsewhere = set_elsewhere(project.modules, frozenset({"DEBUG", "ALLOWED_HOSTS"}))
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        body = module.bodies[0]
        if module.role is Role.SETTINGS or any(assign.target == "INSTALLED_APPS" for assign in body.assigns):
            given = [assign for assign in body.assigns if assign.target == "DEBUG"]
            of_django = any(assign.target in ("INSTALLED_APPS", "MIDDLEWARE") for assign in body.assigns)
            if of_django and given and given[-1].value == "True" and not given[-1].block and not is_overridden(elsewhere, module, "DEBUG"):
                is_layer = is_handed_over(project) or starts_elsewhere(project, module)
                yield Setting(module, 0, given[-1], "DEBUG", Profile.STRICT if is_layer else Profile.DEFAULT)
            hosts = [assign for assign in body.assigns if assign.target == "ALLOWED_HOSTS"]
            if hosts and not hosts[-1].block and hosts[-1].value == "['*']" and not is_overridden(elsewhere, module, "ALLOWED_HOSTS"):
                yield Setting(module, 0, hosts[-1], "ALLOWED_HOSTS", Profile.ALL)
    for module, function, _, call in project.guards.values.calls_named("run"):
        if module.role in SERVING and keyword(call, "debug") == "True" and not for_development(module.path):
            target = project.value(module.path, function, call.callee)
            if target is not None and target.name in ("flask.Flask.run", "quart.Quart.run", "connexion.FlaskApp.run", "connexion.App.run"):
                host = constant_string(keyword(call, "host")) or ""
                if host and not names_this_machine(host):
                    by_hand = _runs_by_hand(module, function, call) and project.deployment.serves(module.path)
                    by_hand = by_hand or "docker" in module.path.split("/")[:-1]  # beside the application: what stands in for another service
                    yield Setting(module, function, call, "host", Profile.STRICT if by_hand else Profile.DEFAULT)
                elif not _runs_by_hand(module, function, call):
                    yield Setting(module, function, call, "debug", Profile.ALL)


def _runs_by_hand(module: SourceModule, function: int, call: Call) -> bool:
    return only_while_developing(module.bodies[function], call.block) or function > 0


def unverified_tls(project: Project) -> Iterator[LibraryCall]:
    """Calls that accept any certificate, outside of what talks to this machine only."""
    for module, function, number, call in project.guards.values.calls_named(*sorted(_SENDING)):
        off = keyword(call, "verify") == "False" or keyword(call, "verify_ssl") == "False" or keyword(call, "ssl") == "False"
        required = keyword(call, "cert_reqs")
        off = off or (constant_string(required) or required.rpartition(".")[2]) in _UNCHECKED_CERTIFICATES
        if not off or module.role not in SERVING or for_development(module.path):
            continue
        target = project.value(module.path, function, call.callee)
        if target is None or not target.is_external or not _CLIENTS.match(target.name):
            continue
        if not names_this_machine(*call.args) and not only_while_developing(module.bodies[function], call.block):
            yield LibraryCall(module, function, number, call, target.name)
    for found in calls_to(project, UNVERIFIED):
        if not for_development(found.module.path) and not only_while_developing(found.module.bodies[found.function], found.call.block):
            yield found
    for module, function, number, call in project.guards.values.calls_named("set_missing_host_key_policy"):
        policy = call.args[0] if call.args else keyword(call, "policy")
        made = project.value(module.path, function, policy) if policy else None
        named = (made.name if made is not None else policy).removesuffix("()").rpartition(".")[2]
        if named in _HOST_KEYS and module.role in SERVING and not for_development(module.path):
            yield LibraryCall(module, function, number, call, "paramiko.SSHClient.set_missing_host_key_policy")


def is_asked_for(body: Body, call: Call) -> bool:
    """Whether whoever runs the service has asked for it: a setting named after the check is tested on the way."""
    ended = {found.block for found in body.returns} | {found.block for found in body.raises}
    tests = [block.subject for _, block in around(body, call.block) if block.kind in (BlockKind.IF, BlockKind.ORELSE)]
    tests += [block.subject for index, block in enumerate(body.blocks) if block.kind is BlockKind.IF and index in ended and block.end_line < call.line]
    for number in [number for test in tests for number in call_ids(test) if number < len(body.calls)]:
        tests.append(" ".join((body.calls[number].callee, *body.calls[number].args)))
    return any(_CHECK_NAMES.search(test) for test in tests)
