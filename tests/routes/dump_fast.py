"""Prints the route table that FastAPI or Starlette itself has built, as JSON lists of method, path, handler, file and, if asked, answer."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.resolve()))
import dumping

DOCUMENTATION = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")


def below(routes, prefix):
    for route in routes:
        inner = getattr(route, "routes", None)
        if type(route).__name__ in ("Mount", "Host"):
            yield from below(inner or [], prefix + getattr(route, "path", ""))
            continue
        if not hasattr(route, "endpoint"):
            # newer versions include routers when a request comes
            for found in route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else ():
                effective = found if found.path else found.starlette_route
                yield from one(effective, prefix, found.original_route)
            continue
        yield from one(route, prefix, route)


def one(route, prefix, original):
    endpoint = getattr(route, "endpoint", None) or original.endpoint
    file = dumping.file_of(endpoint)
    name = getattr(dumping.unwrapped(endpoint), "__qualname__", None) or type(endpoint).__qualname__
    path = (prefix + route.path) or "/"
    if "WebSocket" in type(original).__name__:
        yield "WEBSOCKET", path, name, file
    elif isinstance(endpoint, type):
        for method in dumping.METHODS:
            if hasattr(endpoint, method):
                yield method.upper(), path, f"{name}.{method}", file
    else:
        for method in sorted(set(route.methods or {"*"}) - set(dumping.UNREAD)):
            yield method, path, name, file


def client(app):
    from starlette.testclient import TestClient

    made = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    made.__enter__()

    def send(method, path):
        made.cookies.clear()
        answer = made.request(method, path)
        return answer.status_code, answer.headers.get("location", "")

    return send


def answer(send, method, path):
    """The answer of one route; a websocket is asked for the handshake, which is no answer of HTTP."""
    return None if method == "WEBSOCKET" else dumping.asked(send, "GET" if method == "*" else method, dumping.filled(path))


if __name__ == "__main__":
    name, _, ask = dumping.options()
    app = dumping.application(name if ":" in name else f"{name}:app")
    # some register routes while they start
    send = client(app) if ask or "--start" in sys.argv else None
    rows = [found for found in below(app.routes, "") if not found[1].endswith(DOCUMENTATION)]
    if ask:
        rows = [(*found, answer(send, *found[:2])) for found in rows]
    dumping.printed(rows)
    sys.stdout.flush()
    os._exit(0)  # threads that an application has started do not end
