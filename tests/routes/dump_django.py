"""Prints the routes that Django's resolver itself knows, as JSON lists of method, path and handler; ``*`` for a view that takes every method."""

import json
import os
import re
import sys

sys.path.insert(0, ".")
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def resolver():
    import django

    django.setup()
    from django.urls import get_resolver

    return get_resolver()


METHODS = ("get", "post", "put", "patch", "delete")


def text(pattern):
    shown = str(pattern)
    if type(pattern).__name__ == "RegexPattern":
        shown = shown.removeprefix("^").removesuffix("$").removesuffix("\\Z")
    return shown


def below(patterns, prefix):
    for found in patterns.url_patterns:
        path = prefix + text(found.pattern)
        if hasattr(found, "url_patterns"):
            yield from below(found, path)
        else:
            yield from view(found.callback, path)


def view(callback, path):
    made = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    inner = callback
    while made is None and hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
        made = getattr(inner, "view_class", None) or getattr(inner, "cls", None)
    actions = getattr(callback, "actions", None)
    if "format" in path or path.endswith("api-root") or (made is not None and made.__name__ == "APIRootView"):
        return
    path = "/" + re.sub(r"\(\?P<(\w+)>\[\^/\.\]\+\)", r"<\1>", path)
    if actions:
        for method, action in actions.items():
            if method != "head":
                yield method.upper(), path, f"{made.__name__}.{action}"
    elif made is not None:
        for method in METHODS:
            if hasattr(made, method) and method in made.http_method_names:
                # REST framework makes a class of the function's name of an @api_view
                name = made.__name__ if made.__name__.islower() else f"{made.__name__}.{method}"
                yield method.upper(), path, name
    else:
        yield "*", path, inner.__qualname__


sys.stdout.write(json.dumps(list(below(resolver(), ""))))
