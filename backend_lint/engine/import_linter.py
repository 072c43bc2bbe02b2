"""Reads the contracts of import-linter where a project has them: ``.importlinter``, ``setup.cfg`` or ``pyproject.toml``. Data, nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.config import nearest
from backend_lint.engine.discover import read_regular, text_or_nothing
from backend_lint.facts.architecture import Allowed, Contract, ContractKind, Row
from backend_lint.readers import settings_text

NAMES = ("setup.cfg", ".importlinter", "pyproject.toml")
"""In the order in which import-linter looks."""
_LIMIT = 1_000_000
_KEYS: dict[ContractKind, frozenset[str]] = {
    ContractKind.LAYERS: frozenset({"layers", "containers", "exhaustive", "exhaustive_ignores"}),
    ContractKind.FORBIDDEN: frozenset({"source_modules", "forbidden_modules", "allow_indirect_imports", "as_packages"}),
    ContractKind.INDEPENDENCE: frozenset({"modules"}),
    ContractKind.PROTECTED: frozenset({"protected_modules", "allowed_importers", "as_packages"}),
    ContractKind.ACYCLIC: frozenset({"ancestors", "depth", "skip_descendants"}),
    ContractKind.PRIVATE: frozenset({"packages_with_private_modules"}),
}
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_ALWAYS = frozenset({"id", "name", "type", "ignore_imports", "unmatched_ignore_imports_alerting", "broken_contract_guidance"})
_DEPTH = 10
"""Generations of children that import-linter looks at unless it is told."""


class Flaw(NamedTuple):
    """What cannot be read in a contract file: file, key and reason; `fatal`: the contract is not checked at all."""

    path: str
    key: str
    reason: str
    fatal: bool = True


def find(root: Path) -> str | None:
    """The file of `root` that holds import-linter's contracts, relative to it; None if none does."""
    for name in NAMES:
        text = text_or_nothing(root / name, _LIMIT)
        if "importlinter" in text and _tables(name, text)[0]:
            return name
    return None


def unreadable(root: Path) -> list[Flaw]:
    """Why files are not read in which import-linter would look: contracts in them would be passed over in silence."""
    found = []
    for name in NAMES:
        try:
            text = read_regular(root / name, _LIMIT).decode("utf-8", "replace")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            found.append(Flaw(name, "import-linter", f"cannot be read, so nobody knows whether it holds contracts: {error}"[:300], False))
            continue
        if "importlinter" in text and (flaw := _tables_or_flaw(name, text)[2]):
            found.append(Flaw(name, "import-linter", f"{flaw}; so nobody knows whether it holds contracts"[:300], False))
    return found


def read(root: Path, name: str) -> tuple[list[Contract], list[Flaw]]:
    """The contracts of a file, and what of it cannot be read."""
    if not (root / name).resolve().is_relative_to(root.resolve()):
        return [], [Flaw(name, "import-linter", "leads out of the project root")]
    text = text_or_nothing(root / name, _LIMIT)
    if not text:
        return [], [Flaw(name, "import-linter", "the file does not exist, is empty or cannot be read")]
    session, tables, flaw = _tables_or_flaw(name, text)
    if flaw:
        return [], [Flaw(name, "importlinter", flaw)]
    if not session:
        return [], [Flaw(name, "importlinter", "there is no section of import-linter")]
    roots = tuple(_texts(session.get("root_packages"))) or tuple(_texts(session.get("root_package")))
    type_checking = not _truth(session.get("exclude_type_checking_imports", False))
    contracts: list[Contract] = []
    flaws: list[Flaw] = []
    lines = _lines(name, text)
    for key, table in tables:
        line = lines.get(str(table.get("name", "")) if key.startswith("tool.") else key, 1)
        made = _contract(name, key, table, roots, type_checking, line)
        if isinstance(made, Contract):
            contracts.append(made)
        else:
            flaws.append(made)
    return contracts, flaws


