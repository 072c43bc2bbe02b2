"""Prints the route table that FastAPI or Starlette itself has built, as JSON lists of method, path and handler."""

import importlib
import json
import sys

sys.path.insert(0, ".")


def below(routes, prefix):
    for route in routes:
        inner = getattr(route, "routes", None)
        if type(route).__name__ == "Mount":
            yield from below(inner or [], prefix + route.path)
            continue
        if not hasattr(route, "endpoint"):
            # newer versions include routers when a request comes
            for found in route.effective_route_contexts():
                effective = found if found.path else found.starlette_route
                yield from one(effective, prefix, found.original_route)
            continue
        yield from one(route, prefix, route)


def one(route, prefix, original):
    endpoint = getattr(route, "endpoint", None) or original.endpoint
    name = endpoint.__qualname__
    if "WebSocket" in type(original).__name__:
        yield "WEBSOCKET", prefix + route.path, name
    elif isinstance(endpoint, type):
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(endpoint, method):
                yield method.upper(), prefix + route.path, f"{name}.{method}"
    else:
        for method in route.methods - {"HEAD", "OPTIONS"}:
            yield method, prefix + route.path, name


app = importlib.import_module(sys.argv[1]).app
left_out = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")
sys.stdout.write(json.dumps([found for found in below(app.routes, "") if not found[1].endswith(left_out)]))
