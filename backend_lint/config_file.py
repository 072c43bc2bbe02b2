"""Finds and reads configuration files. Those of the checked repository are data: bounded, validated and never trusted."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.config import ConfigError, nearest
from backend_lint.config_keys import KEYS, USER_ONLY, BadValueError, nested
from backend_lint.lazy_regex import lazy_regex

NAMES = ("backend-lint.toml", ".backend-lint.toml", "pyproject.toml")
MAX_SIZE = 1_000_000
NEWLINE = b"\n"
_SECTION = ("tool", "backend-lint")
_QUOTED = lazy_regex(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|\'[^\'\n]*\'')
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = lazy_regex(rf"\s*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*(=|\]|$)")
_MAX_DOTS = 200
_MAX_EXTENDS = 20

Reader = Callable[[Path], bytes | None]


class Layer(NamedTuple):
    """The checked values of one source. `source` is what messages call it; relative paths count from `folder`; `text` is empty for the command line."""

    source: str
    values: dict[str, Any]
    folder: Path
    text: str = ""
    prefix: tuple[str, ...] = ()
    file: Path | None = None


class Place(NamedTuple):
    """Where a project lies: its root, the configuration file if there is one, and why that is the root."""

    root: Path
    config_file: Path | None
    reason: str
    git: bool


def locate(start: Path, fallback: Path) -> Place:
    """The project around a folder: upward to the nearest configuration file, at most to the git top; `fallback` is the root where there is neither."""
    for folder in (start, *start.parents):
        for name in NAMES:
            file = folder / name
            # what stands there and is no file is said when it is read: a gate must not fall silent because a link broke
            there = (file.is_file() and _has_section(file)) if name == "pyproject.toml" else os.path.lexists(file)
            if there and (folder == start or not _world_writable(folder)):
                return Place(folder, file, f"{name} lies there", _in_git(folder))
        if (folder / ".git").exists():
            return Place(folder, None, "top of the git work tree", True)
    return Place(fallback, None, "no configuration file and no git repository around it", False)


def user_file() -> Path | None:
    """The user's own configuration, if there is one: ``$XDG_CONFIG_HOME/backend-lint/backend-lint.toml``."""
    base = os.environ.get("XDG_CONFIG_HOME") or (os.environ.get("APPDATA") if os.name == "nt" else None)
    try:
        folder = Path(base) if base and Path(base).is_absolute() else Path("~/.config").expanduser()
    except RuntimeError:  # no home folder
        return None
    file = folder / "backend-lint" / "backend-lint.toml"
    return file if file.is_file() else None


