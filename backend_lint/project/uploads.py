"""Uploaded files that a handler loads whole, however large they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.settings import decoded
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.worth import for_administrators

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_CLASSES = frozenset(
    {
        "fastapi.UploadFile",
        "fastapi.datastructures.UploadFile",
        "starlette.datastructures.UploadFile",
        "werkzeug.datastructures.FileStorage",
        "django.core.files.uploadedfile.UploadedFile",
    }
)
_OF_REQUEST = lazy_regex(r"(?:^|[.%])request\.(?:FILES|files)\[([^\[\]]*)\]$")
_TAKEN = lazy_regex(r"request\.(?:FILES|files)(?:\.get)?$")
_MEASURED = lazy_regex(r"size|length|len\(|limit|max_|quota|too_?large|413|valid|check|chunk", re.IGNORECASE)
"""Words of a handler that asks how large something is before or while it reads."""
_BOUNDS = lazy_regex(
    r"(?:max|limit)\w*_?(?:body|content|upload|request_?(?:size|length|body)|payload|file_?size)|(?:body|content|upload|request|payload|file)_?\w*(?:max|limit)",
    re.IGNORECASE,
)
"""Names of settings, middlewares and helpers that say how large requests or files may be."""
_PROXIES = ("nginx", "ingress", "api-gateway", "lambda", "cloud-run")
"""Kinds of deadlines of what stands in front and refuses large bodies: 1 MB of nginx and its ingress, 10 MB and less of gateways, 32 MB of Cloud Run."""


class WholeUpload(NamedTuple):
    """A call that reads all of an uploaded file; `name`: what the handler calls it."""

    route: Route
    module: SourceModule
    function: int
    call: Call
    name: str


def whole_uploads(project: Project) -> Iterator[WholeUpload]:
    """One for each handler, in the order of routes; none where something in the project says how large requests or files may be."""
    if _is_bounded_somewhere(project):
        return
    seen = set()
    for route in project.routes:
        key = (route.module, route.function)
        if route.function < 0 or key in seen or for_administrators(route):
            continue
        seen.add(key)
        module = project.modules[route.module]
        body = module.bodies[route.function]
        if module.role is not Role.APPLICATION or _measures(body):
            continue
        for call in body.calls:
            if (name := _read(project, route.module, route.function, body, call)) is not None:
                yield WholeUpload(route, module, route.function, call, name)
                break


def _read(project: Project, path: str, function: int, body: Body, call: Call) -> str | None:
    """What the uploaded file is called that the call reads whole."""
    holder, _, method = call.callee.rpartition(".")
    if method != "read" or call.args or call.keywords or not holder:
        return None
    holder = holder.removesuffix(".file").removesuffix(".stream")
    if holder[:1] == "#" and holder[1:].isdigit():
        taken = body.calls[int(holder[1:])]
        return taken.args[0].strip("'") if _TAKEN.search(taken.callee) and taken.args else None
    if (whole := _OF_REQUEST.search(holder)) is not None:
        return constant_string(whole.group(1)) or "the file"
    found = project.value(path, function, holder)
    if found is not None and found.is_external and found.name in _CLASSES:
        return holder.lstrip("%")
    assigned = [assign.value for assign in body.assigns if assign.target == holder]
    if len(assigned) == 1 and (
        _OF_REQUEST.search(assigned[0]) or any(assigned[0] == f"#{number}" and _TAKEN.search(one.callee) for number, one in enumerate(body.calls))
    ):
        return holder.lstrip("%")
    return None


def _measures(body: Body) -> bool:
    tests = [block.subject for block in body.blocks if block.subject] + [text for _, text, _ in body.conditions]
    return any(_MEASURED.search(text) for text in tests) or any(_MEASURED.search(call.callee.rpartition(".")[2]) for call in body.calls)


def _is_bounded_somewhere(project: Project) -> bool:
    for manifest in decoded(project.manifests).values():
        if any(deadline.kind.startswith(_PROXIES) for deadline in manifest.deadlines):
            return True
    for module in project.modules.values():
        if module.role is Role.TEST:
            continue
        if any(_BOUNDS.search(name) for name in module.names) or any(_BOUNDS.search(one.name.rpartition(".")[2]) for one in module.functions):
            return True
        if any("config[" in assign.target and _BOUNDS.search(assign.target) for body in module.bodies for assign in body.assigns):
            return True
    return False
