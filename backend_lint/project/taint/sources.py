"""Where values come from outside: what a request holds, and what frameworks hand to handlers."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute, Call, Parameter
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project import FunctionKey, Project, Ref, RefKind
from backend_lint.project.value_text import alternatives, call_ids, parse, split
from backend_lint.project.web.worth import for_administrators

_HELD = (
    "GET|POST|FILES|COOKIES|META|body|data|query_params|args|form|values|json|files|cookies|headers|query_string|get_json|get_data|params|query|match_info|"
    "path_params|view_args|stream|post|content|rel_url|matchdict|forms|get_param|get_media|bounded_stream|path|full_path|"
    "path_info|url|base_url"
)
_REQUEST = lazy_regex(rf"(%(?:self\.)?(?:request|req)|%self\._request|%info\.context|(?:\w+\.)?request)\.({_HELD})(?=\W|$)")
_BODIES = frozenset("POST body data form json files get_json get_data post stream content forms get_media bounded_stream".split())
_SETTING = lazy_regex(r"settings?\b|config", re.IGNORECASE)
_HEADERS = frozenset({"META", "headers"})
_ADDRESS = frozenset({"path", "full_path", "path_info", "url", "base_url"})
_HEADER_KEY = lazy_regex(r"\.META(?:\[|\.get$)(?!\['(?:HTTP_|QUERY_STRING|PATH_INFO))")
_NAMED_CHARACTERS = lazy_regex(r"\[(?!\^)[^\]/]*\]")
_GLOBALS = frozenset({"flask.request", "quart.request", "bottle.request", "flask.globals.request", "flask_login.request"})
_TORNADO = lazy_regex(r"%self\.get_(?:query_|body_)?arguments?(?=\W|$)")
_KWARGS = lazy_regex(r"%(self\.)?kwargs\['(\w+)'\]")
_EVENTS = ("event", "context")
"""The parameters of a function that a cloud calls for each request or message."""
_MAX_DEPTH = 6
_TEXT = frozenset({"str", "bytes", "dict", "list", "typing.Any", "typing.Dict", "typing.List", "object", "typing.Mapping"})
_URLS = frozenset({"pydantic.HttpUrl", "pydantic.AnyUrl", "pydantic.AnyHttpUrl", "pydantic.networks.HttpUrl", "pydantic.networks.AnyHttpUrl"})
_MODELS = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel", "ninja.Schema"})
_FIELDS = frozenset({"CharField", "URLField", "JSONField", "DictField", "FileField", "FilePathField", "TextField", "Field"})
_BOUNDED = frozenset({"pattern", "regex", "enum"})
_INJECTED = frozenset({"Depends", "Security"})
_FRAMEWORKS = ("fastapi", "starlette", "flask", "django", "drf", "rest_framework", "quart", "sanic", "litestar")


class Trait(enum.StrEnum):
    """What is known of the text of a value from outside."""

    SEGMENT = "segment"
    """It holds no stroke: one segment of a path."""
    NAME = "name"
    """The framework keeps the last part of a file's name only."""
    HEADER = "header"
    BYTES = "bytes"
    """It is content, no text."""
    MAPPING = "mapping"
    """The caller chooses its keys."""
    ADDRESS = "address"
    """The address that was asked for: it leads to this very machine."""
    BODY = "body"
    """It stands in the body: nobody sends it by following a link."""
    ADMIN = "admin"
    """Only administrators send it."""
    URL = "url"
    """It is an address, and nothing else."""


class Source(NamedTuple):
    """A value from outside: how it is written, and what is known of it."""

    shown: str
    traits: frozenset[Trait] = frozenset()


_NONE: frozenset[Trait] = frozenset()
_MAPPING = frozenset({Trait.MAPPING})


def is_request(text: str) -> bool:
    """Whether a value is written like a part of a request, whatever its first name stands for."""
    return _REQUEST.match(text) is not None


