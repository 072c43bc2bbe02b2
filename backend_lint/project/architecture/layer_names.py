"""What folders and files of backends are called for the layer that they hold. Data."""

from __future__ import annotations

import enum


class Layer(enum.StrEnum):
    """The layers that are inferred, the innermost first."""

    DOMAIN = "domain"
    MODELS = "models"
    PERSISTENCE = "persistence"
    ADAPTERS = "adapters"
    SERVICES = "services"
    ENTRY = "entry"


FOLDERS: dict[str, Layer] = {
    **dict.fromkeys(("domain", "entities", "domain_model", "domain_models"), Layer.DOMAIN),
    **dict.fromkeys(("models", "model", "orm"), Layer.MODELS),
    **dict.fromkeys(("repositories", "repos", "dao", "daos", "crud", "persistence"), Layer.PERSISTENCE),
    **dict.fromkeys(("adapters", "infrastructure", "infra", "gateways"), Layer.ADAPTERS),
    **dict.fromkeys(("services", "service_layer", "interactors", "application", "logic", "business", "flows"), Layer.SERVICES),
    **dict.fromkeys(("use_cases", "usecases", "use_case", "usecase"), Layer.SERVICES),
    **dict.fromkeys(("routes", "routers", "views", "controllers", "endpoints", "handlers", "entrypoints", "presentation", "blueprints"), Layer.ENTRY),
    **dict.fromkeys(("route", "router", "view", "controller", "endpoint"), Layer.ENTRY),
    **dict.fromkeys(("viewsets", "rest", "api", "apis", "resources", "web", "interfaces"), Layer.ENTRY),
}
"""Folder -> layer."""

SINGULAR: dict[str, tuple[Layer, str]] = {
    "entity": (Layer.DOMAIN, "Entity"),
    "repository": (Layer.PERSISTENCE, "Repository"),
    "adapter": (Layer.ADAPTERS, "Adapter"),
    "service": (Layer.SERVICES, "Service"),
}
"""Folder -> layer, and how its classes are called: such names are what the business deals with as often as not."""

STEMS: dict[str, Layer] = {
    **dict.fromkeys(("domain", "entities"), Layer.DOMAIN),
    **dict.fromkeys(("models", "model"), Layer.MODELS),
    **dict.fromkeys(("repository", "repositories", "repo", "dao", "crud"), Layer.PERSISTENCE),
    **dict.fromkeys(("service", "services", "use_cases", "usecases", "flows"), Layer.SERVICES),
    **dict.fromkeys(("views", "view", "viewsets", "routes", "router", "routers", "endpoints", "controllers", "controller", "rest", "blueprints"), Layer.ENTRY),
}
"""File in the folder of a feature -> layer."""

TABLES = "orm"
"""File in the folder of a feature that holds its tables; where it has models beside it, those are its domain."""

VAGUE_STEMS: dict[str, Layer] = {"core": Layer.SERVICES, "logic": Layer.SERVICES, "db": Layer.PERSISTENCE}
"""File in the folder of a feature that keeps its tables apart -> layer. Elsewhere they are the start of the application or its connection."""

VAGUE = frozenset(
    "handlers rest api apis resources web interfaces presentation application logic business flows gateways route router view controller endpoint".split()
)
"""Folders that mean something else as often: of those of the entry layer, most modules must use a web framework."""

SHARED_PARTS = frozenset(
    "helper helpers util utils exception exceptions error errors constant constants const enum enums type types schema schemas serializer serializers "
    "permission permissions common shared base _base core validator validators version versions signal signals form forms filter filters dto dtos".split()
)
"""Parts of a layer that others may well use, wherever they lie: an import of one of them says little of the direction."""

WEB_FRAMEWORKS = (
    "fastapi", "flask", "flask_restful", "flask_restx", "flask_login", "starlette", "rest_framework", "litestar", "sanic", "falcon", "tornado.web", "pyramid",
    "aiohttp.web", "quart", "bottle", "connexion", "flask_rest_jsonapi", "flask_appbuilder", "django.http", "django.shortcuts", "django.views", "django.urls",
    "ninja", "werkzeug", "webargs", "flask_classful",
)  # fmt: skip
"""Modules whose import says that a module speaks HTTP."""

INPUT_LIBRARIES = ("django.forms", "django_filters", "wtforms", "flask_wtf", "rest_framework", "marshmallow")
"""Libraries of what reads the input of a request, for folders that hold nothing else."""

COMPOSITION_ROOTS = frozenset(
    "main app apps application asgi wsgi bootstrap container containers wiring factory urls celery celery_app settings config conftest manage server "
    "__main__ dependencies deps setup startup di providers registry admin autodiscover plugin plugins".split()
)
"""Files whose work is to put the parts together, so that they know all layers."""
