"""Keys that sign sessions, cookies and tokens, and whether production may run with one that stands in the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import (
    for_development,
    is_overridden,
    named_for_development,
    only_while_developing,
    set_elsewhere,
)
from backend_lint.project.authentication.library_calls import SERVING, calls_to
from backend_lint.project.authentication.started_settings import is_filled, is_handed_over, is_prefixed, signs, starts_elsewhere
from backend_lint.project.blocks import around
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import alternatives, call_ids, constant_string, parse
from backend_lint.project.web.values import Place, argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_NAME = lazy_regex(
    r"(?:^|_)(?:SECRET_KEY|JWT_(?:SECRET|KEY|SIGNING_KEY|PRIVATE_KEY|SECRET_KEY)|SIGNING_(?:KEY|SECRET)"
    r"|(?:SESSION|COOKIE|AUTH|TOKEN|CSRF|JWT_TOKEN)_(?:SECRET|SECRET_KEY))$"
)
_SURE = frozenset(
    "DJANGO FLASK FASTAPI APP API WEB SERVER MASTER DEFAULT JWT TOKEN AUTH SESSION COOKIE CSRF ACCESS REFRESH SECRET KEY SIGNING PRIVATE".split()
)
"""Names without a word of another service in front."""
_HINT = lazy_regex(r"SECRET|KEY", re.IGNORECASE)
"""What all those names hold: most texts need not be taken apart."""
_DJANGO_KEYS = frozenset({"SECRET_KEY", "JWT_SECRET_KEY", "JWT_SECRET", "SIGNING_KEY"})
"""Names that are often there, so that one look at all modules answers for them."""
_OTHERS = lazy_regex(
    r"AWS|S3|STRIPE|CAPTCHA|MINIO|GCS|STORAGE|OSS|TURNSTILE|CLIENT|CONSUMER|TWILIO|TWITTER|SLACK|GITHUB|GITLAB|BITBUCKET|GOOGLE|FACEBOOK|PAYPAL|BRAINTREE|PUBLIC|"
    r"ALGOLIA|BUCKET|LANGFUSE|WEBHOOK|VENDOR|PROVIDER|OKTA|AUTH0|SOCIAL|HEADER|MAILGUN|ACCESS"
)
_ENVIRONMENT = lazy_regex(
    r"(?:^|\.)(?:getenv|environ\.get|environ_get|config|str|get_secret|getvar|pop"
    r"|(?:get_|read_|load_)?env(?:iron|ironment)?(?:_(?:var|variable|value|str|or|default|setting))*)$",
    re.IGNORECASE,
)
_READERS = ("decouple.config", "environ.Env", "environs.Env", "starlette.config.Config")
"""What raises if a variable without a default is not set."""
_USES = ("jwt.encode", "jose.jwt.encode", "jwt.decode", "jose.jwt.decode", "starlette.middleware.sessions.SessionMiddleware",
         "itsdangerous.URLSafeTimedSerializer", "itsdangerous.URLSafeSerializer", "itsdangerous.TimestampSigner", "itsdangerous.Signer")  # fmt: skip
_CHECKS = lazy_regex(r"check|valid|ensure|require|enforce|assert|refuse|verify_(?:config|settings)|must", re.IGNORECASE)
_ENDS = frozenset({"exit", "abort", "_exit", "fatal", "critical"})


class SigningKey(NamedTuple):
    """A key that stands in the code. `is_default`: the environment may set another one. `cure`: what reads it there only, if that is all it takes."""

    module: SourceModule
    function: int
    line: int
    column: int
    name: str
    is_default: bool
    cure: str = ""
    is_sure: bool = True
    """Something signs with it as far as is seen, and its name is not that of a key for another service."""
    is_layer: bool = False
    """What is read later may set another one, so that this one is the value of an installation that forgets to."""


def is_signing_key(name: str) -> bool:
    """Whether a setting of this name signs what callers bring back.

    >>> is_signing_key("SECRET_KEY"), is_signing_key("JWT_SECRET"), is_signing_key("AWS_SECRET_KEY"), is_signing_key("secret")
    (True, True, False, False)
    """
    return _NAME.search(name.upper()) is not None and not _OTHERS.search(name.upper())


def signing_keys(project: Project) -> Iterator[SigningKey]:
    """Signing keys that stand in the code, where nothing shows that production refuses to start with them."""
    refused: frozenset[str] | None = None
    elsewhere: dict[str, set[str]] = {}
    for module in project.modules.values():
        if module.role in SERVING and not for_development(module.path):
            fields = tuple(_fields(project, module))
            for found in (*_assigned(project, module), *(fields if fields and _is_served(project, module) else ())):
                if refused is None:
                    refused = _refused(project)
                if found.name.upper() in refused:
                    continue
                is_setting = found.name in _DJANGO_KEYS or module.role is Role.SETTINGS
                if is_setting and found.name not in elsewhere:
                    elsewhere.update(set_elsewhere(project.modules, frozenset({found.name, *_DJANGO_KEYS})))
                if found.function == 0 and is_setting and is_overridden(elsewhere, module, found.name, found.line):
                    project.note_unknown("hardcoded-signing-key")
                elif (is_setting or found.name.upper().startswith("DEFAULT_")) and _is_layer(project, found):
                    yield found._replace(cure="", is_layer=True)
                elif not _SURE.issuperset(filter(None, found.name.upper().split("_"))) or not signs(project, found.module):
                    yield found._replace(is_sure=False)
                else:
                    yield found
    for used in calls_to(project, _USES):
        in_token = used.name.startswith(("jwt.", "jose."))
        key = argument(used.call, 1, "key") if in_token else keyword(used.call, "secret_key") or argument(used.call, 0, "")
        unverified = used.name.endswith("decode") and not keyword(used.call, "algorithms") and len(used.call.args) < 3
        if key.isidentifier() and not is_signing_key(key):
            key = project.guards.values.follow(used.place(key)).text
        if _is_key(key) and not unverified and not for_development(used.module.path):
            yield SigningKey(used.module, used.function, used.call.line, used.call.column, "", False)
    for module, function, _, call in project.guards.values.calls_named("add_middleware", "Middleware"):
        key = keyword(call, "secret_key")
        if module.role in SERVING and call.args and call.args[0].endswith("SessionMiddleware") and _is_key(key) and not for_development(module.path):
            yield SigningKey(module, function, call.line, call.column, "", False)


def _is_layer(project: Project, found: SigningKey) -> bool:
    if found.name.upper().startswith("DEFAULT_"):
        return True
    given = [assign.value for assign in found.module.bodies[found.function].assigns if assign.target == found.name]
    if any("environ[" in value for value in given):
        return True  # another branch asks for it, and is the one of production
    return is_filled(project) or starts_elsewhere(project, found.module) or is_handed_over(project) or is_prefixed(project, found.name)


def _assigned(project: Project, module: SourceModule) -> Iterator[SigningKey]:
    body = module.bodies[0]
    last = {assign.target: number for number, assign in enumerate(body.assigns)}
    for function, held in enumerate(module.bodies):
        for number, assign in enumerate(held.assigns):
            name = _target(assign.target)
            if not name or not is_signing_key(name) or only_while_developing(held, assign.block) or assign.target.startswith("%self"):
                continue
            if function == 0 and last[assign.target] != number and not body.assigns[last[assign.target]].block:
                continue
            if function and assign.target.startswith("%") and "." not in assign.target and "[" not in assign.target:
                continue
            if _is_name(name, assign.value):
                continue
            kind = _kind(project, Place(module.path, function, assign.value), held)
            if kind is not None:
                kind = kind or name.upper() in _asked(held, assign.block)
                cure = _without_default(project, module, held, assign.value) if kind else _from_environment(name)
                yield SigningKey(module, function, assign.line, assign.column, name, kind or name.upper().startswith("DEFAULT"), cure)
        for call in held.calls:
            if call.callee.endswith(("config.update", "config.from_mapping")) and not only_while_developing(held, call.block):
                for key, value in call.keywords:
                    if is_signing_key(key) and _is_key(value):
                        yield SigningKey(module, function, call.line, call.column, key, False)


def _is_name(name: str, text: str) -> bool:
    """Whether the value is the name of a setting, by which it is looked up elsewhere."""
    value = constant_string(text)
    return value is not None and (value == name or (value.isupper() and value.isidentifier() and is_signing_key(value)))


def _target(target: str) -> str:
    """The setting that is assigned: a name, ``app.secret_key``, ``app.config["SECRET_KEY"]``."""
    if target.isidentifier():
        return target
    if target.endswith(".secret_key"):
        return "secret_key"
    parsed = parse(target) if "config[" in target else None
    if parsed is not None and len(parsed.steps) > 1 and parsed.steps[-2] == ".config" and parsed.steps[-1][0] == "[":
        return constant_string(parsed.steps[-1][1:-1]) or ""
    if parsed is not None and parsed.root.endswith("config") and len(parsed.steps) == 1 and parsed.steps[0][0] == "[":
        return constant_string(parsed.steps[0][1:-1]) or ""
    return ""


def _fields(project: Project, module: SourceModule) -> Iterator[SigningKey]:
    """Attributes of configuration classes: Flask's ``from_object``, pydantic settings."""
    for index, class_ in enumerate(module.classes):
        if named_for_development(class_.name) or any(base.rpartition(".")[2].endswith(("Enum", "Choices", "Flag")) for base in class_.bases):
            continue
        body = module.bodies[class_.scope]
        for attribute in class_.attributes:
            if attribute.function != class_.scope or not is_signing_key(attribute.name) or _is_name(attribute.name, attribute.value):
                continue
            if _is_set_again(project, module.path, index, attribute.name):
                project.note_unknown("hardcoded-signing-key")
                continue
            numbers = call_ids(attribute.value)
            field = body.calls[numbers[0]] if len(numbers) == 1 and attribute.value == f"#{numbers[0]}" else None
            values = [attribute.value]
            is_field = field is not None and field.callee.rpartition(".")[2] in ("Field", "SecretStr")
            if field is not None and is_field:
                values = [argument(field, 0, "default")]
            # pydantic takes a field from the environment only if it is annotated
            is_settings = bool(attribute.annotation) and any(base.rpartition(".")[2].endswith("Settings") for base in class_.bases)
            read = _default_of(body, attribute.value)
            if any(_is_key(value) for value in values) or read:
                if is_settings and not read:
                    cure = f"{attribute.name}: {attribute.annotation}" if not is_field or "SecretStr" in (field.callee if field else "") else ""
                else:
                    cure = _without_default(project, module, body, attribute.value) if read else "" if is_field else _from_environment(attribute.name)
                is_default = is_settings or is_field or read or is_filled(project)
                yield SigningKey(module, class_.scope, attribute.line, attribute.column, attribute.name, is_default, cure)