def read_disk(path: Path) -> bytes | None:
    """The bytes of a regular file of bounded size, None if there is none. Raises ConfigError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path}: the configuration is {'a folder' if path.is_dir() else 'not a regular file'}")
        with open(path, "rb") as file:
            return file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: the configuration cannot be read: {error.strerror or error}") from None


def read_chain(path: Path, root: Path | None, read: Reader = read_disk) -> list[Layer]:
    """The file and all it extends, the base first. Inside `root` only, unless that is None. `source` names are relative to the root."""
    layers: list[Layer] = []
    seen: list[Path] = []
    current: Path | None = path
    while current is not None:
        if current in seen:
            raise ConfigError(f"{shown(seen[-1], root)}: `extend` goes round in a circle: {' -> '.join(shown(one, root) for one in [*seen, current])}")
        if len(seen) >= _MAX_EXTENDS:
            raise ConfigError(f"{shown(path, root)}: `extend` goes through more than {_MAX_EXTENDS} files")
        if root is not None and not Path(os.path.realpath(current)).is_relative_to(os.path.realpath(root)):
            source = shown(seen[-1] if seen else current, root)
            raise ConfigError(f"{source}: the configuration {current} lies outside the project {root}; copy it into the project")
        data = read(current)
        if data is None:
            name = shown(current, root)
            if not seen and current.is_symlink():
                raise ConfigError(f"{name}: the configuration is a link that leads nowhere")
            raise ConfigError(f"{shown(seen[-1], root)}: `extend` names {name}, which does not exist" if seen else f"{name}: no such file")
        layer = parse(data, shown(current, root), current.parent, trusted=root is None, pyproject=current.name == "pyproject.toml")
        seen.append(current)
        layers.append(layer._replace(file=current))
        extended = layer.values.pop("extend", None)
        current = Path(os.path.normpath(current.parent / extended)) if extended else None
    return layers[::-1]


def parse(data: bytes, source: str, folder: Path, *, trusted: bool, pyproject: bool = False) -> Layer:
    """One checked file. Raises ConfigError with file, line and key."""
    import tomllib

    if len(data) > MAX_SIZE:
        raise ConfigError(f"{source}: larger than {MAX_SIZE} bytes, which no configuration needs")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}:{data.count(NEWLINE, 0, error.start) + 1}: is not valid UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        # tomllib needs quadratic time for a key of many parts
        if line.count(".") > _MAX_DOTS and _QUOTED.sub("", line).count(".") > _MAX_DOTS:
            raise ConfigError(f"{source}:{number}: a key of more than {_MAX_DOTS} parts")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line_number = f":{place.group(1)}" if place else f":{text.count(chr(10)) + 1}"
        raise ConfigError(f"{source}{line_number}: is not valid TOML: {str(error).partition(' (at ')[0]}") from None
    except RecursionError:
        raise ConfigError(f"{source}: is nested too deeply") from None
    prefix: tuple[str, ...] = ()
    if pyproject:
        prefix = _SECTION
        for part in prefix:
            values = values.get(part, {})
            if not isinstance(values, dict):
                raise ConfigError(f"{source}: [{'.'.join(prefix)}] must be a table")
    layer = Layer(source, {}, folder, text, prefix)
    layer.values.update(check(values, layer, trusted=trusted))
    return layer


def parse_inline(assignment: str, cwd: Path) -> Layer:
    """A ``--config 'key=value'``."""
    import tomllib

    source = f"--config {assignment!r}"
    try:
        values = tomllib.loads(assignment)
    except tomllib.TOMLDecodeError as error:
        key, _, value = assignment.partition("=")
        hint = f"""; write {key.strip()}="{value.strip()}\"""" if re.fullmatch(r"[\w.-]+", value.strip()) else ""
        raise ConfigError(f"{source}: neither a file nor valid TOML ({error}){hint}") from None
    except RecursionError:
        raise ConfigError(f"{source}: is nested too deeply") from None
    layer = Layer(source, {}, cwd)
    layer.values.update(check(values, layer, trusted=True))
    if "extend" in layer.values:
        raise ConfigError(f"{source}: `extend` stands in files only; use --config PATH")
    return layer


