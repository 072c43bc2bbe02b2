"""What ``--show-settings`` lists: every setting, its value, where it comes from, and what was detected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backend_lint.cli.detect import detect
from backend_lint.cli.options import Prepared
from backend_lint.config import Settings
from backend_lint.config_keys import KEYS
from backend_lint.report.escape import visible

_NOT_SETTINGS = ("required-version", "extend", "rules")


def listing(prepared: Prepared) -> str:
    """The settings as text, one a line: key, value as TOML would have it, origin."""
    settings, loaded = prepared.settings, prepared.loaded
    rows = [
        ("root", str(settings.root), loaded.place.reason),
        ("configuration", str(settings.config_file or "none"), "" if settings.config_file else "the defaults hold"),
        ("paths", _shown(settings.paths), "command line" if settings.paths != ("",) else "the whole project"),
        ("git", _shown(loaded.place.git), "detected"),
    ]
    for key, described in KEYS.items():
        if key in _NOT_SETTINGS:
            continue
        value: Any = getattr(settings, described.field or key.replace("-", "_"))
        if key == "format":
            value = settings.formats[0][0]
        origin = loaded.origins.get(key, "default")
        if key == "fail-on" and origin == "default" and value == "never":
            origin = "gate.error is set"
        rows.append((key, _shown(value), origin))
    for name, options in settings.rule_options.items():
        rows += [(f"rules.{name}.{key}", _shown(value), loaded.origins.get("rules", "")) for key, value in options.items()]
    for found in detect(settings.root):
        rows.append((found.name, found.value, f"detected: {found.why}"))
    rows += _architecture(settings)
    enabled = prepared.registry.enabled(settings)
    rows.append(("enabled rules", f"{len(enabled)} of {len(prepared.registry.cards)}", ", ".join(sorted(enabled))))
    width = max(len(name) for name, _, _ in rows)
    lines = [f"{name:<{width}}  {visible(value)}" + (f"  # {visible(origin)}" if origin else "") for name, value, origin in rows]
    return "\n".join(lines) + "\n"


def _architecture(settings: Settings) -> list[tuple[str, str, str]]:
    """The recognised shape with what shows it, and the layers with the folders that they were told by."""
    from backend_lint.engine.run import read_model

    project, _ = read_model(settings)
    architecture = project.architecture
    shape, evidence = architecture.recognised
    rows = [("shape", str(shape), f"detected: {evidence[0]}")] + [("", "", one) for one in evidence[1:]]
    layers = architecture.layers
    if layers.order:
        why = "the imports of lower layers are checked" if layers.declared else "detected; an import against the direction of most is reported"
        rows.append(("layers, lowest first", _shown(layers.order), why))
    plan = architecture.plan
    rows += [(f"contract {one.name}", str(one.kind), f"{one.path}:{one.line}") for one in plan.contracts]
    return rows


def _shown(value: Any) -> str:
    return "-" if value is None else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [_plain(one) for one in value]
    if hasattr(value, "__struct_fields__"):
        return {name.replace("_", "-"): _plain(getattr(value, name)) for name in value.__struct_fields__}
    return str(value) if isinstance(value, Path) else value
