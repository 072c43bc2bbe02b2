"""Notes which routes a test suite calls, by a middleware in the framework, while the suite runs in the environment of the application.

    ROUTES=/tmp/called FRAMEWORK=django python route_recorder.py manage.py test
    ROUTES=/tmp/called FRAMEWORK=flask PYTHONPATH=benchmarks python -m pytest -p route_recorder

Each process writes the lines ``METHOD<tab>path as the framework writes it`` to a file of its own in the folder that `ROUTES` names. A route is called when the
framework has found it for a request, whatever a guard or a decorator in front of the handler makes of the request afterwards.
"""

import os
import pathlib
import runpy
import sys

_SEEN = set()


def note(method, path):
    """Keeps one call; the same call again is not written again."""
    if (method, path) not in _SEEN:
        _SEEN.add((method, path))
        with (pathlib.Path(os.environ["ROUTES"]) / f"{os.getpid()}.tsv").open("a", encoding="utf-8") as file:
            file.write(f"{method}\t{path}\n")


def django():
    from django.core.handlers.base import BaseHandler

    load = BaseHandler.load_middleware

    def see(request, view, arguments, named):
        note(request.method, request.resolver_match.route)

    async def see_async(request, view, arguments, named):
        see(request, view, arguments, named)

    def load_middleware(self, is_async=False):
        load(self, is_async=is_async)
        self._view_middleware.insert(0, see_async if is_async else see)

    BaseHandler.load_middleware = load_middleware


def flask():
    from flask import Flask, request

    dispatch = Flask.full_dispatch_request

    def full_dispatch_request(self, *arguments):
        if request.url_rule is not None:
            note(request.method, request.url_rule.rule)
        return dispatch(self, *arguments)

    Flask.full_dispatch_request = full_dispatch_request


def starlette():
    from starlette.routing import Match, Route

    matches = Route.matches

    async def handle(self, scope, receive, send):
        if matches(self, scope)[0] is Match.FULL or not self.methods or scope["method"] in self.methods:
            note(scope["method"], scope.get("root_path", "") + self.path_format)
        await handled(self, scope, receive, send)

    handled = Route.handle
    Route.handle = handle


INSTALL = {"django": django, "flask": flask, "starlette": starlette}


def pytest_configure(config):
    """Where pytest loads this file as a plugin, in its workers too."""
    INSTALL[os.environ["FRAMEWORK"]]()


if __name__ == "__main__":
    INSTALL[os.environ["FRAMEWORK"]]()
    sys.argv = sys.argv[1:]
    sys.path[0] = str(pathlib.Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
