"""OpenAPI files that name the functions that answer: Connexion binds its routes from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from backend_lint.facts.deployment import Manifest, Operation
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.tree import Node

_OPENAPI = lazy_regex(r"^(?:openapi|swagger): ?['\"]?[23]", re.MULTILINE)
_FUNCTION = lazy_regex(r"^ +(?:operationId: *['\"]?\w+(?:\.\w+)+|x-(?:openapi|swagger)-router-controller:)", re.MULTILINE)
_METHODS = ("get", "post", "put", "patch", "delete")
_CONTROLLERS = ("x-openapi-router-controller", "x-swagger-router-controller")
_KINDS = {"integer": "int", "number": "float"}
_LONGEST = 2_000_000
_MOST_OPERATIONS = 5_000


def names_functions(text: str) -> bool:
    """Whether it is an OpenAPI file whose operations are functions of Python. Others are contracts, and no part of what is deployed."""
    return len(text) < _LONGEST and _OPENAPI.search(text) is not None and _FUNCTION.search(text) is not None


def read_openapi(documents: list[Node]) -> Manifest:
    """The operations with their functions."""
    root = documents[0] if documents else Node(1, "")
    servers = root.at("servers").items()
    base = urlsplit(servers[0].at("url").text or "").path if servers else root.at("basePath").text or ""
    operations: list[Operation] = []
    for path, _, item in root.at("paths").entries():
        shared = list(_parameters(root, item))
        controller = _controller(item) or _controller(root)
        for method, line, operation in item.entries():
            name = operation.at("operationId").text if method in _METHODS else None
            if not name or len(operations) >= _MOST_OPERATIONS:
                continue
            module = _controller(operation) or controller
            kinds = dict([*shared, *_parameters(root, operation)])
            handler = f"{module}.{name}" if module else name
            operations.append(Operation(method.upper(), path, handler, line, tuple(kinds.items()), _secured(root, operation)))
    return Manifest("openapi", operations=tuple(operations), base=base)


def _controller(node: Node) -> str:
    return next((found for name in _CONTROLLERS if (found := node.at(name).text)), "")


def _parameters(root: Node, node: Node) -> Iterator[tuple[str, str]]:
    """Path parameters that are no strings, with the name that Flask's converter has for their type."""
    for item in node.at("parameters").items():
        reference = item.at("$ref").text or ""
        found = root.at(*reference[2:].split("/")) if reference.startswith("#/") else item
        name = found.at("name").text
        if name and found.at("in").text == "path":
            schema = found.at("schema") if found.at("schema").pairs else found
            kind = "path" if schema.at("format").text == "path" else _KINDS.get(schema.at("type").text or "", "")
            if kind:
                yield name, kind


def _secured(root: Node, operation: Node) -> bool | None:
    for node in (operation, root):
        if "security" in node.fields():
            found = node.at("security")
            return any(item.pairs for item in found.items())
    return None
