"""Django's applications: labels, settings, the user model, the type of automatic keys."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.django_values import Named, Scope, ValueReader

_CONFIGS = frozenset({"django.apps.AppConfig", "django.apps.config.AppConfig"})
_SETTINGS = ("INSTALLED_APPS", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD", "DATABASES")
DEFAULT_KEY = "AutoField"
_DEFAULTS = {"DEFAULT_AUTO_FIELD": "django.db.models.AutoField"}


class AppConfig(NamedTuple):
    """A class derived from ``AppConfig``. `folder`: of its package."""

    folder: str
    label: str
    auto_field: str
    default: bool
    path: str
    name: str


def _is_of_library(base: str, path: str) -> bool:
    """A configuration derived from a library's own: in ``apps.py``, or in the package itself, as before Django 3.2."""
    return (base.endswith(("AppConfig", "Config")) and path.endswith("/apps.py")) or (base.endswith("AppConfig") and path.endswith("/__init__.py"))


class Apps:
    """Which application a module belongs to."""

    def __init__(self, values: ValueReader) -> None:
        self.values = values
        self.modules = values.modules
        self._labels: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        values.setting = self.setting_value

    # -- settings ----------------------------------------------------------------------------------

    @functools.cached_property
    def _settings(self) -> list[tuple[Scope, dict[str, str]]]:
        """Modules and classes that assign settings, those of tests last, as (scope, value texts)."""
        found = []
        for path, module in self.modules.items():
            if module.role is Role.MIGRATION:
                continue
            names = module.names
            texts = {name: name for name in _SETTINGS if names.get(name, ("",))[0] == "assign"}
            if texts:
                found.append((module.role is Role.TEST, "test" in path, -len(texts), path, Scope(path), texts))
            for index, fact in enumerate(module.classes):
                texts = {one.name: one.value for one in fact.attributes if one.name in _SETTINGS and one.function == fact.scope}
                if texts and "INSTALLED_APPS" in texts:
                    found.append((module.role is Role.TEST, "test" in path, 1, path, Scope(path, fact.scope, index), texts))
        found.sort(key=lambda one: one[:4])
        return [(scope, texts) for _, _, _, _, scope, texts in found]

    def setting_value(self, name: str) -> Any:
        """The value of any setting, from the modules that assign the known ones; Django's own where it is known, else None."""
        if name not in self._values:
            self._values[name] = None
            self._values[name] = self._setting_value(name)
            if self._values[name] is None:
                self._values[name] = _DEFAULTS.get(name)
        return self._values[name]

    def _setting_value(self, name: str) -> Any:
        for scope, texts in self._settings:
            if scope.owner < 0 and self.modules[scope.path].names.get(name, ("",))[0] == "assign":
                return self.values.value(scope, name)
            members = self.values.resolver.classes.members(scope.path, scope.owner)[1] if scope.owner >= 0 else {}
            if name in members:
                return self.values.value(scope, members[name].value)
            if name in texts:
                return self.values.value(scope, texts[name])
        return None

    def setting(self, name: str) -> Any:
        """The value of a setting where a module outside of tests assigns it; None if none does or it is not constant."""
        for scope, texts in self._settings:
            if name in texts and self.modules[scope.path].role is not Role.TEST:
                value = self.values.value(scope, texts[name])
                if isinstance(value, str):
                    return value
        return None

    @functools.cached_property
    def user(self) -> str:
        """The label of the user model in lower case."""
        found = self.setting("AUTH_USER_MODEL")
        return found.lower() if isinstance(found, str) else "auth.user"

    @functools.cached_property
    def auto_field(self) -> str:
        """The class of automatic keys where the application does not say."""
        found = self.setting("DEFAULT_AUTO_FIELD")
        return found.rpartition(".")[2] if isinstance(found, str) else DEFAULT_KEY

    # -- applications ------------------------------------------------------------------------------

    @functools.cached_property
    def configs(self) -> dict[str, AppConfig]:
        """The configuration of each package, by folder."""
        installed = self._installed
        chosen: dict[str, AppConfig] = {}
        rank: dict[str, tuple[bool, bool]] = {}
        for path, module in self.modules.items():
            imports = any(entry.module.startswith("django.apps") or entry.member.endswith("AppConfig") for entry in module.facts.imports)
            if not module.classes or not (imports or path.endswith("apps.py")):
                continue
            for index, fact in enumerate(module.classes):
                config = self._config(path, index) if fact.bases else None
                if config is None:
                    continue
                order = (f"{path}:{fact.name}" in installed, config.default)
                if config.folder not in chosen or order > rank[config.folder]:
                    chosen[config.folder], rank[config.folder] = config, order
        return chosen

    def _config(self, path: str, index: int) -> AppConfig | None:
        resolver = self.values.resolver
        fact = self.modules[path].classes[index]
        ref = next((one for one in resolver.classes.ancestors(path, index)[1:] if one.kind is RefKind.EXTERNAL), None)
        if ref is None or not (ref.name in _CONFIGS or _is_of_library(ref.name, path)):
            return None
        folder = path.rpartition("/")[0]
        name = self._attribute(path, index, "name")
        if isinstance(name, str):
            found = resolver.index.find(name, path)
            target = found.removesuffix("__init__.py").rstrip("/") if found is not None and (found.endswith(("__init__.py", "/"))) else None
            folder = target if target is not None else folder
        label = self._attribute(path, index, "label")
        if not isinstance(label, str):
            label = name.rpartition(".")[2] if isinstance(name, str) else folder.rpartition("/")[2]
        auto = self._attribute(path, index, "default_auto_field")
        default = self._attribute(path, index, "default")
        return AppConfig(folder, label, auto.rpartition(".")[2] if isinstance(auto, str) else "", default is True, path, fact.name)

    def _attribute(self, path: str, index: int, name: str) -> Any:
        found = self.values.resolver.classes.find(Ref(RefKind.CLASS, "", path, index), name)
        if found is None:
            return None
        owner, attribute = found
        if isinstance(attribute, int):
            return None
        value = self.values.value(Scope(owner.path, attribute.function, owner.index), attribute.value)
        return None if isinstance(value, Named) else value

    @functools.cached_property
    def _installed(self) -> frozenset[str]:
        """Folders of installed packages, and ``path:class`` of installed configurations."""
        found = set()
        index = self.values.resolver.index
        for scope, texts in self._settings:
            value = self.values.value(scope, texts["INSTALLED_APPS"]) if "INSTALLED_APPS" in texts else None
            for entry in value if isinstance(value, list) else ():
                if not isinstance(entry, str):
                    continue
                target = index.find(entry, scope.path)
                if target is not None:
                    found.add(target.removesuffix("__init__.py").rstrip("/"))
                    continue
                head, _, last = entry.rpartition(".")
                target = index.find(head, scope.path) if head else None
                if target is not None:
                    found.add(f"{target}:{last}")
                    found.add(target.rpartition("/")[0])
        return frozenset(found)

    def folder(self, path: str) -> str:
        """The folder of the application that a module belongs to."""
        if path not in self._labels:
            self._labels[path] = self._find(path)
        return self._labels[path]

    def _find(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        climbed = []
        while True:
            climbed.append(folder)
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        for one in climbed:
            if one in self.configs or one in self._installed:
                return one
        for one in climbed:
            prefix = f"{one}/" if one else ""
            if any(f"{prefix}{name}" in self.modules for name in ("models.py", "models/__init__.py", "migrations/__init__.py")):
                return one
        return climbed[0]

    def label(self, path: str) -> str:
        """The label of the application that a module belongs to."""
        folder = self.folder(path)
        config = self.configs.get(folder)
        return config.label if config is not None else folder.rpartition("/")[2]

    def auto_field_of(self, path: str) -> str:
        """The class of automatic keys for models of a module."""
        config = self.configs.get(self.folder(path))
        return (config.auto_field if config is not None else "") or self.auto_field
