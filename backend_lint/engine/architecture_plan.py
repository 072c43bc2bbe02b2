"""Joins what the configuration says of layers and contracts into a plan, and holds it against the modules that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend_lint.config import ConfigError, Settings, nearest
from backend_lint.facts.architecture import Allowed, Contract, ContractKind, Plan
from backend_lint.facts.file import Unchecked

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.architecture.contracts import Contracts

_KEYS = {"forbidden": ("source", "forbidden"), "independence": ("modules",), "layers": ("layers",), "protected": ("modules", "importers")}
_MOST_PAIRS = 500_000
_OPTIONAL = {"layers": ("containers",), "forbidden": ("indirect",), "independence": ("indirect",)}


def plan_of(settings: Settings) -> tuple[Plan, list[Unchecked]]:
    """The declared layers and contracts, and what of a contract file that nobody named cannot be read.

    Raises ConfigError for contracts of the configuration that cannot be understood.
    """
    place = settings.config_file.name if settings.config_file is not None else "configuration"
    text = _configuration(settings)
    contracts = [_contract(place, name, table, text) for name, table in settings.contracts.items()]
    read, unchecked = _read_import_linter(settings)
    return Plan(settings.layers, (*contracts, *read), place), unchecked


def contract_files(settings: Settings) -> list[Path]:
    """The files that `plan_of` may read."""
    from backend_lint.engine.import_linter import NAMES

    return [settings.root / name for name in ([settings.import_linter] if settings.import_linter else NAMES)]


def _read_import_linter(settings: Settings) -> tuple[list[Contract], list[Unchecked]]:
    from backend_lint.engine.import_linter import find, read, unreadable

    closed = [] if settings.import_linter else [Unchecked(flaw.path, f"{flaw.key}: {flaw.reason}") for flaw in unreadable(settings.root)]
    name = settings.import_linter or find(settings.root)
    if name is None:
        return [], closed
    contracts, flaws = read(settings.root, name)
    fatal = next((flaw for flaw in flaws if flaw.fatal), None)
    if fatal is not None and settings.import_linter is not None:
        raise ConfigError(f"{fatal.path}: {fatal.key}: {fatal.reason}")
    return contracts, closed + [Unchecked(flaw.path, f"{'contract not checked: ' if flaw.fatal else ''}{flaw.key}: {flaw.reason}") for flaw in flaws]


def _configuration(settings: Settings) -> str:
    try:
        return settings.config_file.read_text(encoding="utf-8", errors="replace") if settings.config_file is not None and settings.contracts else ""
    except OSError:
        return ""


def _contract(place: str, name: str, table: dict[str, Any], text: str) -> Contract:
    from backend_lint.config_file import line_of
    from backend_lint.engine.import_linter import row_of

    kind = table["type"]
    keys = _KEYS[kind]
    for key in table:
        if key not in (*keys, *_OPTIONAL.get(kind, ()), "type", "allow"):
            raise ConfigError(f"{place}: contracts.{name}.{key}: a contract of type {kind} has no such key; it has {', '.join(keys)}")
    for key in keys:
        if not table.get(key) and key != "importers":
            raise ConfigError(f"{place}: contracts.{name}.{key}: a contract of type {kind} names at least one module here")
    return Contract(
        name=name,
        kind=ContractKind(kind),
        place=f"{place}: contracts.{name}",
        path=place,
        line=line_of(text, ("tool", "backend-lint", "contracts", name)) or line_of(text, ("contracts", name)) or 1,
        modules=tuple(table.get(keys[0], ())) if kind != "layers" else (),
        others=tuple(table.get(keys[1], ())) if len(keys) > 1 else (),
        rows=tuple(row_of(one) for one in table.get("layers", ())),
        containers=tuple(table.get("containers", ())),
        allowed=tuple(Allowed(one["importer"], one["imported"], one["reason"]) for one in table.get("allow", ())),
        indirect=table.get("indirect", True),
    )


def verify_plan(project: Project, plan: Plan) -> None:
    """Raises ConfigError as `_verify` does, and for contracts that nobody could check in bearable time."""
    from backend_lint.project.architecture.contracts import TooManyChainsError

    try:
        _verify(project, plan)
    except TooManyChainsError as error:
        raise ConfigError(f"{plan.place}: contracts: {error}") from None


def _verify(project: Project, plan: Plan) -> None:
    """Raises ConfigError, with the key, the reason and the nearest name, for what does not fit the modules of the project or contradicts itself."""
    contracts = project.architecture.contracts
    known = contracts.known
    seen: dict[str, str] = {}
    for layer, members in plan.layers:
        for member in members:
            if member not in known:
                raise ConfigError(f"{plan.place}: layers.{layer}: no module {member!r} in this project{nearest(member, known)}")
            if member in seen:
                raise ConfigError(f"{plan.place}: layers.{layer}: {member!r} is in layer {seen[member]!r} as well: a module belongs to one layer")
            seen[member] = layer
    for contract in plan.contracts:
        _verify_names(contract, contracts)
        _verify_sense(contract, contracts)
    _verify_order(plan, contracts)


def _verify_names(contract: Contract, contracts: Contracts) -> None:
    tops = {name.partition(".")[0] for name in contracts.known}
    for name in (*contract.modules, *contract.others, *contract.containers):
        if not contracts.matching(name) and not (contract.kind is ContractKind.FORBIDDEN and name in contract.others and name.partition(".")[0] not in tops):
            raise ConfigError(f"{contract.place}: no module {name!r} in this project{nearest(name, contracts.known)}")
    for container in _containers(contract, contracts):
        for row in contract.rows:
            for module in row.modules:
                name = f"{container}.{module}" if container else module
                if module not in row.optional and name not in contracts.known:
                    raise ConfigError(f"{contract.place}: layers: no module {name!r} in this project{nearest(name, contracts.known)}")


def _verify_sense(contract: Contract, contracts: Contracts) -> None:
    """A contract must not bind a package against what lies in it, nor name one twice."""
    from backend_lint.project.architecture.siblings import is_private

    mine = [match for name in contract.modules for match in contracts.matching(name)]
    if contract.kind is ContractKind.FORBIDDEN and contract.packages and not contract.overlaps:
        others = [match for name in contract.others for match in contracts.matching(name)]
        if (pair := _overlap(mine, others)) is not None:
            raise ConfigError(f"{contract.place}: {pair[0]!r} must not import {pair[1]!r}, and one lies in the other: a module cannot be kept from itself")
    if contract.kind is ContractKind.INDEPENDENCE and (pair := _overlap_within(mine)) is not None:
        raise ConfigError(f"{contract.place}: {pair[0]!r} and {pair[1]!r} are to be independent, and one lies in the other")
    if contract.kind is ContractKind.LAYERS:
        rows: dict[str, int] = {}
        for number, row in enumerate(contract.rows, 1):
            for module in row.modules:
                if module in rows:
                    raise ConfigError(f"{contract.place}: layers: {module!r} is layer {rows[module]} and layer {number}: it cannot be above itself")
                rows[module] = number
        if (pair := _overlap_within(rows)) is not None:
            raise ConfigError(f"{contract.place}: layers: {pair[0]!r} and {pair[1]!r} are layers, and one lies in the other: name modules that do not")
    if contract.kind is ContractKind.PRIVATE and (hidden := next((one for one in mine if any(map(is_private, one.split(".")))), None)) is not None:
        raise ConfigError(f"{contract.place}: {hidden!r} is private itself: name a package around it that is not")


def _overlap(mine: Iterable[str], others: Iterable[str]) -> tuple[str, str] | None:
    """The first of `mine` that is one of `others`, lies in one or holds one, with that one."""
    whole: dict[str, str] = {}
    holding: dict[str, str] = {}
    for other in others:
        whole.setdefault(other, other)
        for package in _packages(other):
            holding.setdefault(package, other)
    for one in mine:
        found = next((whole[name] for name in (one, *_packages(one)) if name in whole), holding.get(one))
        if found is not None:
            return one, found
    return None


def _overlap_within(names: Iterable[str]) -> tuple[str, str] | None:
    """The same among the names themselves, in their order."""
    seen: set[str] = set()
    holding: dict[str, str] = {}
    for one in names:
        found = next((name for name in (one, *_packages(one)) if name in seen), holding.get(one))
        if found is not None:
            return found, one
        seen.add(one)
        for package in _packages(one):
            holding.setdefault(package, one)
    return None


def _packages(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _verify_order(plan: Plan, contracts: Contracts) -> None:
    """Two declarations of layers must not turn an order round: what one calls higher, another calls lower."""
    above: dict[str, dict[str, str]] = {}
    pairs = 0
    for place, order in _orders(plan, contracts):
        sizes = [len(row) for row in order]
        pairs += (sum(sizes) ** 2 - sum(size * size for size in sizes)) // 2
        if pairs > _MOST_PAIRS:
            raise ConfigError(f"{place}: layers: more than {_MOST_PAIRS:,} pairs of modules would have an order: name packages, not each of their modules")
        for index, upper in enumerate(order):
            for lower in order[index + 1 :]:
                for one in upper:
                    for other in lower:
                        if one in above.get(other, {}):
                            raise ConfigError(f"{place}: {one!r} is above {other!r} here and below it in {above[other][one]}: the layers form a cycle")
                        above.setdefault(one, {})[other] = place


def _orders(plan: Plan, contracts: Contracts) -> Iterator[tuple[str, list[list[str]]]]:
    """The layers of each declaration, the highest first."""
    if plan.layers:
        yield f"{plan.place}: layers", [list(members) for _, members in reversed(plan.layers)]
    for contract in plan.contracts:
        for container in _containers(contract, contracts) if contract.kind is ContractKind.LAYERS else ():
            yield contract.place, [[f"{container}.{module}" if container else module for module in row.modules] for row in contract.rows]


def _containers(contract: Contract, contracts: Contracts) -> Iterable[str]:
    return [match for name in contract.containers for match in contracts.matching(name)] or [""]
