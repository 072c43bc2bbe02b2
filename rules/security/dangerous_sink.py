from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint import Arrival, Danger, parser_of
from backend_lint.project.taint.library import is_remote
from backend_lint.project.taint.sources import Trait
from backend_lint.project.taint.values import pieces

_SAID = {
    Danger.COMMAND: ("runs as a command of the shell", "pass a list of arguments without a shell"),
    Danger.PROGRAM: ("decides which program is started", "name the program in the code, or look it up in a table of those that are allowed"),
    Danger.SCRIPT: ("decides which script the interpreter runs", "name the script in the code, or look it up in a table of those that are allowed"),
    Danger.WORDS: (
        "is written into a command that no shell takes apart: POSIX looks for a program of that whole name, Windows makes options of the value",
        "pass a list of arguments",
    ),
    Danger.CODE: ("runs as Python code", "use `ast.literal_eval` or a table of what is allowed"),
    Danger.MEMBER: ("decides which of the names that the code sees is used, functions that it imports too", "look it up in a table of those that are allowed"),
    Danger.PATH: ("names a file, and `../` leads out of the folder", "resolve the path and require `is_relative_to` the folder"),
    Danger.PICKLE: ("is loaded by a format that runs code", "use JSON, or a safe loader"),
    Danger.TEMPLATE: ("is compiled as a template, which can run code", "use a fixed template and pass the value as a variable"),
    Danger.XML: ("is parsed with external entities, which read files", "pass a parser with `resolve_entities=False`, or use `defusedxml`"),
    Danger.HTML: ("is written into a page as it is, and runs there as script", "use a template that escapes, or `markupsafe.escape`"),
    Danger.NOSQL: ("may hold operators of the query instead of a value", "make it a string, or check it against a schema"),
    Danger.LDAP: ("is written into the filter of a directory", "escape it with `escape_filter_chars`"),
    Danger.XPATH: ("is written into an XPath expression", "pass it as a variable of the expression"),
    Danger.REDIRECT: ("decides where the browser is sent", "allow only paths or hosts of your own"),
}
_REMOTE = ("runs as a command of the shell", "quote each argument with `shlex.quote`, and let nobody choose the command itself")
_IMPORTING = frozenset({"importlib.import_module", "__import__", "django.utils.module_loading.import_string"})
_IMPORTED = ("decides which module is imported, which runs it", "look it up in a table of those that are allowed")
_DJANGO_TEMPLATES = ("django.template.", "django.shortcuts.")
_TEMPLATED = ("is compiled as a template of Django, which reads every attribute of what it is given", "give it plain values only, or use `string.Template`")
_NEAR = 1


class DangerousSink(ProjectRule):
    """A value of a request arrives where it can do anything.

    ## What it does

    Follows values of requests (query, body, headers, cookies, uploaded files, path, events of cloud functions) through locals, containers, attributes and
    calls to shell commands, programs that are started, `eval`, names of files, unpickling and unsafe YAML, templates compiled from text, XML parsers that
    resolve entities, queries of MongoDB, DynamoDB, LDAP and XPath, redirects, and pages put together from strings. The way is the evidence. By the profile
    `strict` only: names of files and programs that pass through several functions, scripts that an interpreter runs, a part of a program's name, a command
    in one text without a shell, what is looked up in `globals()`, and templates of Django, whose language runs no code.

    ## Why is this bad

    Whoever sends the request runs code on the server, reads its files, or sends users to a page of his own.

    ## Example

    ```python
    import subprocess

    from flask import Flask, request

    app = Flask(__name__)


    @app.route("/ping")
    def ping():
        return subprocess.check_output("ping -c 1 " + request.args["host"], shell=True, timeout=9)
    ```

    ## Use instead

    ```python
    import subprocess

    from flask import Flask, request

    app = Flask(__name__)


    @app.route("/ping")
    def ping():
        return subprocess.check_output(["ping", "-c", "1", "--", request.args["host"]], timeout=9)
    ```

    ## When this is wrong

    Where only those who may do anything on the server can send the request. Values that a test, a validator or a function whose name says that it checks,
    cleans or escapes has seen are left alone, and so are numbers, dates, UUIDs and enumerations.

    ## References

    - [CWE-78](https://cwe.mitre.org/data/definitions/78.html), [CWE-22](https://cwe.mitre.org/data/definitions/22.html),
      [CWE-502](https://cwe.mitre.org/data/definitions/502.html), [CWE-1336](https://cwe.mitre.org/data/definitions/1336.html),
      [CWE-611](https://cwe.mitre.org/data/definitions/611.html), [CWE-601](https://cwe.mitre.org/data/definitions/601.html),
      [CWE-79](https://cwe.mitre.org/data/definitions/79.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("cwe:78", "cwe:90", "cwe:643", "cwe:943", "cwe:94", "cwe:22", "cwe:502", "cwe:1336", "cwe:611", "cwe:601", "cwe:79", "owasp-api:8", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int, Danger, str]] = set()
        for found in project.taint.arrivals(*_SAID):
            path, function = found.key
            begin = found.trail.steps[0]
            once = (begin.path, begin.line, found.danger, found.trail.source.shown)
            if once in seen and found.danger is Danger.PATH:
                continue  # a file that is opened and then removed: one hole
            seen.add(once)
            if _is_lxml_five(project, found) or not (_is_sure(project, found) or self.shows(Profile.STRICT)):
                continue
            harm, cure = _IMPORTED if found.name in _IMPORTING else _TEMPLATED if _is_django_template(found) else _SAID[found.danger]
            harm, cure = _REMOTE if found.danger is Danger.COMMAND and is_remote(found.name) else (harm, cure)
            message = f"`{found.trail.source.shown}` of the request {harm}: {cure}"
            evidence = [Evidence(step.path, step.line, step.text) for step in found.trail.steps]
            severity = Severity.WARNING if found.danger is Danger.REDIRECT or _is_django_template(found) else None
            yield self.finding(path, found.call, message, symbol=symbol_of(project.modules[path].functions[function]), evidence=evidence, severity=severity)


def _is_lxml_five(project: Project, found: Arrival) -> bool | None:
    """lxml 5 and later read no external entities by themselves; False for other parsers too."""
    return found.name.startswith("lxml.") and not parser_of(found.call) and project.requirements.at_least("lxml", (5,), found.key[0])


def _is_django_template(found: Arrival) -> bool:
    return found.danger is Danger.TEMPLATE and found.name.startswith(_DJANGO_TEMPLATES)


def _is_sure(project: Project, found: Arrival) -> bool:
    """Names of files and programs are often looked at on a way through several functions, redirects by whoever asked for them."""
    if found.danger is Danger.REDIRECT:
        if len(found.trail.steps) > _NEAR or any(step.text.startswith("kept as") for step in found.trail.steps):
            return False
        reached = project.reached_from(found.key)
        return reached is not None and (reached[0].module, reached[0].function) == found.key and reached[0].kind is EntryKind.ROUTE
    if found.danger is Danger.XML and _is_lxml_five(project, found) is None:
        return False
    if found.name in _IMPORTING and Trait.ADMIN in found.trail.source.traits:
        return False  # who installs modules may run code
    if found.danger is Danger.HTML and Trait.ADMIN in found.trail.source.traits:
        return False
    if _is_django_template(found):
        return False  # its language runs no code
    if found.danger in (Danger.SCRIPT, Danger.WORDS, Danger.MEMBER) or (found.danger is Danger.PROGRAM and not pieces(found.value)[0].is_value):
        return False
    return found.danger not in (Danger.PATH, Danger.PROGRAM) or len(found.trail.steps) == 1