def check(values: dict[str, Any], layer: Layer, *, trusted: bool) -> dict[str, Any]:
    """The values as `Settings` wants them. An unknown key or a wrong value raises ConfigError."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name == "$schema":
            continue
        if name not in KEYS:
            hint = nearest(name.replace("_", "-"), KEYS)
            if name == "tool" and layer.text and not layer.prefix:
                hint = "; in a file of its own the keys stand without [tool.backend-lint], and tables as [gate]"
            raise blame([layer], (name,), f"unknown key {name!r}{hint}", name_key=False)
        if name in USER_ONLY and not trusted:
            own = "$XDG_CONFIG_HOME/backend-lint/backend-lint.toml"
            reason = f"{name!r} is not read from a checked repository: {USER_ONLY[name]}; use --{name} or your own configuration ({own})"
            raise blame([layer], (name,), reason, name_key=False)
        try:
            made[name] = nested(name, KEYS[name].check, value)
        except BadValueError as error:
            raise blame([layer], error.keys, error.reason) from None
    if wanted := made.get("required-version"):
        _check_version(wanted, layer)
    return made


def blame(layers: Sequence[Layer], keys: tuple[str, ...], reason: str, *, value: str = "", name_key: bool = True) -> ConfigError:
    """An error that names the file, the line and the key, in the highest layer that sets it. `value`: a text inside the value, to find its own line."""
    for layer in reversed(layers):
        if not _holds(layer, keys) and layer is not layers[0]:
            continue
        line = line_of(layer.text, (*layer.prefix, *keys), value) if layer.text else 0
        place = f"{layer.source}:{line}" if line else layer.source
        return ConfigError(f"{place}: {'.'.join(keys)}: {reason}" if name_key and layer.text else f"{place}: {reason}")
    return ConfigError(reason)


def line_of(text: str, keys: tuple[str, ...], value: str = "") -> int:
    """The 1-based line of a key in a TOML text, of its nearest parent if it is written in a way that this does not see; 0 for none.

    >>> line_of('[gate.new]\\n# why\\nwarning = 0', ("gate", "new", "warning"))
    3
    """
    table: tuple[str, ...] = ()
    best, depth = 0, 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        header = line.lstrip().startswith("[")
        match = _DOTTED.match(line.lstrip().lstrip("["))
        if not match or match.group(2) != ("]" if header else "="):
            continue
        parts = tuple(part.strip("\"'") for part in re.findall(_PART, match.group(1)))
        if header:
            table = parts
        full = parts if header else (*table, *parts)
        if full == keys[: len(full)] and len(full) > depth:
            best, depth = number, len(full)
    if best and value:
        return next((number for number, line in enumerate(lines[best - 1 :], best) if value in line), best)
    return best


def shown(path: Path, root: Path | None) -> str:
    """A path as messages name it: relative to the project root if it lies in there."""
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else str(path)


def _holds(layer: Layer, keys: tuple[str, ...]) -> bool:
    at: Any = layer.values
    for key in keys:
        if not isinstance(at, dict) or key not in at:
            return False
        at = at[key]
    return True


def _has_section(file: Path) -> bool:
    # cheaper than parsing every pyproject.toml on the way up
    data = read_disk(file) or b""
    if b"backend-lint" not in data or not re.search(rb"""(?m)^\s*\[\s*["']?tool["']?\s*[.\]]""", data):
        return False
    import tomllib

    try:
        tool = tomllib.loads(data.decode()).get("tool", {}) if len(data) <= MAX_SIZE and not _long_key(data) else {}
    except (ValueError, RecursionError):
        # broken: say so only if it is about us
        return re.search(rb"""(?m)^\s*\[\s*tool\s*\.\s*["']?backend-lint\b""", data) is not None
    return isinstance(tool, dict) and "backend-lint" in tool


def _long_key(data: bytes) -> bool:
    return any(line.count(b".") > _MAX_DOTS for line in data.split(b"\n"))


def _world_writable(folder: Path) -> bool:
    return os.name == "posix" and bool(folder.stat().st_mode & stat.S_IWOTH)


def _in_git(folder: Path) -> bool:
    return any((one / ".git").exists() for one in (folder, *folder.parents))


def _check_version(wanted: str, layer: Layer) -> None:
    from backend_lint import __version__

    for clause in _clauses(wanted):
        match = re.fullmatch(r"(>=|<=|==|!=|>|<|~=)?\s*v?(\d+(?:\.\d+){0,5})", clause)
        if not match:
            raise blame([layer], ("required-version",), f"{clause!r} is no version condition such as '>=0.1'")
        if not _satisfies(_numbers(__version__), match.group(1) or "==", _numbers(match.group(2)), match.group(2).count(".")):
            raise blame([layer], ("required-version",), f"this project wants backend-lint {wanted}, this is {__version__}; install that version")


def _clauses(wanted: str) -> Iterator[str]:
    for clause in wanted.split(","):
        yield clause.strip()


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(part) for part in re.match(r"\d+(?:\.\d+)*", version)[0].split(".")]  # type: ignore[index]
    return tuple(found + [0] * (6 - len(found)))


def _satisfies(ours: tuple[int, ...], sign: str, theirs: tuple[int, ...], dots: int) -> bool:
    if sign == "~=":
        return ours >= theirs and ours[: max(dots, 1)] == theirs[: max(dots, 1)]
    outcomes = {">=": ours >= theirs, "<=": ours <= theirs, "==": ours == theirs, "!=": ours != theirs, ">": ours > theirs, "<": ours < theirs}
    return outcomes[sign]
