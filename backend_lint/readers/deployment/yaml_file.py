"""YAML and JSON: which platform a file belongs to, told by its name and by keys at its left edge before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Callable

from backend_lint.facts.deployment import Manifest
from backend_lint.lazy_regex import lazy_regex
from backend_lint.readers.deployment.cloud import read_app_engine, read_cloudformation, read_json_platform, read_platform, read_serverless
from backend_lint.readers.deployment.compose import read_compose
from backend_lint.readers.deployment.kubernetes import read_helm_values, read_kubernetes
from backend_lint.readers.deployment.openapi import names_functions, read_openapi
from backend_lint.readers.deployment.tree import Node, UnreadableError, documents

_COMPOSE = lazy_regex(r"(?:^|[-._])compose(?:[-._]|$)")
_VALUES = lazy_regex(r"values(?:[-._][\w.-]*)?\.ya?ml")
_API = lazy_regex(r"^(?:- )?apiVersion:", re.MULTILINE)
_KIND = lazy_regex(r"^(?:  |- )?kind:", re.MULTILINE)
_CLOUD = lazy_regex(r"^AWSTemplateFormatVersion:|^Transform:.{0,40}AWS::Serverless|^ {2,8}Type: ?['\"]?AWS::[A-Z]", re.MULTILINE)
_SERVICES = lazy_regex(r"^services:", re.MULTILINE)
_IMAGE = lazy_regex(r"^ {2,12}(?:image|build):", re.MULTILINE)
_RUNTIME = lazy_regex(r"^runtime:", re.MULTILINE)
_FUNCTIONS = lazy_regex(r"^provider:", re.MULTILINE)

Reader = Callable[[list[Node]], Manifest]


def recognised(path: str, text: str) -> tuple[Reader, bool] | None:
    """The reader for a YAML text, and whether it surely is a deployment file (the failure of a mere guess says nothing); None for any other YAML."""
    name = path.rpartition("/")[2].lower()
    if name in {"serverless.yml", "serverless.yaml"}:
        return read_serverless, True
    if name in {"render.yaml", "render.yml"} or path.lower().endswith(".do/app.yaml"):
        return read_platform, True
    if _COMPOSE.search(name.rpartition(".")[0]):
        return read_compose, True
    if names_functions(text):
        return read_openapi, False
    if _API.search(text) and _KIND.search(text):
        return read_kubernetes, "{{" not in text
    if _CLOUD.search(text):
        return read_cloudformation, "AWSTemplateFormatVersion" in text
    if _VALUES.fullmatch(name):
        return read_helm_values, False
    if _SERVICES.search(text) and _IMAGE.search(text):
        return read_compose, False
    if name in {"app.yaml", "app.yml"} and _RUNTIME.search(text):
        return read_app_engine, True
    if _FUNCTIONS.search(text) and _SERVICES.search(text) is None and "functions:" in text and "handler:" in text:
        return read_serverless, False
    return None


def read_yaml(path: str, text: str) -> Manifest:
    """The facts of a YAML file; empty ones if it is no deployment file. Raises UnreadableError for a broken file that is surely one."""
    found = recognised(path, text)
    if found is None:
        return Manifest("")
    reader, sure = found
    try:
        return reader(documents(text))
    except UnreadableError:
        if sure and "{{" not in text and "{%" not in text:
            raise
        return Manifest("")


def read_json(path: str, text: str) -> Manifest:
    """The facts of a JSON file that its name makes a deployment file; JSON is read as the subset of YAML it is, for the sake of lines."""
    name = path.rpartition("/")[2].lower()
    return read_json_platform(name, documents(text.replace("\t", " ")))
