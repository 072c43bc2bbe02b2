"""Modules by name: which file an import means."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign, Body, Class, Function, Import, Module
from backend_lint.project.libraries import KNOWN_LIBRARIES

import msgspec  # isort: skip

_ROOT_FILES = ("/manage.py", "/setup.py")
_BODIES = msgspec.msgpack.Decoder(list[Body])


class SourceModule:
    """A module of the project: its facts, and an index of its names. `package` is the folder path that relative imports start from.

    `functions`: all functions; the first is the module body. `classes`: all classes, nested ones too. `bodies`: one body for each function, decoded at
    the first question.
    """

    __slots__ = ("_assigns", "_by_function", "_definitions", "_names", "bodies", "classes", "facts", "functions", "is_package", "path", "role")

    bodies: list[Body]

    def __init__(self, path: str, role: Role, facts: Module) -> None:
        self.path = path
        self.role = role
        self.facts = facts
        self.functions: tuple[Function, ...] = facts.functions
        self.classes: tuple[Class, ...] = facts.classes
        self.is_package = path.endswith("__init__.py")
        self._names: dict[str, tuple[str, int]] | None = None
        self._by_function: dict[int, list[Import]] | None = None
        self._assigns: dict[int, dict[str, list[Assign]]] = {}
        self._definitions: tuple[dict[str, int], dict[str, int]] | None = None

    def __getattr__(self, name: str) -> list[Body]:
        # asked only while the slot is empty: millions of later reads cost no call
        if name != "bodies":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.bodies = _BODIES.decode(self.facts.bodies)
        return self.bodies

    @property
    def names(self) -> dict[str, tuple[str, int]]:
        """What each module-level name is: ``("function" | "class" | "import" | "assign", index)``.

        The last definition wins, but a stub in ``TYPE_CHECKING`` never does.
        """
        if self._names is None:
            names: dict[str, tuple[str, int]] = {}
            for index, found in enumerate(self.facts.imports):
                if found.function == 0 and (not found.type_checking or found.name not in names):
                    names[found.name] = ("import", index)
            for index, assign in enumerate(self.bodies[0].assigns):
                if assign.target.isidentifier() and not (assign.value == "None" and assign.target in names):
                    names[assign.target] = ("assign", index)
            for index, class_ in enumerate(self.facts.classes):
                if "." not in class_.name:
                    names[class_.name] = ("class", index)
            for index, function in enumerate(self.facts.functions):
                if index and "." not in function.name:
                    names[function.name] = ("function", index)
            self._names = names
        return self._names

    def imports_in(self, function: int) -> list[Import]:
        """Imports written inside a function."""
        if self._by_function is None:
            by_function: dict[int, list[Import]] = {}
            for found in self.facts.imports:
                if found.function:
                    by_function.setdefault(found.function, []).append(found)
            self._by_function = by_function
        return self._by_function.get(function, [])

    def assigns_to(self, function: int, target: str) -> list[Assign]:
        """What a function assigns to `target`, the last assignment first."""
        table = self._assigns.get(function)
        if table is None:
            table = self._assigns[function] = {}
            for assign in reversed(self.bodies[function].assigns):
                table.setdefault(assign.target, []).append(assign)
        return table.get(target, [])

    @property
    def definitions(self) -> tuple[dict[str, int], dict[str, int]]:
        """Functions and classes by qualified name; of several with one name the first."""
        if self._definitions is None:
            functions: dict[str, int] = {}
            classes: dict[str, int] = {}
            for index, function in enumerate(self.facts.functions):
                functions.setdefault(function.name, index)
            for index, class_ in enumerate(self.facts.classes):
                classes.setdefault(class_.name, index)
            self._definitions = functions, classes
        return self._definitions

    def line_of(self, name: str) -> int:
        """Where the module defines a function, a class or a value; 0 if it does not."""
        functions, classes = self.definitions
        if name in functions or name in classes:
            return self.functions[functions[name]].line if name in functions else self.classes[classes[name]].line
        kind, index = self.names.get(name, ("", 0))
        return self.bodies[0].assigns[index].line if kind == "assign" else 0


_FEW = 9
"""How many times as many imports leave the folder out as name it."""
_OTHERS = KNOWN_LIBRARIES | sys.stdlib_module_names


class ModuleIndex:
    """Finds the module that an import names. A folder is a source root if it holds no ``__init__.py`` of its own.

    `import_roots`: folders that are source roots although they are packages.
    """

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self.modules = modules
        self._files = frozenset(modules)
        self._folders: set[str] = set()
        self._roots: dict[str, list[str]] = {}
        self._memo: dict[tuple[str, str], str | None] = {}
        self._imported: Counter[str] | None = None
        self._mistaken: dict[str, bool] = {}
        self._index(modules)

    def _index(self, paths: Iterable[str]) -> None:
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]
        tops: dict[str, set[str]] = {}
        for folder in self._folders:
            parent, _, name = folder.rpartition("/")
            if not self._is_package(parent):
                tops.setdefault(name, set()).add(parent)
        for path in self._files:
            parent, _, name = path.rpartition("/")
            if not self._is_package(parent):
                tops.setdefault(name[:-3], set()).add(parent)
        # Django's manage.py makes its own folder importable, and setup.py what lies beside it, even if that folder is a package
        self.import_roots = managed = {folder for path in self._files if path.endswith(_ROOT_FILES) and self._is_package(folder := path.rpartition("/")[0])}
        for inner in (*self._folders, *self._files) if managed else ():
            folder, _, name = inner.rpartition("/")
            if folder in managed:
                tops.setdefault(name.removesuffix(".py"), set()).add(folder)
        self._roots = {name: sorted(roots, key=lambda root: (root.count("/") + bool(root), root)) for name, roots in tops.items()}
        self._inner: dict[str, set[str]] = {}
        for folder in self._folders:
            parent, _, name = folder.rpartition("/")
            if name not in self._roots and self._is_package(parent) and self._is_package(folder) and name not in _OTHERS:
                self._inner.setdefault(name, set()).add(parent)

    def _is_package(self, folder: str) -> bool:
        return bool(folder) and f"{folder}/__init__.py" in self._files

    def find(self, dotted: str, importer: str) -> str | None:
        """The path of the module `dotted`, imported absolutely by the file `importer`; None if it lies outside the project.

        A package without ``__init__.py`` gives its folder with a trailing slash.
        """
        top = dotted.partition(".")[0]
        roots = self._roots.get(top)
        if roots is None and (top not in self._inner or "." not in dotted):
            return None
        key = (dotted, importer.rpartition("/")[0])
        if key not in self._memo:
            self._memo[key] = self._search(dotted, top, roots, key[1]) if roots is not None else self._beside(dotted, top, importer)
        return self._memo[key]

    def _beside(self, dotted: str, top: str, importer: str) -> str | None:
        """In a service whose root has an ``__init__.py`` by mistake, or whose folder of applications is on ``sys.path``: a module in a package of a folder
        around the importer, or else of the only folder that has such a package, where nothing else has the name.

        A package alone says too little: one may be called after the library that it uses.
        """
        folder = importer.rpartition("/")[0]
        while folder and folder not in self._inner[top]:
            folder = folder.rpartition("/")[0]
        if not folder and len(self._inner[top]) == 1:
            (folder,) = self._inner[top]
        found = self._file(folder, dotted)
        return found if found and self._is_mistaken(folder) else None

    def _file(self, folder: str, dotted: str) -> str:
        found = self._at(f"{folder}/{dotted.replace('.', '/')}") if folder else None
        return found if found is not None and not found.endswith("/") else ""

    def _is_mistaken(self, folder: str) -> bool:
        """Nobody imports the folder as the package that its ``__init__.py`` makes of it, or few do where most import what lies in it."""
        known = self._mistaken.get(folder)
        if known is None:
            root = folder
            while self._is_package(root):
                root = root.rpartition("/")[0]
            named = folder[len(root) :].strip("/").replace("/", ".")
            if self._imported is None:
                self._imported = Counter(one.module for module in self.modules.values() for one in module.facts.imports if not one.level)
            whole = sum(count for one, count in self._imported.items() if one == named or one.startswith(f"{named}."))
            known = self._mistaken[folder] = not whole or self._bare(folder, self._imported) > _FEW * whole
        return known

    def _bare(self, folder: str, imported: Mapping[str, int]) -> int:
        """How many imports name a module in a package of the folder without the folder."""
        inside = {name for name, parents in self._inner.items() if folder in parents}
        return sum(count for one, count in imported.items() if "." in one and one.partition(".")[0] in inside and self._file(folder, one))

    def _search(self, dotted: str, top: str, roots: list[str], folder: str) -> str | None:
        inside = dotted.replace(".", "/")
        known = top in KNOWN_LIBRARIES
        near = [root for root in roots if not root or folder == root or folder.startswith(root + "/")]
        for root in sorted(near, key=len, reverse=True) + [root for root in roots if root not in near]:
            if known and not (root in ("", "src") and self._is_package(f"{root}/{top}".lstrip("/"))):
                continue
            found = self._at(f"{root}/{inside}".lstrip("/"))
            if found is not None:
                return found
        return None

    def _at(self, stem: str) -> str | None:
        if f"{stem}/__init__.py" in self._files:
            return f"{stem}/__init__.py"
        if f"{stem}.py" in self._files:
            return f"{stem}.py"
        return f"{stem}/" if stem in self._folders else None

    def relative(self, importer: str, level: int, dotted: str) -> str | None:
        """The path of a module imported relatively with `level` dots."""
        folder = importer.rpartition("/")[0]
        for _ in range(level - 1):
            folder = folder.rpartition("/")[0]
        if not dotted:
            return self._at(folder) if folder else ("__init__.py" if "__init__.py" in self._files else "/")
        return self._at(f"{folder}/{dotted.replace('.', '/')}".lstrip("/"))

    def submodule(self, package: str, name: str) -> str | None:
        """The module `name` inside the package at path `package`."""
        folder = package.rpartition("/")[0]
        return self._at(f"{folder}/{name}".lstrip("/"))