class Sources:
    """Tells values from outside from others."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._handlers: dict[FunctionKey, str] = {}
        self._owners: dict[tuple[str, int], str] = {}
        self._administrators: set[FunctionKey] = set()
        others: set[FunctionKey] = set()
        for route in project.routes:
            if route.owner is not None:
                self._owners[route.owner] = f"{self._owners.get(route.owner, '')} {route.framework}:{route.path}"
            if route.function >= 0:
                key = (route.module, route.function)
                (self._administrators if for_administrators(route) else others).add(key)
                self._handlers[key] = f"{self._handlers.get(key, '')} {route.framework}:{route.path}"
                for inner in route.dependencies:
                    self._handlers.setdefault(inner, f"{route.framework}:")
        self._administrators -= others

    @property
    def pages(self) -> list[FunctionKey]:
        """Handlers whose text is sent as a page: those of Flask."""
        kept = (Role.APPLICATION, Role.SETTINGS)
        found = (key for key, routed in self._handlers.items() if " flask:" in routed and self._project.modules[key[0]].role in kept)
        return sorted(key for key in found if not self._answers_json(key))

    def _answers_json(self, key: FunctionKey) -> bool:
        """A method of a resource, whose library makes JSON of what it returns."""
        owner = self._project.calls.head(key).owner
        if owner < 0:
            return False
        ref = Ref(RefKind.CLASS, "", key[0], owner)
        return any(name.endswith(".Resource") for name in self._project.resolver.classes.external_names(ref))

    def of_text(self, key: FunctionKey, text: str) -> Source | None:
        """A part of a request: ``request.GET['q']``, ``#3.validated_data['url']``."""
        match = _REQUEST.match(text)
        if match is None:
            if _TORNADO.match(text):
                return Source(text.replace("%", ""))
            if "kwargs" in text:
                return self._of_kwargs(key, text)
            return self._validated(key, text) if "_data[" in text else None
        root = match.group(1)
        if root[0] != "%":
            ref = self._project.value(*key, root)
            if ref is None or ref.name not in _GLOBALS:
                return None
        elif not self._is_request(key, root):
            return None
        if (match.group(2) == "META" and _HEADER_KEY.search(text)) or self._is_named_by_setting(key, text):
            return None
        traits = {Trait.HEADER} if match.group(2) in _HEADERS else set()
        if match.group(2) in _BODIES:
            traits.add(Trait.BODY)
        if key in self._administrators or self._is_of_admin(key):
            traits.add(Trait.ADMIN)
        if match.group(2) in _ADDRESS:
            traits.add(Trait.ADDRESS)
        if match.group(2) == "FILES" or text.endswith("].name"):
            traits.add(Trait.NAME)  # only Django's files have a name, and they keep its last part
        return Source(text.replace("%", ""), frozenset(traits))

    def _is_of_admin(self, key: FunctionKey) -> bool:
        """A method of a class of Django's administration."""
        owner = self._project.calls.head(key).owner
        return owner >= 0 and any(base.rpartition(".")[2].endswith("Admin") for base in self._project.modules[key[0]].classes[owner].bases)

    def _is_named_by_setting(self, key: FunctionKey, text: str) -> bool:
        """What is read under a name out of the settings was put there by a server in front, not by whoever asks."""
        calls = self._project.calls.body(key).calls
        callees = [calls[number].callee for number in call_ids(text) if number < len(calls)]
        callees += [calls[number].callee for callee in callees for number in call_ids(callee) if number < len(calls)]
        return any(_SETTING.search(callee) for callee in callees)

    def _is_request(self, key: FunctionKey, root: str) -> bool:
        name = root[1:].partition(".")[0]
        if name in ("self", "info"):
            return True
        head = self._project.calls.head(key)
        for parameter in head.parameters:
            if parameter.name == name:
                if not parameter.annotation:
                    return True
                ref = self._project.value(*key, f"%{name}")
                return ref is None or (ref.is_external and ref.name.rpartition(".")[2].endswith("Request")) or "Request" in parameter.annotation
        return False

    def _of_kwargs(self, key: FunctionKey, text: str) -> Source | None:
        """A part of the address in a class-based view of Django: ``self.kwargs['name']``, ``kwargs['name']``."""
        match = _KWARGS.fullmatch(text)
        owner = self._project.calls.head(key).owner
        if match is None or (match.group(1) is None and key not in self._handlers):
            return None
        routed = self._handlers.get(key) or (self._owners.get((key[0], owner), "") if owner >= 0 else "")
        source = self._of_path(match.group(2), routed) if routed else None
        if source is None:
            return None
        traits = source.traits | ({Trait.ADMIN} if key in self._administrators else set())
        return Source(f"{match.group(2)}", traits)

    def _validated(self, key: FunctionKey, text: str) -> Source | None:
        """A field of a serializer or form that is declared to hold any text."""
        parsed = parse(text)
        if parsed is None or len(parsed.steps) < 2 or parsed.steps[-2] not in (".validated_data", ".cleaned_data") or parsed.steps[-1][:2] != "['":
            return None
        owner = text[: -len(parsed.steps[-2]) - len(parsed.steps[-1])]
        ref = self._project.value(*key, owner)
        if ref is None or ref.kind is not RefKind.INSTANCE:
            return None
        return self.of_field(ref, parsed.steps[-1][2:-2], owner)

    def of_field(self, ref: Ref, name: str, owner: str) -> Source | None:
        """The field of a serializer or form, if its declaration takes any text and nobody checks it."""
        held = self._project.resolver.classes.find(ref, name)
        if held is None or isinstance(held[1], int):
            return None
        where, attribute = held
        assert isinstance(attribute, Attribute)
        value = attribute.value
        if value[:1] != "#" or not value[1:].isdigit():
            return None
        call = self._project.modules[where.path].bodies[attribute.function].calls[int(value[1:])]
        kind = call.callee.rpartition(".")[2]
        methods = [f"validate_{name}", f"clean_{name}", "validate", "clean"]
        if kind not in _FIELDS or any(one in ("validators", "choices") for one, _ in call.keywords):
            return None
        if any(self._checks(ref, one) for one in methods):
            return None
        shown = f"{name} of {self._project.resolver.class_at(where).name}"
        return Source(shown, frozenset({Trait.NAME} if kind == "FileField" else ({Trait.URL} if kind == "URLField" else set())))

    def _checks(self, ref: Ref, method: str) -> bool:
        found = self._project.resolver.classes.find(ref, method)
        return found is not None and isinstance(found[1], int)

    # -- parameters of handlers ---------------------------------------------------------------------

    def of_parameter(self, key: FunctionKey, name: str, rest: str) -> Source | None:
        """A parameter that the framework fills from the request; `rest` is what hangs on it."""
        routed = self._handlers.get(key)
        head = self._project.calls.head(key)
        if routed is None:
            handles = name == _EVENTS[0] and head.owner < 0 and tuple(one.name.lstrip("_") for one in head.parameters) == _EVENTS
            return Source(f"{name}{rest}") if handles and rest else None
        parameter = next((one for one in head.parameters if one.name == name), None)
        if parameter is None or name in ("self", "cls", "request", "req", "info", "db", "session", "response"):
            return None
        is_fast = "fastapi:" in routed or "starlette:" in routed
        source = self._of_fastapi(key, parameter, rest, routed) if is_fast else self._of_path(name, routed)
        return source._replace(traits=source.traits | {Trait.ADMIN}) if source is not None and key in self._administrators else source

    def _of_path(self, name: str, routed: str) -> Source | None:
        """A part of the path, by the converter or expression that takes it."""
        traits: frozenset[Trait] | None = None
        for converter in re.findall(rf"<(?:(\w+):)?{name}>", routed):
            if converter not in ("", "string", "str", "path"):
                return None
            traits = _NONE if converter == "path" else frozenset({Trait.SEGMENT})
        for expression in re.findall(rf"\(\?P<{name}>([^()]*)\)", routed):
            # a dot among named characters is itself
            if "." not in _NAMED_CHARACTERS.sub("", expression.replace("\\.", "")) and "[^" not in expression:
                return None
            traits = frozenset({Trait.SEGMENT}) if "[^/" in expression else _NONE
        return Source(name, traits) if traits is not None else None

    def _of_fastapi(self, key: FunctionKey, parameter: Parameter, rest: str, routed: str) -> Source | None:
        body = self._project.calls.body((key[0], self._project.calls.head(key).scope))
        call = _call(body.calls, parameter.default)
        if call is not None and (_last(call) in _INJECTED or _is_bounded(call)):
            return None
        source = self._of_annotation(key, parameter.annotation, rest, body.calls, 0)
        if source is None:
            return None
        traits = set(source.traits)
        if f"{{{parameter.name}}}" in routed:
            traits.add(Trait.SEGMENT)
        if self._is_body(key, parameter, call):
            traits.add(Trait.BODY)
        return Source(f"{parameter.name}{rest}", frozenset(traits))

    def _is_body(self, key: FunctionKey, parameter: Parameter, default: Call | None) -> bool:
        """A part of a form or of a document that is sent: said by ``Form`` or ``Body``, or a model that no ``Query`` or ``Depends`` is said of."""
        body = self._project.calls.body((key[0], self._project.calls.head(key).scope))
        said = {_last(call) for number in call_ids(parameter.annotation) if (call := _call(body.calls, f"#{number}")) is not None}
        said |= {_last(default)} if default is not None else set()
        if said & {"Form", "Body", "File"}:
            return not self._is_asked_for(key, parameter.name)
        ref = self._project.value(key[0], 0, parameter.annotation) if parameter.annotation and not said else None
        return ref is not None and ref.kind is RefKind.CLASS and any(one in _MODELS for one in self._project.resolver.classes.external_names(ref))

    def _is_asked_for(self, key: FunctionKey, name: str) -> bool:
        """The page that has the form takes a value of this name from its address, so a link chooses what the form sends."""
        paths = set(self._handlers.get(key, "").split())
        pages = (one for one, routed in self._handlers.items() if one != key and not paths.isdisjoint(routed.split()))
        return any(one.name == name for page in pages for one in self._project.calls.head(page).parameters)

    def _of_annotation(self, key: FunctionKey, text: str, rest: str, calls: tuple[Call, ...], depth: int) -> Source | None:
        """Whether an annotated value may be any text; `rest` leads to a field of it."""
        if depth > _MAX_DEPTH:
            return None
        if not text:
            return Source("") if not rest.startswith(".") else None
        options = [one for one in alternatives(text.replace("||", "|")) if one != "None"]
        if len(options) > 1:
            found = [self._of_annotation(key, one, rest, calls, depth + 1) for one in options]
            return next((one for one in found if one is not None), None)
        text = options[0] if options else text
        if text.endswith("]") and "[" in text:
            base, _, inner = text.partition("[")
            inner = inner[:-1]
            items = split(inner[1:-1] if inner[:1] == "[" else inner)
            name = base.rpartition(".")[2]
            if name == "Annotated":
                for extra in items[1:]:
                    call = _call(calls, extra)
                    if call is not None and (_last(call) in _INJECTED or _is_bounded(call)):
                        return None
                return self._of_annotation(key, items[0], rest, calls, depth + 1)
            if name in ("Optional", "Union", "list", "List", "Sequence", "set", "Set"):
                found = [self._of_annotation(key, one, rest if name in ("Optional", "Union") else "", calls, depth + 1) for one in items]
                return next((one for one in found if one is not None), None)
            return Source("", _MAPPING) if name in ("dict", "Dict", "Mapping") and not rest.startswith(".") else None
        ref = self._project.value(key[0], 0, text)
        name = ref.name if ref is not None else text
        if ref is not None and ref.kind is RefKind.CLASS:
            return self._of_model(ref, rest, depth)
        if name.endswith("UploadFile"):
            return Source("") if rest.startswith((".filename", ".file", ".read")) or not rest else None
        if name in _URLS:
            return Source("", frozenset({Trait.URL}))
        if name in ("dict", "typing.Dict", "typing.Mapping", "typing.Any") and not rest:
            return Source("", _MAPPING)
        if name == "bytes" and not rest:
            return Source("", frozenset({Trait.BYTES}))
        return Source("") if name in _TEXT and not rest.startswith(".") else None

    def _of_model(self, ref: Ref, rest: str, depth: int) -> Source | None:
        """A field of a pydantic model that may be any text."""
        name = rest[1:].partition(".")[0].partition("[")[0]
        if not rest.startswith(".") or not any(one in _MODELS for one in self._project.resolver.classes.external_names(ref)):
            return None
        held = self._project.resolver.classes.find(ref, name)
        if held is None or isinstance(held[1], int) or self._has_validator(ref, name):
            return None
        where, attribute = held
        assert isinstance(attribute, Attribute)
        calls = self._project.modules[where.path].bodies[attribute.function].calls
        call = _call(calls, attribute.value)
        if call is not None and _is_bounded(call):
            return None
        return self._of_annotation((where.path, 0), attribute.annotation, rest[1 + len(name) :], calls, depth + 1)

    def _has_validator(self, ref: Ref, field: str) -> bool:
        for base in self._project.resolver.classes.ancestors(ref.path, ref.index):
            if base.kind is not RefKind.CLASS:
                continue
            module = self._project.modules[base.path]
            for number in module.classes[base.index].methods:
                for text in module.functions[number].decorators:
                    call = _call(module.bodies[module.functions[number].scope].calls, text)
                    last = _last(call) if call is not None else text.rpartition(".")[2]
                    if last in ("root_validator", "model_validator"):
                        return True
                    if call is not None and last in ("validator", "field_validator") and any(one in (repr(field), "'*'") for one in call.args):
                        return True
        return False


def _call(calls: tuple[Call, ...], text: str) -> Call | None:
    return calls[int(text[1:])] if text[:1] == "#" and text[1:].isdigit() and int(text[1:]) < len(calls) else None


def _last(call: Call) -> str:
    return call.callee.rpartition(".")[2]


def _is_bounded(call: Call) -> bool:
    return any(name in _BOUNDED and value != "None" for name, value in call.keywords)
