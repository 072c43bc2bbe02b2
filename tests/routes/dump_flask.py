"""Prints the route table that Flask itself has built, as JSON lists of method, path and handler."""

import json
import sys

sys.path.insert(0, ".")

from site_app import create_app

app = create_app()
found = []
for rule in app.url_map.iter_rules():
    view = app.view_functions[rule.endpoint]
    made = getattr(view, "view_class", None) or getattr(getattr(view, "__wrapped__", None), "view_class", None)
    for method in rule.methods - {"HEAD", "OPTIONS"}:
        if made is None:
            name = view.__qualname__
        else:
            name = f"{made.__name__}.{method.lower() if hasattr(made, method.lower()) else 'dispatch_request'}"
        found.append((method, rule.rule, name))
sys.stdout.write(json.dumps(found))
