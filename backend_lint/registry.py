"""Opens the rule packs, validates their cards and resolves selectors.

A pack is a folder ``FAMILY/NAME.py``: our own, packages installed with the entry-point group ``backend_lint.rules``, and folders that the user (never the
checked repository) names. One `Rule` subclass a file; its name is the file's with dashes, its family the folder's.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

from backend_lint import rule_index
from backend_lint.api import Profile, Rule, Severity
from backend_lint.card import ENGINE_CARDS, Card, card_of, flaws
from backend_lint.config import ConfigError, Settings, nearest
from backend_lint.lazy_regex import lazy_regex

ENTRY_POINTS = "backend_lint.rules"
OWN_PACK = "backend_lint.rules"
_PROFILES = tuple(Profile)
_FILE_NAME = lazy_regex(r"[a-z][a-z0-9_]*")


class Rules(Mapping[str, type[Rule]]):
    """Rule classes by name. One whose card is known from the index is imported when it is asked for."""

    def __init__(self, files: Mapping[str, tuple[str, Path]], opened: Mapping[str, type[Rule]]) -> None:
        self._files = files
        self._opened = dict(opened)

    def __getitem__(self, name: str) -> type[Rule]:
        if name not in self._opened:
            package, file = self._files[name]
            self._opened[name] = rule = _open(package, file)
            rule.name, rule.family = name, _spelled(file.parent.name)
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


class Registry:
    """The rules at hand by name.

    `cards` holds the cards of `rules` and of what the engine itself reports, those of the index without their page; `folders` where the packs lie.
    """

    def __init__(self, rules: Mapping[str, type[Rule]], cards: dict[str, Card], folders: tuple[Path, ...] = ()) -> None:
        self.rules = rules
        self.cards = cards
        self.folders = folders

    @classmethod
    def load(cls, rules_dirs: Iterable[Path] = (), entry_points: bool = True, index: bool = True) -> Registry:
        """All rules of our own pack, of installed packs and of `rules_dirs`. Raises ConfigError naming the file and what is wrong with it.

        With `index`, our own rules are not imported before they are asked for.
        """
        files: dict[str, tuple[str, Path]] = {}
        opened: dict[str, type[Rule]] = {}
        cards: dict[str, Card] = {}
        packs = list(_packs(rules_dirs, entry_points))
        for package, folder in packs:
            known = rule_index.read() if index and package == OWN_PACK else {}
            for file in _rule_files(folder):
                name, family = _spelled(file.stem), _spelled(file.parent.name)
                if name in files or name in ENGINE_CARDS:
                    other = files[name][1] if name in files else "backend-lint itself"
                    raise ConfigError(f"rule {name!r} is there twice: in {file} and in {other}; rename one file")
                card = rule_index.card(known, file) if known else None
                if card is None:
                    rule = _open(package, file)
                    if found := flaws(rule):
                        raise ConfigError(f"{file}: rule {rule.__name__} has a broken card: {'; '.join(found)}")
                    rule.name, rule.family = name, family
                    opened[name] = rule
                    card = card_of(rule, name, family)
                files[name] = package, file
                cards[name] = card
        rules = Rules(dict(sorted(files.items())), opened)
        names = {*rules, *ENGINE_CARDS}
        for card in cards.values():
            if card.family in names:
                raise ConfigError(f"family {card.family!r} has the name of a rule; rename the folder")
        return cls(rules, dict(sorted({**cards, **ENGINE_CARDS}.items())), tuple(folder for _, folder in packs))

    def card(self, name: str) -> Card:
        """The card of a rule or of a finding of the engine. Raises ConfigError with the nearest name."""
        if name not in self.cards:
            raise ConfigError(f"unknown rule {name!r}{nearest(name, self.cards) or ';'} `backend-lint rules` lists them")
        return self._whole(name)

    def _whole(self, name: str) -> Card:
        """The card with its page, which the index leaves out."""
        card = self.cards[name]
        if not card.help:
            self.cards[name] = card = card_of(self.rules[name], name, card.family)
        return card

    def resolve(self, selector: str) -> set[str]:
        """The names that a rule, family, tag or ``ALL`` stands for. A tag's first half, such as ``owasp-api``, stands for all of them."""
        if selector == "ALL":
            return set(self.cards)
        if selector in self.cards:
            return {selector}
        if found := {card.name for card in self.cards.values() if selector == card.family or selector in card.tags}:
            return found
        if found := {card.name for card in self.cards.values() if any(tag.startswith(f"{selector}:") for tag in card.tags)}:
            return found
        known = {*self.cards, "ALL"}
        for card in self.cards.values():
            known |= {card.family, *card.tags}
        raise ConfigError(f"unknown rule, family or tag {selector!r}{nearest(selector, known) or ';'} `backend-lint rules` lists them")

    def enabled(self, settings: Settings) -> frozenset[str]:
        """Names of what may report, the engine's own findings included.

        `select` replaces what the profile holds, `extend_select` adds, `ignore` removes. The more exact selector wins: a rule's
        name over a family or tag, a family or tag over ``ALL``; of two that are equally exact, `ignore` wins.
        """
        chosen: dict[str, int] = {}
        dropped: dict[str, int] = {}
        if settings.select:
            for selector in settings.select:
                self._weigh(selector, chosen)
        else:
            widest = _PROFILES.index(Profile(settings.profile))
            chosen = {name: 0 for name, card in self.cards.items() if _PROFILES.index(Profile(card.profile)) <= widest}
        for selector in settings.extend_select:
            self._weigh(selector, chosen)
        for selector in settings.ignore:
            self._weigh(selector, dropped)
        return frozenset(name for name, weight in chosen.items() if dropped.get(name, -1) < weight)

    def instantiate(self, settings: Settings) -> list[Rule]:
        """The enabled rules by name, with the options and severities of `settings` (as `settle` leaves them)."""
        made = []
        for name in sorted(self.enabled(settings) & self.rules.keys()):
            card = self.cards[name]
            rule = self.rules[name](name, card.family, settings.rule_options.get(name))
            if severity := settings.severity.get(name):
                setattr(rule, "severity", Severity(severity))  # noqa: B010 - the instance shadows what the class declares
            rule.asked = Profile.ALL if settings.select or name in settings.extend_select else Profile(settings.profile)
            made.append(rule)
        return made

    def effective_cards(self, settings: Settings) -> dict[str, Card]:
        """The cards of `enabled`, with the severities of `settings`."""
        import msgspec

        cards = {name: self._whole(name) for name in sorted(self.enabled(settings))}
        for name, severity in settings.severity.items():
            if name in cards:
                cards[name] = msgspec.structs.replace(cards[name], severity=Severity(severity))
        return cards

    def _weigh(self, selector: str, weights: dict[str, int]) -> None:
        weight = 0 if selector == "ALL" else 2 if selector in self.cards else 1
        for name in self.resolve(selector):
            weights[name] = max(weight, weights.get(name, 0))


