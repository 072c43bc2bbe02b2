"""Joins configuration into the `Settings` of a run: command line over ``--config`` over file over what it extends over the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.config import ConfigError, PathOverride, Settings, nearest
from backend_lint.config_file import (
    MAX_SIZE,
    NAMES,
    Layer,
    Place,
    Reader,
    blame,
    locate,
    parse_inline,
    read_chain,
    shown,
    user_file,
)
from backend_lint.config_keys import KEYS, USER_ONLY
from backend_lint.registry import Registry

_TABLES = ("severity", "rules", "roles", "per-path", "gate", "database", "guards")
_ADDED = ("ignore", "extend-select", "exclude")
_ALWAYS_FROM_USER = (*USER_ONLY, "cache", "jobs")


class Request(NamedTuple):
    """What the command line asks for. `options` are keys of `KEYS` with checked values; `rest` are fields of `Settings` that no file can set."""

    cwd: Path
    paths: Sequence[str] = ()
    config: Sequence[str] = ()
    isolated: bool = False
    options: Mapping[str, Any] = {}
    rest: Mapping[str, Any] = {}
    config_from: str | None = None
    read_revision: Any = None
    """``(root, path relative to the root) -> bytes | None`` at `config_from`."""


class Loaded(NamedTuple):
    """`origins` says of each key that is set where its value comes from; `notes` are warnings for stderr."""

    settings: Settings
    origins: dict[str, str]
    layers: tuple[Layer, ...]
    place: Place
    notes: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """Every configuration file that was read."""

    def error(self, keys: tuple[str, ...], reason: str, value: str = "") -> ConfigError:
        """An error about a key, naming the file and line that sets it."""
        return blame(self.layers, keys, reason, value=value) if self.layers else ConfigError(reason)


def load(request: Request) -> Loaded:
    """The settings before rules are known: see `settle`. Raises ConfigError."""
    given = [Path(os.path.normpath(request.cwd / path)) for path in request.paths if path != "-"]
    for raw, path in zip((path for path in request.paths if path != "-"), given, strict=True):
        if not os.path.lexists(path):
            raise ConfigError(f"{raw}: no such file or directory")
    # a link to a folder that the user named is followed; links that lie in the project are not
    given = [Path(os.path.realpath(path)) if path.is_symlink() and path.is_dir() else path for path in given]
    place = _place(request.cwd, given, request.isolated)
    notes: list[str] = []
    if len(given) > 1 and not request.isolated:
        notes += _unread(place, given)
    layers = _file_layers(request, place, notes)
    layers += [parse_inline(one, request.cwd) for one in request.config if _is_inline(one, request.cwd)]
    command_line = Layer("command line", dict(request.options), request.cwd)
    values, origins = _join(layers, command_line)
    layers.append(command_line)
    settings = _settings(request, place, given, values, origins, layers)
    accepted = settings.baseline
    if request.config_from and accepted is not None:
        data = request.read_revision(place.root, shown(accepted, place.root))
        settings = _replace(settings, baseline_data=data if data is not None else b"")
        if data is None:
            notes.append(f"there is no baseline at {request.config_from}: every finding counts")
        elif not accepted.is_file() or accepted.read_bytes() != data:
            notes.append(f"the baseline differs from the one at {request.config_from}, which is used")
    files = tuple(layer.file for layer in layers if layer.file is not None)
    return Loaded(settings, origins, tuple(layers), place, tuple(notes), files)


def settle(loaded: Loaded, registry: Registry) -> Settings:
    """The settings with every selector proven to exist and spelled out as rule names where that is needed. Raises ConfigError naming file and line."""
    settings = loaded.settings
    for field in ("select", "extend_select", "ignore"):
        for selector in getattr(settings, field):
            _resolve(registry, loaded, (field.replace("_", "-"),), selector)
    severity = _spell_out(registry, loaded, ("severity",), settings.severity)
    per_path = []
    for override in settings.per_path:
        where = ("per-path", override.pattern)
        ignore = {name for selector in override.ignore for name in _resolve(registry, loaded, where, selector)}
        changed = _spell_out(registry, loaded, (*where, "severity"), override.severity)
        per_path.append(PathOverride(override.pattern, tuple(sorted(ignore)), changed))
    options: dict[str, dict[str, Any]] = {}
    for name, table in settings.rule_options.items():
        if name not in registry.rules:
            unknown = f"unknown rule {name!r}{nearest(name, registry.rules) or '; `backend-lint rules` lists them'}"
            known = f"{name!r} has no options" if name in registry.cards else unknown
            if name not in registry.cards or set(table) - {"severity"}:
                raise loaded.error(("rules", name), known)
        declared = registry.rules[name].options if name in registry.rules else {}
        options[name] = {}
        for key, value in table.items():
            if key == "severity":
                continue
            match = next((one for one in declared if one.replace("_", "-") == key.replace("_", "-")), None)
            if match is None:
                hint = nearest(key, [one.replace("_", "-") for one in declared]) or (f"; it has {', '.join(declared)}" if declared else "; it has no options")
                raise loaded.error(("rules", name, key), f"unknown option {key!r} of rule {name}{hint}")
            options[name][match] = _typed(value, declared[match], loaded, ("rules", name, key))
    for key in settings.gate:
        if key == "new":
            for selector in settings.gate["new"]:
                _gate_key(registry, loaded, ("gate", "new", selector))
        elif key not in ("coverage", "performance"):
            _gate_key(registry, loaded, ("gate", key))
    return _replace(settings, severity=severity, per_path=tuple(per_path), rule_options=options)


def _place(cwd: Path, given: list[Path], isolated: bool) -> Place:
    folders = [path if path.is_dir() else path.parent for path in given]
    start = Path(os.path.commonpath(folders)) if folders else cwd
    fallback = start if (len(given) == 1 and given[0].is_dir()) or not start.is_relative_to(cwd) else cwd
    place = locate(start, fallback)
    return place._replace(config_file=None) if isolated else place


def _unread(place: Place, given: list[Path]) -> list[str]:
    """Notes on the configuration of projects inside the one that is checked: a run has one root and one configuration."""
    found = []
    for folder in sorted({path if path.is_dir() else path.parent for path in given}):
        nearer = locate(folder, place.root)
        if nearer.config_file is not None and nearer.root != place.root and nearer.root.is_relative_to(place.root):
            found.append(f"{shown(nearer.config_file, place.root)} is not read: the root of this run is {place.root}; check that project in a run of its own")
    return list(dict.fromkeys(found))


def _is_inline(option: str, cwd: Path) -> bool:
    return "=" in option and not (cwd / option).is_file()


def _file_layers(request: Request, place: Place, notes: list[str]) -> list[Layer]:
    files = [Path(os.path.normpath(request.cwd / one)) for one in request.config if not _is_inline(one, request.cwd)]
    if len(files) > 1:
        raise ConfigError(f"--config names {len(files)} files; name one and let it `extend` the other")
    layers: list[Layer] = []
    user = None if request.isolated else user_file()
    project: list[Layer] = []
    if files:
        inside = files[0].is_relative_to(place.root)
        project = read_chain(files[0], place.root if inside else None)
    elif request.isolated:
        pass
    elif request.config_from:
        project = _revision_layers(request, place, notes)
    elif place.config_file is not None:
        project = read_chain(place.config_file, place.root)
    if user is not None:
        own = read_chain(user, None)
        layers += own if not project else [one._replace(values={key: value for key, value in one.values.items() if key in _ALWAYS_FROM_USER}) for one in own]
    return layers + project


def _revision_layers(request: Request, place: Place, notes: list[str]) -> list[Layer]:
    def read(path: Path) -> bytes | None:
        found: bytes | None = request.read_revision(place.root, shown(path, place.root)) if path.is_relative_to(place.root) else None
        return found

    layers = chain_at(place.root, read)
    if not layers:
        notes.append(f"there is no configuration at {request.config_from}: the defaults hold")
    now = read_chain(place.config_file, place.root) if place.config_file is not None else []
    if [one.values for one in now] != [one.values for one in layers]:
        notes.append(f"the configuration differs from the one at {request.config_from}, which is used")
    return [one._replace(source=f"{request.config_from}:{one.source}") for one in layers]


def chain_at(root: Path, read: Reader) -> list[Layer]:
    """The configuration of a project as `read` gives its files, the base first; empty if it has none. Raises ConfigError."""
    for name in NAMES:
        data = read(root / name)
        if data is None or (name == "pyproject.toml" and b"backend-lint" not in data[:MAX_SIZE]):
            continue
        layers = read_chain(root / name, root, read)
        if name != "pyproject.toml" or layers[-1].values or len(layers) > 1:
            return layers
    return []


def _join(layers: Sequence[Layer], command_line: Layer) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.values.items():
            if key == "baseline" or key == "cache-dir":
                value = Path(os.path.normpath(layer.folder / value))
            elif key == "rules-dir":
                value = tuple(Path(os.path.normpath(layer.folder / one)) for one in value)
            values[key] = _merged(values.get(key), value) if key in _TABLES else value
            origins[key] = layer.source if key not in _TABLES or key not in origins else f"{origins[key]}, {layer.source}"
    off = [selector for selector, severity in _severities(values).items() if severity == "off"]
    values["ignore"] = (*values.get("ignore", ()), *off)
    asked = command_line.values
    if "select" in asked:
        # what the command line selects is not narrowed or widened by a file
        values |= {"ignore": (), "extend-select": ()}
    elif "profile" in asked:
        values.pop("select", None)
    for key, value in asked.items():
        values[key] = (*values.get(key, ()), *value) if key in _ADDED else value
        origins[key] = f"{origins[key]}, command line" if key in _ADDED and key in origins else "command line"
    return values, origins


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above


def _severities(values: Mapping[str, Any]) -> dict[str, str]:
    """Selector -> severity, of the table and of the rules' own tables, which are more exact."""
    found = dict(values.get("severity", {}))
    for name, table in values.get("rules", {}).items():
        if "severity" in table:
            found[name] = table["severity"]
    return found