def _from_environment(name: str) -> str:
    return f'os.environ["{name.upper()}"]'


def _without_default(project: Project, module: SourceModule, body: Body, text: str) -> str:
    """The call that reads the environment, so that it fails where the variable is not set; empty if it is not known how."""
    numbers = call_ids(text)
    call = body.calls[numbers[0]] if len(numbers) == 1 and text == f"#{numbers[0]}" else None
    name = constant_string(call.args[0]) if call is not None and call.args else None
    if call is None or name is None or not name.isidentifier() or any(key != "default" for key, _ in call.keywords):
        return ""
    ref = project.value(module.path, 0, call.callee)
    if ref is None or not ref.is_external or len(call.args) + len(call.keywords) != 2:
        return ""
    if ref.name in ("os.getenv", "os.environ.get"):
        return f'{"environ" if call.callee == "environ.get" else "os.environ"}["{name}"]'
    return f'{call.callee}("{name}")' if ref.name.startswith(_READERS) and call.callee.replace(".", "_").isidentifier() else ""


def _is_set_again(project: Project, path: str, index: int, name: str) -> bool:
    """A configuration for something else than development derives from the class and has a key of its own: the base is a template."""
    for one in project.resolver.classes.subclasses(path, index):
        derived = project.modules[one.path].classes[one.index]
        if not named_for_development(derived.name) and any(attribute.name == name and attribute.function == derived.scope for attribute in derived.attributes):
            return True
    return False