def _contract(path: str, key: str, table: Mapping[str, Any], roots: tuple[str, ...], type_checking: bool, line: int) -> Contract | Flaw:
    kinds = [str(kind) for kind in ContractKind]
    if table.get("type") not in kinds:
        return Flaw(path, f"{key}.type", f"{table.get('type')!r} is none of {', '.join(kinds)}{nearest(str(table.get('type')), kinds)}")
    kind = ContractKind(table["type"])
    allowed_keys = _KEYS[kind] | _ALWAYS
    for one in table:
        if one not in allowed_keys:
            return Flaw(path, f"{key}.{one}", f"a contract of type {kind} has no such key{nearest(one, allowed_keys)}")
    allowed = []
    for text in _texts(table.get("ignore_imports")):
        importer, arrow, imported = (part.strip() for part in text.partition("->"))
        if not arrow or not importer or not imported:
            return Flaw(path, f"{key}.ignore_imports", f"{text!r} is not of the form `importer -> imported`")
        allowed.append(Allowed(importer, imported))
    depth = str(table.get("depth", _DEPTH))
    if not depth.isdigit() or len(depth) > _DEPTH:
        return Flaw(path, f"{key}.depth", f"{depth[:40]!r} is no whole number")
    if mixed := next((one for one in _texts(table.get("layers")) if "|" in one and ":" in one), ""):
        return Flaw(path, f"{key}.layers", f"{mixed!r} has modules that are independent (`|`) and modules that are not (`:`): a layer is one or the other")
    if _truth(table.get("exhaustive", False)) and not _texts(table.get("containers")):
        return Flaw(path, f"{key}.exhaustive", "without containers nothing says what is to be in a layer: name them")
    first, second = _MODULES[kind]
    return Contract(
        name=str(table.get("name", key)),
        kind=kind,
        place=f"{path}: {key}",
        path=path,
        line=line,
        modules=tuple(_texts(table.get(first))),
        others=tuple(_texts(table.get(second))),
        rows=tuple(row_of(one) for one in _texts(table.get("layers"))) if kind is ContractKind.LAYERS else (),
        containers=tuple(_texts(table.get("containers"))),
        allowed=tuple(allowed),
        indirect=not _truth(table.get("allow_indirect_imports", False)),
        type_checking=type_checking,
        packages=_truth(table.get("as_packages", True)),
        stale=str(table.get("unmatched_ignore_imports_alerting", "error")),
        roots=roots,
        exhaustive=_truth(table.get("exhaustive", False)),
        ignored=frozenset(_texts(table.get("exhaustive_ignores"))),
        depth=int(depth),
        overlaps=True,
        guidance=" ".join(_texts(table.get("broken_contract_guidance")))[:_LONGEST],
    )


_LONGEST = 500
_MODULES = {
    ContractKind.LAYERS: ("", ""),
    ContractKind.FORBIDDEN: ("source_modules", "forbidden_modules"),
    ContractKind.INDEPENDENCE: ("modules", ""),
    ContractKind.PROTECTED: ("protected_modules", "allowed_importers"),
    ContractKind.ACYCLIC: ("ancestors", "skip_descendants"),
    ContractKind.PRIVATE: ("packages_with_private_modules", ""),
}


def row_of(text: str) -> Row:
    """A layer as import-linter writes it: ``a``, ``(a)`` if it need not exist, ``a | b`` for independent ones, ``a : b`` for others."""
    independent = ":" not in text
    parts = [part.strip() for part in text.split("|" if independent else ":")]
    names = [part.strip("() ") for part in parts]
    return Row(tuple(names), independent, frozenset(name for name, part in zip(names, parts, strict=True) if part.startswith("(")))


def _tables(name: str, text: str) -> tuple[Mapping[str, Any], list[tuple[str, Mapping[str, Any]]]]:
    session, tables, _ = _tables_or_flaw(name, text)
    return session, tables


def _tables_or_flaw(name: str, text: str) -> tuple[Mapping[str, Any], list[tuple[str, Mapping[str, Any]]], str]:
    """The settings of the file, its contracts by key, and why it cannot be read."""
    if name.endswith(".toml"):
        try:
            tool = settings_text.toml(text).get("tool", {})
            session = tool.get("importlinter", {}) if isinstance(tool, dict) else {}
        except ValueError as error:
            return {}, [], f"is no TOML: {error}"[:200]
        contracts = session.get("contracts", []) if isinstance(session, dict) else []
        if not isinstance(session, dict) or not isinstance(contracts, list) or not all(isinstance(one, dict) for one in contracts):
            return {}, [], "is no table with a list of contracts"
        return session, [(f"tool.importlinter.contracts[{number}]", table) for number, table in enumerate(contracts)], ""
    try:
        parser = settings_text.ini(text)
    except ValueError as error:
        return {}, [], f"cannot be read: {error}"[:200]
    tables = [(section, dict(parser[section])) for section in parser.sections() if section.startswith("importlinter:contract:")]
    return dict(parser["importlinter"]) if parser.has_section("importlinter") else {}, [(key, table) for key, table in tables], ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip() and not line.strip().startswith("#")]
    return [str(one) for one in value] if isinstance(value, list) else []


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "1", "yes", "on")


def _lines(path: str, text: str) -> dict[str, int]:
    """Where each contract stands, in one pass: by its section, or in TOML by its name; under an empty name where the first one does."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not path.endswith(".toml"):
            if line.startswith("["):
                found.setdefault(line[1:].partition("]")[0], number)
        elif "[[tool.importlinter.contracts" in line:
            found.setdefault("", number)
        elif "name" in line:
            for quoted in _QUOTED.finditer(line):
                found.setdefault(quoted[1] if quoted[1] is not None else quoted[2], number)
    return found
