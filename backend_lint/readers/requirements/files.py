"""The formats in which Python projects say what they need, a reader each: text in, pins out. What is malformed raises ValueError or its kin."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from backend_lint.facts.requirements import CLASSIFIED, Pin, PinFile
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.requirements.versions import pin, requirement
from backend_lint.readers.settings_text import toml

_INCLUDE = lazy_regex(r"(?:-r|-c|--requirement|--constraint)(?:\s{1,20}|=)(?P<path>[^\s#]{1,300})")
_LOCKED = lazy_regex(r"^name = \"(?P<name>[^\"\n]{1,100})\"\r?\nversion = \"(?P<version>[^\"\n]{1,60})\"", 8)
_QUOTED = lazy_regex(r"[\"'](?P<text>[A-Za-z0-9][A-Za-z0-9._-]{0,100}(?:\[[^\]\n\"']{0,100}\])?\s{0,4}[<>=!~]=?[^\"'\n]{1,120})[\"']")
_CLASSIFIED = lazy_regex(r"Framework :: Django(?: :: (?P<version>\d{1,3}\.\d{1,3}))?(?=[\"'\s])")
_CONDA = lazy_regex(r"^\s{0,20}-\s{1,20}[\"']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,100})\s{0,4}(?P<spec>[<>=!~][^\"'\n#]{1,120})", 8)
_MOST = 5_000


def requirements(path: str, text: str) -> PinFile:
    """``requirements.txt`` and its kin."""
    pins, included = [], []
    for line in text.replace("\\\n", " ").replace("\\\r\n", " ").splitlines()[:_MOST]:
        bare = line.strip()
        found = _INCLUDE.match(bare)
        if found is not None:
            included.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), found["path"])))
        elif bare[:1].isalnum() and (one := requirement(bare.partition(" --hash")[0])) is not None:
            pins.append(one)
    return PinFile(path, tuple(pins), tuple(one for one in included if not one.startswith(("/", "..")) and "\0" not in one))


def lock(path: str, text: str) -> PinFile:
    """``poetry.lock``, ``uv.lock`` and ``pdm.lock``: tables of packages, each begun by its name and version. Too large to be parsed for this."""
    return PinFile(path, _known(pin(found["name"], f"=={found['version']}") for found in islice(_LOCKED.finditer(text), _MOST)))


def setup_cfg(path: str, text: str) -> PinFile:
    """``install_requires`` of ``setup.cfg``. Read line by line: what the standard library's reader takes for one line grows with its square."""
    found, section, inside = [], "", False
    for line in text.splitlines()[:_MOST]:
        bare = line.strip()
        if line[:1] == "[":
            section, inside = bare.strip("[]"), False
        elif line[:1].isspace():
            found += [bare] if inside else []
        elif bare and bare[0] not in "#;":
            name, _, value = bare.partition("=")
            inside = section == "options" and name.strip() == "install_requires"
            found += [value] if inside else []
    return PinFile(path, (*_known(requirement(one) for one in found), *_classified(text)))


def setup_py(path: str, text: str) -> PinFile:
    """Texts of ``setup.py`` that are requirements; where they stand in it is not looked at."""
    return PinFile(path, (*_known(requirement(found["text"]) for found in _QUOTED.finditer(text)), *_classified(text)))


def environment(path: str, text: str) -> PinFile:
    """``environment.yml`` of conda, with what pip adds; one line a library."""
    return PinFile(path, _known(pin(found["name"], found["spec"].strip()) for found in _CONDA.finditer(text)))


def pipfile_lock(path: str, text: str) -> PinFile:
    """``Pipfile.lock``."""
    import json

    packages = json.loads(text).get("default", {})
    return PinFile(path, _known(pin(name, entry["version"]) for name, entry in packages.items() if isinstance(entry, dict) and "version" in entry))


def pipfile(path: str, text: str) -> PinFile:
    """``Pipfile``."""
    return PinFile(path, _known(_of_table(toml(text).get("packages", {}), bare_is_exact=False)))


def pyproject(path: str, text: str) -> PinFile:
    """``pyproject.toml``: PEP 621 and 735, Poetry, and the groups of PDM and uv."""
    document = toml(text)
    project, tool = _table(document.get("project")), _table(document.get("tool"))
    lists = [project.get("dependencies"), *_table(project.get("optional-dependencies")).values(), *_table(document.get("dependency-groups")).values()]
    lists += [*_table(_table(tool.get("pdm")).get("dev-dependencies")).values()]
    lists += [_table(tool.get("uv")).get(name) for name in ("dev-dependencies", "constraint-dependencies", "override-dependencies")]
    found = [requirement(line) for lines in lists if isinstance(lines, list) for line in lines if isinstance(line, str)]
    poetry = _table(tool.get("poetry"))
    tables = [poetry.get("dependencies"), poetry.get("dev-dependencies")]
    tables += [_table(group).get("dependencies") for group in _table(poetry.get("group")).values()]
    for table in tables:
        found += _of_table(_table(table), bare_is_exact=True)
    return PinFile(path, (*_known(found), *_classified(text)))


def _classified(text: str) -> tuple[Pin, ...]:
    """The versions of Django that a package says it is for: ``Framework :: Django :: 4.2``. It is installed into projects that have one of them."""
    said = [tuple(int(part) for part in found["version"].split(".")) if found["version"] else None for found in _CLASSIFIED.finditer(text)]
    versions = [one[:-1] if one[-1] == 0 else one for one in said if one is not None]
    return tuple(Pin(CLASSIFIED, one, None) for one in versions) if versions else tuple(Pin(CLASSIFIED, None, None) for _ in said[:1])


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _of_table(table: dict[str, Any], *, bare_is_exact: bool) -> Iterator[Pin | None]:
    for name, entry in table.items():
        several = entry if isinstance(entry, list) else [entry]
        for one in several:
            spec = one.get("version") if isinstance(one, dict) else one
            if isinstance(spec, str):
                yield pin(name, spec, bare_is_exact)


def _known(pins: Iterable[Pin | None]) -> tuple[Pin, ...]:
    return tuple(one for one in pins if one is not None)
