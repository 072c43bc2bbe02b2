"""Environment variables: where Python reads them, with which default, and where deployment files declare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_lint.facts.deployment import Manifest, Variable
from backend_lint.facts.python import Body, Call, Class
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.modules import ModuleIndex, SourceModule
from backend_lint.project.value_text import call_ids, constant_string, entries, split
from backend_lint.redaction import redacted

_MANIFESTS = msgspec.msgpack.Decoder(Manifest)

_READS = {
    "os.getenv": 0,
    "os.environ.get": 0,
    "os.environ.pop": 0,
    "os.environ.setdefault": 0,
    "decouple.config": 0,
    "django.http.os.getenv": 0,
}
"""Function -> position of the variable's name; the default follows it."""
_READERS = {
    "environ.Env": "django-environ",
    "environ.FileAwareEnv": "django-environ",
    "environ.environ.Env": "django-environ",
    "environs.Env": "environs",
    "environs.FileAwareEnv": "environs",
    "decouple.Config": "decouple",
    "decouple.AutoConfig": "decouple",
    "starlette.config.Config": "starlette",
}
"""Class whose instances read variables when they are called."""
_NAMELESS = {"db": "DATABASE_URL", "db_url": "DATABASE_URL", "cache": "CACHE_URL", "cache_url": "CACHE_URL", "email": "EMAIL_URL", "email_url": "EMAIL_URL"}
_NO_READS = {"read_env", "read_envfile", "prefixed", "seal", "add_parser", "parser_for", "set_parser", "dump"}
_MODULES = ("os", "environ", "environs", "decouple", "starlette", "pydantic", "pydantic_settings", "django", "click", "typer")
_SETTINGS_BASES = {"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings", "pydantic_settings.main.BaseSettings"}
_ELEMENT = lazy_regex(r"(?<![\w.%#'\"])([A-Za-z_]\w*(?:\.environb?)?)\[('[A-Za-z_]\w*'|\"[A-Za-z_]\w*\")\]")
_MEMBER = lazy_regex(r"\(('[A-Za-z_]\w*') (?:not )?in ([A-Za-z_][\w.]*)\)")
_NAME = lazy_regex(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


class Read(msgspec.Struct, frozen=True, order=True):
    """A place that reads a variable. `default` is the value without it, None if there is none or it is not known; `required`: it fails without it."""

    name: str
    path: str
    line: int
    default: str | None = None
    required: bool = False


class Declaration(msgspec.Struct, frozen=True):
    """A declaration of a variable with its file."""

    path: str
    variable: Variable


class Configuration(msgspec.Struct, frozen=True):
    """All reads by name, path and line; all declarations in the order of files."""

    reads: tuple[Read, ...]
    declared: tuple[Declaration, ...]

    @classmethod
    def link(cls, manifests: Mapping[str, msgspec.Raw], modules: Mapping[str, SourceModule]) -> Configuration:
        """Joins the reads of Python with the declarations of manifests."""
        reads = sorted(set(EnvironmentReads(modules).all()), key=lambda read: (read.name, read.path, read.line, read.default or ""))
        return cls(tuple(reads), tuple(declarations(decoded(manifests))))

    @property
    def names(self) -> list[str]:
        """Every variable that is read or declared, sorted."""
        return sorted({read.name for read in self.reads} | {declaration.variable.name for declaration in self.declared})


def decoded(manifests: Mapping[str, msgspec.Raw]) -> dict[str, Manifest]:
    """The manifests by path, those left out that turned out to be no deployment files."""
    found = {path: _MANIFESTS.decode(manifests[path]) for path in sorted(manifests)}
    return {path: manifest for path, manifest in found.items() if manifest.form}


def declarations(manifests: Mapping[str, Manifest]) -> Iterator[Declaration]:
    """Every declaration with its file."""
    for path, manifest in manifests.items():
        for variable in manifest.variables:
            yield Declaration(path, variable)


def qualified(module: SourceModule, function: int, text: str) -> str:
    """A dotted name with its head replaced by what is imported under it: ``e.get`` after ``from os import environ as e`` is ``os.environ.get``."""
    head, dot, rest = text.partition(".")
    for found in (*module.imports_in(function), *module.facts.imports):
        if found.name == head and found.function in (0, function):
            full = ".".join(part for part in (found.module if found.aliased or found.member else head, found.member) if part)
            return f"{full}{dot}{rest}"
    return text


class EnvironmentReads:
    """Finds the reads of environment variables in Python modules."""

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self.modules = modules
        self._index = ModuleIndex(modules)
        self._readers: dict[str, dict[str, tuple[str, dict[str, str]]]] = {}
        self._heads: dict[str, frozenset[str]] = {}

    def all(self) -> Iterator[Read]:
        """Every read, in the order of files."""
        for path, module in self.modules.items():
            imported = {found.module.partition(".")[0] for found in module.facts.imports}
            local = any(found.level for found in module.facts.imports) or any(self._index.find(name, path) for name in imported)
            if not (imported & set(_MODULES) or local):
                continue
            yield from self._settings_fields(path, module)
            for function, body in enumerate(module.bodies):
                for call in body.calls:
                    if (read := self.of_call(path, function, call)) is not None:
                        yield read
                if imported & {"os", "django"}:
                    yield from self._elements(path, module, function, body)

    def of_call(self, path: str, function: int, call: Call) -> Read | None:
        """The read that a call is; None for any other call and for a name that is not constant."""
        head = call.callee.partition(".")[0]
        if head not in self._relevant(path) and head[:1] != "#" and not any(name == "envvar" for name, _ in call.keywords):
            return None
        module = self.modules[path]
        callee = qualified(module, function, call.callee) if not call.callee.startswith(("%", "#")) else call.callee
        keywords = dict(call.keywords)
        if callee in _READS:
            return self._read(path, call, constant_string(call.args[0]) if call.args else None, call.args[1:2], keywords, strict=callee == "decouple.config")
        if "envvar" in keywords and (name := constant_string(keywords["envvar"])):
            return Read(name, path, call.line, _shown(name, keywords.get("default")), False)
        reader = self._reader(path, function, call.callee)
        if reader is None:
            return None
        kind, scheme, method = reader
        if method in _NO_READS:
            return None
        name = constant_string(call.args[0]) if call.args else constant_string(keywords.get("var", keywords.get("key", keywords.get("name", ""))))
        if name is None and not call.args:
            name = _NAMELESS.get(method)
        position = 2 if kind == "starlette" else 1
        default = call.args[position : position + 1] or ((scheme[name],) if name in scheme and "default" not in keywords else ())
        return self._read(path, call, name, default, keywords, strict=True)

    def _read(self, path: str, call: Call, name: str | None, default: tuple[str, ...], keywords: Mapping[str, str], *, strict: bool) -> Read | None:
        if name is None or not _NAME.fullmatch(name):
            return None
        text = default[0] if default else keywords.get("default")
        return Read(name, path, call.line, _shown(name, text), strict and text is None)

    def _reader(self, path: str, function: int, callee: str) -> tuple[str, dict[str, str], str] | None:
        """(library, defaults by name, method) if the callee is an object that reads variables, or a method of one."""
        head, _, method = callee.partition(".")
        if "." in method:
            return None
        if head.startswith("#") and head[1:].isdigit():
            made = self._made(path, function, int(head[1:]))
            return (*made, method) if made else None
        module = self.modules[path]
        if head in (own := self._own_readers(path)):
            return (*own[head], method)
        for found in (*module.imports_in(function), *module.facts.imports):
            if found.name == head and found.member:
                source = self._index.relative(path, found.level, found.module) if found.level else self._index.find(found.module, path)
                if source in self.modules and source is not None and found.member in (other := self._own_readers(source)):
                    return (*other[found.member], method)
        return None

    def _relevant(self, path: str) -> frozenset[str]:
        """The names that may read a variable when they are called, or hold something that does."""
        if path not in self._heads:
            found = set(self._own_readers(path))
            for entry in self.modules[path].facts.imports:
                if entry.module.partition(".")[0] in _MODULES and not entry.level:
                    found.add(entry.name)
                elif entry.member:
                    source = self._index.relative(path, entry.level, entry.module) if entry.level else self._index.find(entry.module, path)
                    if source in self.modules and source is not None and entry.member in self._own_readers(source):
                        found.add(entry.name)
            self._heads[path] = frozenset(found)
        return self._heads[path]

    def _own_readers(self, path: str) -> dict[str, tuple[str, dict[str, str]]]:
        if path not in self._readers:
            found: dict[str, tuple[str, dict[str, str]]] = {}
            module = self.modules[path]
            if any(entry.module.partition(".")[0] in ("environ", "environs", "decouple", "starlette") for entry in module.facts.imports):
                for assign in module.bodies[0].assigns:
                    numbers = call_ids(assign.value)
                    if assign.target.isidentifier() and len(numbers) == 1 and assign.value == f"#{numbers[0]}" and (made := self._made(path, 0, numbers[0])):
                        found[assign.target] = made
            self._readers[path] = found
        return self._readers[path]

    def _made(self, path: str, function: int, number: int) -> tuple[str, dict[str, str]] | None:
        module = self.modules[path]
        calls = module.bodies[function].calls
        if number >= len(calls):
            return None
        kind = _READERS.get(qualified(module, function, calls[number].callee))
        if kind is None:
            return None
        scheme = {name: split(value[1:-1])[-1] for name, value in calls[number].keywords if value.startswith("[") and "," in value}
        return kind, scheme

    def _elements(self, path: str, module: SourceModule, function: int, body: Body) -> Iterator[Read]:
        for line, text in _texts(module, function, body):
            if "[" not in text and " in " not in text:
                continue
            for match in _ELEMENT.finditer(text):
                if qualified(module, function, match.group(1)) in {"os.environ", "os.environb"}:
                    yield Read(match.group(2)[1:-1], path, line, None, True)
            for match in _MEMBER.finditer(text):
                if qualified(module, function, match.group(2)) == "os.environ":
                    yield Read(match.group(1)[1:-1], path, line, None, False)

    # -- pydantic settings -------------------------------------------------------------------------

    def _settings_fields(self, path: str, module: SourceModule) -> Iterator[Read]:
        for class_ in module.classes:
            if not self._is_settings(path, class_, 0):
                continue
            body = module.bodies[class_.scope]
            prefix = self._prefix(path, class_, 0)
            for attribute in class_.attributes:
                if attribute.function != class_.scope or not attribute.annotation or attribute.name.startswith("_") or "ClassVar" in attribute.annotation:
                    continue
                if attribute.name == "model_config":
                    continue
                names, default, required = _field(body, attribute.value)
                for name in names or [f"{prefix}{attribute.name}".upper()]:
                    yield Read(name, path, attribute.line, _shown(name, default), required)

    def _is_settings(self, path: str, class_: Class, depth: int) -> bool:
        module = self.modules[path]
        for base in class_.bases:
            name = qualified(module, class_.scope, base)
            if name in _SETTINGS_BASES:
                return True
            if depth < 5 and (found := self._class(path, module, base)) is not None and self._is_settings(*found, depth + 1):
                return True
        return False

    def _class(self, path: str, module: SourceModule, name: str) -> tuple[str, Class] | None:
        for class_ in module.classes:
            if class_.name == name:
                return path, class_
        for found in module.facts.imports:
            if found.name == name and found.member:
                source = self._index.relative(path, found.level, found.module) if found.level else self._index.find(found.module, path)
                if source is not None and source in self.modules:
                    for class_ in self.modules[source].classes:
                        if class_.name == found.member:
                            return source, class_
        return None

    def _prefix(self, path: str, class_: Class, depth: int) -> str:
        module = self.modules[path]
        body = module.bodies[class_.scope]
        for attribute in class_.attributes:
            if attribute.name == "model_config":
                for number in call_ids(attribute.value)[:1]:
                    return constant_string(dict(body.calls[number].keywords).get("env_prefix", "")) or ""
                if (prefix := dict(entries(attribute.value)).get("env_prefix")) is not None:
                    return constant_string(prefix) or ""
        for inner in module.classes:
            if inner.name == f"{class_.name}.Config":
                for attribute in inner.attributes:
                    if attribute.name == "env_prefix":
                        return constant_string(attribute.value) or ""
        for base in class_.bases if depth < 5 else ():
            if (found := self._class(path, module, base)) is not None:
                return self._prefix(*found, depth + 1)
        return ""


def _field(body: Body, value: str) -> tuple[list[str], str | None, bool]:
    """(aliases, default, required) of a settings field's value."""
    if not value:
        return [], None, True
    numbers = call_ids(value)
    if len(numbers) != 1 or value != f"#{numbers[0]}" or not body.calls[numbers[0]].callee.endswith(("Field", "SecretStr")):
        return [], value, False
    call = body.calls[numbers[0]]
    keywords = dict(call.keywords)
    names: list[str] = []
    for key in ("validation_alias", "alias", "env"):
        text = keywords.get(key, "")
        parts = split(text[1:-1]) if text.startswith("[") else [text]
        for number in call_ids(text):
            parts = list(body.calls[number].args)
        names.extend(name.upper() for part in parts if (name := constant_string(part)) and _NAME.fullmatch(name))
        if names:
            break
    default = call.args[0] if call.args else keywords.get("default", keywords.get("default_factory"))
    required = default in (None, "...", "Ellipsis")
    return names, None if required else default, required


def _texts(module: SourceModule, function: int, body: Body) -> Iterator[tuple[int, str]]:
    """(line, value text) of everything that a function evaluates."""
    for call in body.calls:
        yield call.line, call.callee
        for text in call.args:
            yield call.line, text
        for _, text in call.keywords:
            yield call.line, text
    for assign in body.assigns:
        yield assign.line, assign.value
    for block in body.blocks:
        if block.subject:
            # a block starts at its first statement; the test nearly always stands on the line above
            yield max(block.line - 1, 1), block.subject
    yield from ((found.line, found.value) for found in body.returns)
    yield from ((found.line, found.value) for found in body.raises)
    yield from ((found.line, found.value) for found in body.yields)
    for parameter in module.functions[function].parameters:
        yield module.functions[function].line, parameter.default
    for class_ in module.classes:
        for attribute in class_.attributes:
            if attribute.function == function:
                yield attribute.line, attribute.value


def _shown(name: str, text: str | None) -> str | None:
    """A default as a reader wants to see it: strings without quotes, secrets hidden, None if not known."""
    if text is None or text in {"?", "None"} or text.startswith(("%", "#")):
        return None
    string = constant_string(text)
    return redacted(name, text if string is None else string)[:200]
