"""Prints the routes that Django's resolver itself knows, as JSON lists of method, path, handler, file and, if asked, answer.

The method is ``*`` for a view that takes every method. The admin site, the formats' suffixes and the root views of routers are left out.
"""

import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.resolve()))
import dumping

SUFFIX = re.compile(r"\(\?P<format>|drf_format_suffix")


def text(pattern):
    shown = str(pattern)
    if type(pattern).__name__ == "RegexPattern":
        shown = shown.removeprefix("^").removesuffix("$").removesuffix("\\Z")
    return "" if type(pattern).__name__ == "LocalePrefixPattern" else shown


def below(patterns, prefix, way, conf):
    """`conf`: the file of the URLconf that a pattern stands in, as far as that is known."""
    module = getattr(patterns, "urlconf_module", None)
    conf = str(pathlib.Path(module.__file__).resolve()) if getattr(module, "__file__", None) else conf
    for found in patterns.url_patterns:
        path = prefix + text(found.pattern)
        if hasattr(found, "url_patterns"):
            if found.app_name != "admin":
                yield from below(found, path, (*way, found.pattern), conf)
        else:
            yield from view(found.callback, path, (*way, found.pattern), conf)


def view(callback, path, way, conf):
    inner, made = callback, None
    for _ in range(30):
        made = getattr(inner, "view_class", None) or getattr(inner, "cls", None)
        following = getattr(inner, "__wrapped__", None) or getattr(inner, "func", None)
        if made is not None or following is None:
            break
        inner = following
    actions = getattr(callback, "actions", None) or getattr(inner, "actions", None)
    if SUFFIX.search(path) or (made is not None and made.__name__ in ("APIRootView", "SchemaView")):
        return
    path = "/" + re.sub(r"\(\?P<(\w+)>\[\^/\.\]\+\)", r"<\1>", path)
    file = conf if within_source(conf) else dumping.file_of(made or inner)
    if not within_source(conf) and conf:
        # an URLconf of a library: its table is no part of the project
        file = conf
    if actions:
        for method, action in actions.items():
            if method != "head" and method in made.http_method_names:
                yield method.upper(), path, f"{made.__name__}.{action}", file, way
    elif made is not None:
        for method in dumping.METHODS:
            if hasattr(made, method) and method in made.http_method_names:
                # REST framework makes a class of the function's name of an @api_view
                name = made.__name__ if made.__name__.islower() else f"{made.__name__}.{method}"
                yield method.upper(), path, name, file, way
    else:
        yield "*", path, getattr(inner, "__qualname__", None) or type(inner).__qualname__, file, way


def within_source(file):
    return dumping.within(file, SOURCE)


# -- asking ------------------------------------------------------------------------------------------


def example(pattern):
    """A text that one pattern of a path matches."""
    kind = type(pattern).__name__
    if kind == "LocalePrefixPattern":
        return pattern.language_prefix
    if kind == "RoutePattern":
        shown = str(pattern)
        return re.sub(r"<(?:(\w+):)?(\w+)>", lambda match: converted(pattern.converters[match[2]]), shown)
    return of_regex(str(pattern))


def converted(converter):
    """A text that a converter takes."""
    name = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
    for word in (dumping.WORDS.get(name), *dumping.CANDIDATES):
        if word and re.fullmatch(converter.regex, word):
            return word
    return "a"


def of_regex(shown):
    """A text for a simple regular expression: its groups are tried with words, everything else is taken as it stands."""
    out, position = "", 0
    shown = shown.removeprefix("^").removesuffix("$").removesuffix("\\Z")
    while position < len(shown):
        sign = shown[position]
        if sign == "(":
            depth, end = 0, position
            while end < len(shown):
                depth += {"(": 1, ")": -1}.get(shown[end], 0) if shown[end - 1] != "\\" else 0
                end += 1
                if not depth:
                    break
            group = shown[position:end]
            out += next((word for word in dumping.CANDIDATES if re.fullmatch(group, word)), "a")
            position = end
        elif sign == "\\":
            out += shown[position + 1 : position + 2]
            position += 2
        else:
            out += "" if sign in "?*+^$" else sign
            position += 1
    return out


def client():
    from django.test import Client

    def send(method, path):
        answer = Client(raise_request_exception=False).generic(method, path, headers={"host": HOST})
        return answer.status_code, answer.headers.get("location", "")

    return send


def answer(send, row):
    path = "/" + "".join(example(pattern) for pattern in row[4])
    if row[0] != "*":
        return dumping.asked(send, row[0], path)
    found = dumping.asked(send, "GET", path)
    return dumping.asked(send, "POST", path) if found == "answered 405" else found


if __name__ == "__main__":
    settings, SOURCE, ask = dumping.options()
    os.environ["DJANGO_SETTINGS_MODULE"] = settings or "config.settings"
    import django
    from django.conf import settings as configured

    django.setup()
    from django.urls import get_resolver

    HOST = next((one for one in configured.ALLOWED_HOSTS if one[:1] not in "*."), "localhost")
    rows = list(below(get_resolver(), "", (), ""))
    send = client() if ask else None
    dumping.printed([(*row[:4], answer(send, row)) if ask else row[:4] for row in rows])
    sys.stdout.flush()
    os._exit(0)  # threads that an application has started do not end