def _settings(request: Request, place: Place, given: list[Path], values: Mapping[str, Any], origins: Mapping[str, str], layers: Sequence[Layer]) -> Settings:
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if key in KEYS and key not in ("required-version", "extend", "rules", "severity", "per-path", "format"):
            fields[KEYS[key].field or key.replace("-", "_")] = value
    severities = _severities(values)
    for name, severity in severities.items():
        if severity not in ("error", "warning", "info", "off"):
            keys = ("rules", name, "severity")
            raise blame(layers, keys, f"{severity!r} is none of error, warning, info, off")
    fields["severity"] = {name: severity for name, severity in severities.items() if severity != "off"}
    fields["per_path"] = tuple(
        PathOverride(pattern, tuple(one.get("ignore", ())), dict(one.get("severity", {}))) for pattern, one in values.get("per-path", {}).items()
    )
    fields["rule_options"] = {name: dict(table) for name, table in values.get("rules", {}).items()}
    if "format" in values and "formats" not in request.rest:
        fields["formats"] = ((values["format"], None),)
    if "fail-on" not in values and "error" in values.get("gate", {}):
        # the gate says how many errors are allowed; the default of none would contradict it
        fields["fail_on"] = "never"
    baseline = fields.get("baseline")
    if baseline is not None and "command line" not in origins.get("baseline", "") and not baseline.is_relative_to(place.root):
        raise blame(layers, ("baseline",), f"{baseline} lies outside the project {place.root}")
    paths = []
    for path in given:
        if not path.is_relative_to(place.root):
            raise ConfigError(f"{path} lies outside the project {place.root}; check it in a run of its own")
        relative = path.relative_to(place.root).as_posix()
        paths.append("" if relative == "." else relative)
    return Settings(
        root=place.root,
        isolated=request.isolated,
        paths=tuple(dict.fromkeys(paths)) or ("",),
        config_file=next((place.config_file for layer in layers if layer.text and place.config_file), None),
        config_from=request.config_from,
        explicit_paths=any(not path.is_dir() for path in given),
        **{**fields, **request.rest},
    )


