"""The keys of a configuration file: one table that validation, ``--show-settings`` and the published JSON schema read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from backend_lint.api import Profile, Role, Severity
from backend_lint.config import nearest

SEVERITIES = tuple(str(one) for one in Severity)
FORMATS = ("text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html")
FAIL_ON = (*SEVERITIES, "never")
DIFF_MODES = ("findings", "lines", "files")
USER_ONLY = {
    "rules-dir": "rules are code, and the code of a checked repository is never run",
    "cache-dir": "a checked repository must not say where files are written",
}
COVERAGE = ("total", "file", "diff", "branch")
COVERAGE_OF = ("files", "folders", "layers")
"""Tables: glob -> the floor of each file that it fits, folder -> the floor of all files below it, layer -> the floor of all its files."""
PERFORMANCE = (
    "p50_ms", "p90_ms", "p95_ms", "p99_ms", "query_ms", "connections", "availability", "requests_per_second", "error_rate", "routes", "regression",
)  # fmt: skip
PERFORMANCE_SHARES = ("availability", "error_rate", "routes")
"""Conditions in per cent."""
PERFORMANCE_GUARDS = ("min_requests", "min_calls", "max_age_days", "warm_up")
"""What a measurement must have to count: requests, calls; how old it may be; seconds that are left out."""


class BadValueError(ValueError):
    """A key or value is wrong. `keys` is the way to it from the table that was checked."""

    def __init__(self, keys: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.keys = keys
        self.reason = reason


Check = Callable[[Any], Any]


class Key(NamedTuple):
    """A key: `check` turns a TOML value into the one of `Settings` or raises BadValueError; `schema` is its JSON schema."""

    check: Check
    schema: dict[str, Any]
    about: str
    field: str = ""
    """Name in `Settings`, if it is not the key with underscores."""


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")


def text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise BadValueError((), f"must be a text, not {_kind(value)}" if not isinstance(value, str) else "must not hold a NUL character")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadValueError((), f"must be a list of texts, not {_kind(value)}" if not isinstance(value, list) else "must be a list of texts only")
    return tuple(value)


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValueError((), f"must be true or false, not {_kind(value)}")
    return value


def count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        given = repr(value) if isinstance(value, float) or type(value) is int else _kind(value)
        raise BadValueError((), f"must be a whole number from 0, not {given}")
    return value


def number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise BadValueError((), f"must be a number from 0, not {value!r}")
    return value


def one_of(values: Iterable[str]) -> Check:
    allowed = tuple(str(one) for one in values)

    def check(value: Any) -> str:
        if value not in allowed:
            raise BadValueError((), f"{value!r} is none of {', '.join(allowed)}" + (nearest(value, allowed) if isinstance(value, str) else ""))
        return str(value)

    return check


def table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValueError((), f"must be a table, not {_kind(value)}")
    return value


def table_of(check: Check, keys: Iterable[str] | None = None) -> Check:
    allowed = None if keys is None else tuple(str(one) for one in keys)

    def checked(value: Any) -> dict[str, Any]:
        made = {}
        for key, one in table(value).items():
            if allowed is not None and key not in allowed:
                raise BadValueError((key,), f"unknown key {key!r}{nearest(key, allowed)}")
            made[key] = nested(key, check, one)
        return made

    return checked


def nested(key: str, check: Check, value: Any) -> Any:
    """`check(value)`, with `key` put before the way to what is wrong."""
    try:
        return check(value)
    except BadValueError as error:
        raise BadValueError((key, *error.keys), error.reason) from None


def _fields(checks: Mapping[str, Check]) -> Check:
    def checked(value: Any) -> dict[str, Any]:
        made = {}
        for key, one in table(value).items():
            if key not in checks:
                raise BadValueError((key,), f"unknown key {key!r}{nearest(key, checks)}")
            made[key] = nested(key, checks[key], one)
        return made

    return checked


_SEVERITY_OR_OFF = one_of((*SEVERITIES, "off"))
_PATH_RULES = _fields({"ignore": texts, "severity": table_of(_SEVERITY_OR_OFF)})


def _per_path(value: Any) -> dict[str, Any]:
    def override(one: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"ignore": texts(one)} if isinstance(one, list) else _PATH_RULES(one)
        return made

    made: dict[str, Any] = table_of(override)(value)
    return made


def _layers(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if isinstance(value, list):
        return tuple((name, (name,)) for name in texts(value))
    return tuple(table_of(texts)(value).items())


CONTRACTS = ("forbidden", "independence", "layers", "protected")
_CONTRACT_TEXTS = ("source", "forbidden", "modules", "importers", "layers", "containers")


def _allowed(value: Any) -> tuple[dict[str, str], ...]:
    if not isinstance(value, list):
        raise BadValueError((), f"must be a list of tables with `import` and `reason`, not {_kind(value)}")
    made = []
    for one in value:
        entry = _fields({"import": text, "reason": text})(one)
        importer, arrow, imported = (part.strip() for part in entry.get("import", "").partition("->"))
        if not arrow or not importer or not imported:
            raise BadValueError(("import",), f"{entry.get('import', '')!r} is not of the form 'importer -> imported'")
        if not entry.get("reason", "").strip():
            raise BadValueError(("reason",), f"the exception {importer} -> {imported} says no reason")
        made.append({"importer": importer, "imported": imported, "reason": entry["reason"].strip()})
    return tuple(made)


def _contract(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = _fields({"type": one_of(CONTRACTS), "indirect": boolean, "allow": _allowed, **dict.fromkeys(_CONTRACT_TEXTS, texts)})(value)
    if "type" not in made:
        raise BadValueError((), f"needs a type: {', '.join(CONTRACTS)}")
    return made


def _percent(value: Any) -> float:
    if number(value) > 100:
        raise BadValueError((), f"must be a percentage from 0 to 100, not {value!r}")
    return float(value)


_COVERAGE: dict[str, Check] = {
    **dict.fromkeys(COVERAGE, _percent), **dict.fromkeys(COVERAGE_OF, table_of(_percent)), "reports": texts, "ratchet": text,
}  # fmt: skip


def gate(value: Any) -> dict[str, Any]:
    """Findings allowed (by severity, family, tag or rule; resolved later), ``new`` with the same, ``coverage`` and ``performance``."""
    made: dict[str, Any] = {}
    for key, one in table(value).items():
        if key == "coverage":
            made[key] = nested(key, _fields(_COVERAGE), one)
        elif key == "performance":
            made[key] = nested(key, _performance, one)
        elif key == "new":
            made[key] = nested(key, table_of(count), one)
        else:
            made[key] = nested(key, count, one)
    return made


def _performance(value: Any) -> dict[str, Any]:
    checks: dict[str, Check] = {
        **dict.fromkeys(PERFORMANCE, number), **dict.fromkeys(PERFORMANCE_SHARES, _percent), **dict.fromkeys(PERFORMANCE_GUARDS, count),
        "endpoints": table_of(number), "names": table_of(text), "baseline": text, "reports": texts,
    }  # fmt: skip
    made: dict[str, Any] = {}
    for key, one in table(value).items():
        name = key.replace("-", "_")
        if name not in checks:
            raise BadValueError((key,), f"unknown key {key!r}{nearest(name, checks)}")
        made[name] = nested(key, checks[name], one)
    return made


WORTHS = ("identity", "role", "object", "scope", "none")
DIALECTS = ("postgresql", "mysql", "sqlite", "oracle", "mssql")
MIGRATIONS, DEPLOYS = ("heads", "all"), ("rolling", "downtime")
_DATABASE: dict[str, Check] = {
    "dialect": one_of(DIALECTS), "rows": table_of(count), "statistics": texts, "migrations": one_of(MIGRATIONS), "deploys": one_of(DEPLOYS),
}  # fmt: skip


def _string(values: Iterable[str] = ()) -> dict[str, Any]:
    allowed = [str(one) for one in values]
    return {"type": "string", "enum": allowed} if allowed else {"type": "string"}


def _object(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_CONTRACT = _closed(
    {"type": _string(CONTRACTS), "indirect": {"type": "boolean"}, **dict.fromkeys(_CONTRACT_TEXTS, _TEXTS)}
    | {"allow": {"type": "array", "items": _closed({"import": {"type": "string"}, "reason": {"type": "string"}})}}
)
_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number", "minimum": 0}
_PERCENT = {"type": "number", "minimum": 0, "maximum": 100}
_SEVERITIES = _object(_string((*SEVERITIES, "off")))
_GATE = {
    "type": "object",
    "properties": {
        "new": _object(_COUNT),
        "coverage": _closed({**dict.fromkeys(COVERAGE, _PERCENT), **dict.fromkeys(COVERAGE_OF, _object(_PERCENT)), "reports": _TEXTS, "ratchet": _string()}),
        "performance": _closed(
            {name: _PERCENT if key in PERFORMANCE_SHARES else _NUMBER for key in PERFORMANCE for name in (key, key.replace("_", "-"))}
            | {name: _COUNT for key in PERFORMANCE_GUARDS for name in (key, key.replace("_", "-"))}
            | {"endpoints": _object(_NUMBER), "names": _object(_string()), "baseline": _string(), "reports": _TEXTS}
        ),
    },
    "additionalProperties": _COUNT,
}

KEYS: dict[str, Key] = {
    "required-version": Key(text, _string(), "Versions of backend-lint that may read this file, such as '>=0.1,<1'."),
    "extend": Key(text, _string(), "Another configuration file, relative to this one; this one's keys win, tables are merged, lists are replaced."),
    "select": Key(texts, _TEXTS, "Rules, families, tags or ALL instead of what the profile holds."),
    "extend-select": Key(texts, _TEXTS, "Rules, families, tags or ALL on top of the profile or of `select`."),
    "ignore": Key(texts, _TEXTS, "Rules, families or tags that are switched off."),
    "profile": Key(one_of(Profile), _string(Profile), "`default`: right at least nine times in ten; `strict`: three in four; `all`."),
    "severity": Key(table_of(_SEVERITY_OR_OFF), _SEVERITIES, "Rule, family or tag -> error, warning, info or off."),
    "rules": Key(table_of(table), _object({"type": "object"}), "Rule -> its severity and options."),
    "exclude": Key(texts, _TEXTS, "Globs, as in .gitignore, of files that are not checked."),
    "roles": Key(table_of(texts, Role), _closed(dict.fromkeys(map(str, Role), _TEXTS)), "Role -> globs of the files that have it, whatever their names say."),
    "per-path": Key(
        _per_path,
        _object({"anyOf": [_TEXTS, _closed({"ignore": _TEXTS, "severity": _SEVERITIES})]}),
        "Glob -> rules that are ignored there, or a table with `ignore` and `severity`.",
    ),
    "layers": Key(_layers, {"anyOf": [_TEXTS, _object(_TEXTS)]}, "The project's layers, lowest first: name -> modules; or a list of modules."),
    "guards": Key(
        table_of(one_of(WORTHS)),
        _object(_string(WORTHS)),
        "What the project's own guards are worth: name of a decorator, dependency, middleware or permission class, dotted or not, `*` for any part -> "
        "`identity` (somebody known), `role`, `object` (this very row), `scope` (of a token), or `none`.",
    ),
    "contracts": Key(
        table_of(_contract),
        _object(_CONTRACT),
        "Contract -> its `type` and modules: `forbidden` (`source`, `forbidden`), `independence` (`modules`), `layers` (`layers`, the highest first, inside of "
        "`containers`), `protected` (`modules`, `importers`); `indirect`, whether chains count; `allow`, exceptions with `import` and `reason`.",
    ),
    "import-linter": Key(text, _string(), "The file with import-linter's contracts; without it, the one that import-linter would read.", field="import_linter"),
    "severity-threshold": Key(one_of(SEVERITIES), _string(SEVERITIES), "The least severity that is shown."),
    "fail-on": Key(one_of(FAIL_ON), _string(FAIL_ON), "The least severity that makes the exit code 1."),
    "baseline": Key(text, _string(), "A file with accepted findings, relative to this file."),
    "diff-base": Key(text, _string(), "A git revision: only what is new since it is reported."),
    "diff-mode": Key(one_of(DIFF_MODES), _string(DIFF_MODES), "`findings`, `lines` or `files`: what counts as new."),
    "format": Key(one_of(FORMATS), _string(FORMATS), "The format on standard output.", field="formats"),
    "database": Key(
        _fields(_DATABASE),
        _closed(
            {"dialect": _string(DIALECTS), "rows": _object(_COUNT), "statistics": _TEXTS, "migrations": _string(MIGRATIONS), "deploys": _string(DEPLOYS)}
        ),
        "The database: its `dialect`; `rows`, how many each table has; `statistics`, exports of `pg_stat_user_tables` or `pg_stat_statements`; `migrations`, "
        "whether the `heads` or `all` are judged where no base revision says which are new; `deploys`, `rolling` or with `downtime`.",
    ),
    "gate": Key(gate, _GATE, "Conditions of the verdict: findings allowed, coverage, performance."),
    "cache": Key(boolean, {"type": "boolean"}, "Whether results are kept between runs."),
    "jobs": Key(count, _COUNT, "Worker processes; 0 for as many as there are cores."),
    "max-file-size": Key(count, _COUNT, "Bytes; a larger file is named as not checked."),
    "cache-dir": Key(text, _string(), "Where results are kept; only in the user's own configuration or on the command line."),
    "rules-dir": Key(texts, _TEXTS, "Folders with rules of an organisation; only in the user's own configuration or on the command line.", field="rules_dir"),
}


def schema() -> dict[str, Any]:
    """The JSON schema of a ``backend-lint.toml``."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "backend-lint configuration",
        "type": "object",
        "properties": {"$schema": {"type": "string"}} | {name: {**key.schema, "description": key.about} for name, key in KEYS.items()},
        "additionalProperties": False,
    }
