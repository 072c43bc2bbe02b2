"""Prints the route table that Flask itself has built, as JSON lists of method, path, handler, file and, if asked, answer."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.resolve()))
import dumping


def class_of(view):
    """The class of a ``MethodView``, of a ``Resource`` or of AppBuilder's bound method, behind decorators."""
    for _ in range(30):
        made = getattr(view, "view_class", None)
        if made is not None:
            return made
        held = getattr(view, "__self__", None)
        if held is not None:
            return held if isinstance(held, type) else type(held)
        inner = getattr(view, "__wrapped__", None) or getattr(view, "func", None)
        if inner is None or inner is view:
            return None
        view = inner
    return None


def table(app):
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None:
            continue
        made = class_of(view)
        plain = dumping.unwrapped(view)
        for method in sorted(rule.methods - set(dumping.UNREAD)):
            if made is None:
                name, file = plain.__qualname__, dumping.file_of(plain)
            elif getattr(view, "view_class", None) is not None or getattr(plain, "__name__", "") in ("view", "dispatch_request"):
                name, file = f"{made.__name__}.{method.lower() if hasattr(made, method.lower()) else 'dispatch_request'}", dumping.file_of(made)
            else:
                name, file = f"{made.__name__}.{plain.__name__}", dumping.file_of(made)
            yield method, rule.rule, name, file


def client(app):
    def send(method, path):
        answer = app.test_client(use_cookies=False).open(path, method=method)
        return answer.status_code, answer.headers.get("location", "")

    return send


if __name__ == "__main__":
    name, _, ask = dumping.options()
    app = dumping.application(name or "site_app:create_app()")
    app = getattr(app, "app", app) if not hasattr(app, "url_map") else app
    rows = list(table(app))
    if ask:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        send = client(app)
        rows = [(*found, dumping.asked(send, found[0], dumping.filled(found[1]))) for found in rows]
    dumping.printed(rows)
    sys.stdout.flush()
    os._exit(0)  # threads that an application has started do not end