def _replace(settings: Settings, **changes: Any) -> Settings:
    import msgspec

    return msgspec.structs.replace(settings, **changes)


def _resolve(registry: Registry, loaded: Loaded, keys: tuple[str, ...], selector: str) -> set[str]:
    try:
        return registry.resolve(selector)
    except ConfigError as error:
        raise loaded.error(keys, str(error), selector) from None


def _spell_out(registry: Registry, loaded: Loaded, keys: tuple[str, ...], severities: Mapping[str, str]) -> dict[str, str]:
    exactness: dict[str, int] = {}
    made: dict[str, str] = {}
    for selector, severity in severities.items():
        way = ("rules", selector) if keys == ("severity",) and selector in loaded.settings.rule_options else (*keys, selector)
        weight = 0 if selector == "ALL" else 2 if selector in registry.cards else 1
        for name in _resolve(registry, loaded, way, selector):
            if weight >= exactness.get(name, -1):
                made[name], exactness[name] = severity, weight
    return dict(sorted(made.items()))


def _gate_key(registry: Registry, loaded: Loaded, keys: tuple[str, ...]) -> None:
    selector = keys[-1]
    if selector not in ("error", "warning", "info"):
        try:
            registry.resolve(selector)
        except ConfigError as error:
            hint = nearest(selector, ("error", "warning", "info", "new", "coverage", "performance"))
            raise loaded.error(keys, f"unknown condition {selector!r}{hint}" if hint else str(error)) from None


def _typed(value: Any, default: Any, loaded: Loaded, keys: tuple[str, ...]) -> Any:
    if isinstance(default, bool) or isinstance(value, bool):
        fits = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, int | float)
        value = float(value) if fits else value
    elif isinstance(default, tuple | list | frozenset):
        wanted = str if not default or isinstance(next(iter(default)), str) else int | float
        fits = isinstance(value, list) and all(isinstance(one, wanted) and not isinstance(one, bool) for one in value)
        value = type(default)(value) if fits else value
    elif isinstance(default, dict):
        fits = isinstance(value, dict)
    else:
        fits = isinstance(value, type(default))
    if not fits:
        raise loaded.error(keys, f"must be {_described(default)}, not {value!r}")
    return value


def _described(default: Any) -> str:
    if isinstance(default, tuple | list | frozenset):
        return "a list of texts" if not default or isinstance(next(iter(default)), str) else "a list of numbers"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a table"}
    return names.get(type(default), f"a {type(default).__name__}")
