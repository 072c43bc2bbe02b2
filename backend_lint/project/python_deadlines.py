"""Deadlines that are set in Python: gunicorn's configuration file, Celery's settings and the limits of single tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_lint.facts.deployment import Bound, Deadline, Origin
from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign
from backend_lint.project.modules import SourceModule
from backend_lint.project.quantities import Quantities
from backend_lint.project.settings import qualified
from backend_lint.project.value_text import call_ids, entries

GUNICORN_FILES = frozenset({"gunicorn.conf.py", "gunicorn_conf.py", "gunicorn_config.py", "gunicorn.config.py", "gunicorn.py", "gunicorn_settings.py"})

_LIMITS = {
    "task_time_limit": ("celery-time-limit", Bound.TASK),
    "task_soft_time_limit": ("celery-soft-time-limit", Bound.TASK),
    "time_limit": ("celery-time-limit", Bound.TASK),
    "soft_time_limit": ("celery-soft-time-limit", Bound.TASK),
}
_SETTINGS = {
    "CELERY_TASK_TIME_LIMIT": "task_time_limit",
    "CELERYD_TASK_TIME_LIMIT": "task_time_limit",
    "CELERY_TASK_SOFT_TIME_LIMIT": "task_soft_time_limit",
    "CELERYD_TASK_SOFT_TIME_LIMIT": "task_soft_time_limit",
}
_TRANSPORT = {"broker_transport_options", "CELERY_BROKER_TRANSPORT_OPTIONS", "BROKER_TRANSPORT_OPTIONS"}


def gunicorn_settings(module: SourceModule) -> dict[str, Assign]:
    """The settings of a gunicorn configuration file by name; one that is bound twice (under a condition) is not known and left out."""
    found: dict[str, Assign] = {}
    twice: set[str] = set()
    for assign in module.bodies[0].assigns:
        if assign.target in found or assign.augmented:
            twice.add(assign.target)
        found[assign.target] = assign
    return {name: assign for name, assign in found.items() if name.isidentifier() and (name not in twice)}


def celery_deadlines(path: str, module: SourceModule, quantities: Quantities) -> Iterator[Deadline]:
    """The limits that a module sets for Celery: on the application, in settings, in the decorators of tasks (`unit` is then the function's name)."""
    imports = {found.module.partition(".")[0] for found in module.facts.imports}
    name = path.rpartition("/")[2]
    is_settings = module.role is Role.SETTINGS or "settings" in path or "config" in name or "celery" in name
    mentions = imports & {"celery", "dramatiq"} or any(found.name.endswith(("celery_app", "shared_task", "celery")) for found in module.facts.imports)
    if not is_settings and not mentions:
        return
    yield from _assigned(path, module, quantities, is_settings)
    if mentions:
        yield from _called(path, module, quantities)
        yield from _decorated(path, module, quantities)


def _assigned(path: str, module: SourceModule, quantities: Quantities, is_settings: bool) -> Iterator[Deadline]:
    bound = [(assign.target, assign.value, assign.line, index) for index, body in enumerate(module.bodies) for assign in body.assigns]
    bound += [(attribute.name, attribute.value, attribute.line, attribute.function) for class_ in module.classes for attribute in class_.attributes]
    for target, value, line, function in bound:
        head, _, key = target.rpartition(".")
        if head.endswith(".conf") or head == "conf":
            setting = key
        elif is_settings and not head:
            setting = _SETTINGS.get(target, target if "celeryconfig" in path or "celery_config" in path else "")
        else:
            continue
        if setting in _LIMITS and setting.startswith("task_"):
            yield from _deadline(path, function, setting, value, line, quantities)
        elif setting in _TRANSPORT or (is_settings and target in _TRANSPORT):
            yield from _visibility(path, function, value, line, quantities)


def _called(path: str, module: SourceModule, quantities: Quantities) -> Iterator[Deadline]:
    for function, body in enumerate(module.bodies):
        for call in body.calls:
            if call.callee.endswith("conf.update") or qualified(module, function, call.callee) in {"celery.Celery", "celery.app.Celery"}:
                for key, value in call.keywords:
                    if key in _LIMITS and key.startswith("task_"):
                        yield from _deadline(path, function, key, value, call.line, quantities)
                    elif key in _TRANSPORT:
                        yield from _visibility(path, function, value, call.line, quantities)


def _decorated(path: str, module: SourceModule, quantities: Quantities) -> Iterator[Deadline]:
    for function in module.functions:
        for decorator in function.decorators:
            for number in call_ids(decorator)[:1]:
                call = module.bodies[function.scope].calls[number]
                callee = qualified(module, function.scope, call.callee)
                if callee.startswith("dramatiq.") and "actor" in callee:
                    for key, value in call.keywords:
                        if key == "time_limit":
                            yield from _scaled("dramatiq-time-limit", path, function.scope, value, call.line, quantities, function.name, 0.001)
                elif callee.endswith((".task", ".shared_task")):
                    for key, value in call.keywords:
                        if key in _LIMITS:
                            yield from _deadline(path, function.scope, key, value, call.line, quantities, function.name)


def _deadline(path: str, function: int, setting: str, value: str, line: int, quantities: Quantities, unit: str = "") -> Iterator[Deadline]:
    yield from _scaled(_LIMITS[setting][0], path, function, value, line, quantities, unit, 1.0)


def _scaled(kind: str, path: str, function: int, value: str, line: int, quantities: Quantities, unit: str, scale: float) -> Iterator[Deadline]:
    if value == "None":
        return
    number, origin = quantities.value(path, function, value)
    if number is None or number > 0:
        yield Deadline(kind, Bound.TASK, None if number is None else number * scale, line, unit, value[:80], origin)


def _visibility(path: str, function: int, value: str, line: int, quantities: Quantities) -> Iterator[Deadline]:
    for key, text in entries(value):
        if key == "visibility_timeout":
            number, origin = quantities.value(path, function, text)
            yield Deadline("celery-visibility", Bound.REDELIVERY, number, line, "", text[:80], origin)


def gunicorn_value(path: str, modules: Mapping[str, SourceModule], key: str, quantities: Quantities) -> tuple[float | None, Origin, int] | None:
    """(number, how sure it is, line) of a numeric setting in a gunicorn configuration file; None if the file does not set it."""
    module = modules[path]
    assign = gunicorn_settings(module).get(key)
    if assign is None:
        line = next((entry.line for entry in module.bodies[0].assigns if entry.target == key), 0)
        return (None, Origin.WRITTEN, line) if line else None
    number, origin = quantities.value(path, 0, assign.value)
    return number, origin, assign.line