def _is_served(project: Project, module: SourceModule) -> bool:
    """Whether the package of a configuration class, or one beside it, answers requests: jobs sign nothing with the key of their template."""
    folder = module.path.rpartition("/")[0]
    while f"{folder}/__init__.py" in project.modules:
        folder = folder.rpartition("/")[0]
    return not project.routes or not folder or any(route.module.startswith(f"{folder}/") for route in project.routes)


def _kind(project: Project, place: Place, body: Body) -> bool | None:
    """False for a constant, True for the default of something that is read from the environment, None for anything else."""
    if _is_key(place.text):
        return False
    return True if _default_of(body, place.text) else None


def _default_of(body: Body, text: str) -> bool:
    if text[:1] == "(" and text[-1:] == ")":
        parts = alternatives(text) if len(alternatives(text)) > 1 else text[1:-1].split(" or ")
        return len(parts) > 1 and _is_key(parts[-1].strip()) and any(number < len(body.calls) and _reads(body, number) for number in call_ids(text))
    numbers = call_ids(text)
    if len(numbers) != 1 or text != f"#{numbers[0]}" or numbers[0] >= len(body.calls):
        return False
    call = body.calls[numbers[0]]
    default = keyword(call, "default") or keyword(call, "default_value") or (call.args[1] if len(call.args) == 2 and not keyword(call, "cast") else "")
    return _reads(body, numbers[0]) and bool(call.args) and _is_key(default)


