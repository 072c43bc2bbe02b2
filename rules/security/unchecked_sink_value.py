from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint import Danger
from backend_lint.project.taint.library import is_remote
from backend_lint.project.taint.unchecked import Unchecked, unchecked

_SAID = {
    Danger.SQL: ("the text of the statement", "hand it over as a parameter, or pick names of tables and columns from a fixed list"),
    Danger.UNFILLED: (
        "the text of the statement, whose `%s` `format` leaves as it is and `%` would fill",
        "hand it over as a parameter",
    ),
    Danger.COMMAND: ("the command that it becomes part of", "pass a list of arguments without a shell"),
    Danger.PROGRAM: ("the program that is started", "name the program in the code, or pick it from a fixed list"),
    Danger.WORDS: (
        "a command that no shell takes apart: POSIX looks for a program of that whole name, Windows makes options of the value",
        "pass a list of arguments",
    ),
    Danger.CODE: ("the Python code that runs", "use `ast.literal_eval` or a table of what is allowed"),
    Danger.PICKLE: ("a format that runs code when it is loaded", "use JSON or a safe loader, or check a signature first"),
    Danger.TEMPLATE: ("the template that is compiled", "use a fixed template and pass the value as a variable"),
    Danger.URL: ("the path of the address, where `../` and `?` reach other pages of that host", "quote it with `urllib.parse.quote(value, safe='')`"),
    Danger.PATH: ("the folder that the archive is unpacked to", "pass `filter='data'`, which keeps members inside of it"),
}
_WHOLE = {
    Danger.COOKIE: "the cookie holds a pickled value, a format that runs code: a browser may send another one back; keep JSON there, or the key of a session",
    Danger.LISTENER: "whoever reaches this port sends a configuration, parts of which run as Python code: pass `verify=`, a function that checks a signature",
    Danger.CONNECTION: "`recv` of this connection loads pickles, a format that runs code, from whoever is at the other end: pass `authkey=`",
    Danger.REMOTE: "a socket becomes the input and output of a shell: whoever is at the other end commands this machine; take it out",
}


class UncheckedSinkValue(ProjectRule):
    """A value that nobody checks reaches a place where it can do anything; who supplies it is not known.

    ## What it does

    Reports SQL, shell commands, Python code, templates and formats that run code when they are loaded, if a part of them is neither constant nor checked:
    a parameter that no caller in the project fills with constants, the answer of another program, the environment. Loaders that are told to make objects
    of any class are reported whatever they load, archives that are unpacked without a filter, and values of requests that become a part of the path of an
    outbound address. So are doors that anybody may open: `logging.config.listen` without `verify`, connections of `multiprocessing` over the network without
    a key, pickled values in cookies, and a shell whose streams are a socket. What comes from a request is reported by `sql-built-from-strings` and
    `dangerous-sink`.

    ## Why is this bad

    The function is as safe as the most careless of those who call it, today and next year.

    ## Example

    ```python
    import subprocess


    def archive(folder: str) -> None:
        subprocess.run(f"tar czf backup.tgz {folder}", shell=True, check=True, timeout=60)
    ```

    ## Use instead

    ```python
    import subprocess


    def archive(folder: str) -> None:
        subprocess.run(["tar", "czf", "backup.tgz", "--", folder], check=True, timeout=60)
    ```

    ## When this is wrong

    Where every caller is known to pass what is harmless: an audit rule, to be read once. Values that a test, a validator, a conversion or a function whose
    name says that it checks, cleans or escapes has seen are left alone.

    ## References

    - [CWE-89](https://cwe.mitre.org/data/definitions/89.html), [CWE-78](https://cwe.mitre.org/data/definitions/78.html),
      [CWE-94](https://cwe.mitre.org/data/definitions/94.html), [CWE-502](https://cwe.mitre.org/data/definitions/502.html)
    """

    severity, precision, since = "info", "medium", "0.1"
    profile = Profile.ALL
    tags = ("cwe:89", "cwe:78", "cwe:94", "cwe:502", "cwe:1336", "cwe:22", "cwe:918", "owasp-api:8", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int, Danger]] = set()
        for found in unchecked(project):
            path, function = found.key
            once = (path, found.call.line, found.danger)
            if once not in seen:
                seen.add(once)
                evidence = [Evidence(step.path, step.line, step.text) for step in found.steps]
                yield self.finding(path, found.call, _message(found), symbol=symbol_of(project.modules[path].functions[function]), evidence=evidence)


def _message(found: Unchecked) -> str:
    if found.danger in _WHOLE:
        return _WHOLE[found.danger]
    what, cure = _SAID[found.danger]
    if found.danger is Danger.PATH:
        return f"members of an archive may lead out of {what}: {cure}"
    if not found.shown and found.danger is Danger.COMMAND:
        return "a file whose name begins with a dash becomes an option of the command through `*`: write `./*`, or put `--` before it"
    if found.danger is Danger.COMMAND and is_remote(found.call.callee):
        cure = "quote each argument with `shlex.quote`, and let nobody choose the command itself"
    if not found.shown:
        return f"what is loaded here runs as code, and nothing says who wrote it: {cure}"
    return f"no check between {found.shown} and {what}: {cure}"