def _spelled(name: str) -> str:
    """A rule's or family's name as users write it."""
    return name.replace("_", "-")


def own_rules() -> Path:
    """Where our own rules lie: inside the package when installed, beside it in a clone. Raises ConfigError."""
    package = Path(__file__).parent
    if (inside := package / "rules").is_dir():
        return inside
    beside = package.parent / "rules"
    if beside.is_dir() and (package.parent / "pyproject.toml").is_file():
        return beside
    raise ConfigError(f"the rules are neither in {inside} nor in {beside}: the installation is incomplete, install backend-lint again")


def _packs(rules_dirs: Iterable[Path], entry_points: bool) -> Iterator[tuple[str, Path]]:
    yield OWN_PACK, own_rules()
    if entry_points:
        yield from _installed_packs()
    for folder in rules_dirs:
        if not folder.is_dir():
            raise ConfigError(f"rules-dir {folder} is not a folder")
        where = folder.resolve()
        yield f"backend_lint_rules_dir_{zlib.crc32(os.fsencode(where)):08x}", where


def _installed_packs() -> Iterator[tuple[str, Path]]:
    if not any(_mentions_group(entry) for entry in sys.path if entry):
        return
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value)):
        try:
            package = importlib.import_module(point.value)
        except Exception as error:
            raise ConfigError(f"the installed rule pack {point.name!r} ({point.value}) cannot be imported: {type(error).__name__}: {error}") from error
        for folder in package.__path__:
            yield package.__name__, Path(folder)


def _mentions_group(folder: str) -> bool:
    """Whether a distribution in a folder of the import path declares our group: importlib.metadata costs more than this look."""
    try:
        with os.scandir(folder) as entries:
            paths = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    for path in paths:
        try:
            with open(f"{path}/entry_points.txt", "rb") as file:
                if ENTRY_POINTS.encode() in file.read():
                    return True
        except OSError:
            continue
    return False


def _rule_files(folder: Path) -> list[Path]:
    files = []
    for family in sorted(folder.iterdir()):
        if family.is_dir() and _FILE_NAME.fullmatch(family.name):
            files += [file for file in sorted(family.glob("*.py")) if not file.name.startswith("_")]
    return files


def _open(package: str, file: Path) -> type[Rule]:
    if not _FILE_NAME.fullmatch(file.stem):
        raise ConfigError(f"{file}: a rule's file name is lower-case letters, digits and underscores")
    family = file.parent
    _package(package, family.parent)
    _package(f"{package}.{family.name}", family)
    try:
        module = importlib.import_module(f"{package}.{family.name}.{file.stem}")
    except Exception as error:
        line = getattr(error, "lineno", None) or _line_in(file, error)
        place = f"{file}:{line}" if line else str(file)
        raise ConfigError(f"{place}: the rule cannot be imported: {type(error).__name__}: {error}") from error
    found = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
    if len(found) != 1:
        names = ", ".join(sorted(one.__name__ for one in found)) or "none"
        raise ConfigError(f"{file}: a rule file holds exactly one public Rule subclass, this one holds {len(found)} ({names})")
    return found[0]


def _package(name: str, folder: Path) -> None:
    """Registers a folder as a package under `name`, so that its files import the same from a wheel, an editable install and a bare clone."""
    if name in sys.modules:
        return
    init = folder / "__init__.py"
    if init.is_file():
        spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    else:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    assert spec is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if spec.loader is not None:
        spec.loader.exec_module(module)


def _line_in(file: Path, error: BaseException) -> int | None:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