def _reads(body: Body, number: int) -> bool:
    return _ENVIRONMENT.search(body.calls[number].callee) is not None


def _is_key(text: str) -> bool:
    """A constant that is not empty: Django and Flask refuse an empty one."""
    value = constant_string(text.removeprefix("b") if text[:2] in ("b'", 'b"') else text)
    return value is not None and bool(value.strip()) and not re.fullmatch(r"\$?\{.*\}|<.*>|%\(.*\)s|https?://.*", value.strip())


def _refused(project: Project) -> frozenset[str]:
    """Names of settings that something checks before the service starts: it raises or exits behind a test that names them, or hands them to a check."""
    found: set[str] = set()
    for module in project.modules.values():
        if module.role is Role.TEST:
            continue
        for body in module.bodies:
            for block in {one.block for one in body.raises}:
                found.update(_asked(body, block))
            for _, text, _ in body.conditions:
                found.update(_names(text))
    calls = project.named_calls
    for module, function, _, call in calls.calls(*_ENDS, without=(Role.TEST,)):
        found.update(_asked(module.bodies[function], call.block))
    for _, _, _, call in calls.calls(*(name for name in calls.by_name if _CHECKS.search(name)), without=(Role.TEST,)):
        for text in call.args:
            found.update(_names(text))
    return frozenset(found)


def _asked(body: Body, block: int) -> Iterator[str]:
    """The settings that the tests around a block name."""
    for _, outer in around(body, block):
        if outer.kind in (BlockKind.IF, BlockKind.ORELSE):
            yield from _names(outer.subject)


def _names(text: str) -> Iterator[str]:
    for word in re.findall(r"\w+", text[:2000]) if _HINT.search(text) else ():
        if is_signing_key(word):
            yield word.upper()

