from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.authentication.exposure import debug_modes
from backend_lint.project.authentication.library_calls import place_of


class DebugOrDocsExposed(ProjectRule):
    """Production runs in a mode that is made for debugging.

    ## What it does

    Reports Django settings with `DEBUG = True` that no settings module for production overrides, `ALLOWED_HOSTS = ["*"]` (as a warning), and Flask's own server
    started with `debug=True` on an address that others reach, or where a production server would import the file.

    ## Why is this bad

    Django's error page shows settings, queries and local variables to everybody; Werkzeug's debugger runs the code that a caller types.

    ## Example

    ```python
    from flask import Flask

    app = Flask(__name__)

    if __name__ == "__main__":
        app.run(host="0.0.0.0", debug=True)
    ```

    ## Use instead

    ```python
    import os

    from flask import Flask

    app = Flask(__name__)

    if __name__ == "__main__":
        app.run(debug=os.environ.get("FLASK_DEBUG") == "1")
    ```

    ## When this is wrong

    Where another file sets the value for production in a way that is not seen here. Files named for development or tests are left alone. Where a
    deployment file shows that gunicorn, uWSGI or uvicorn serves the code, a debugger that starts by hand is reported by the profile `strict` only.

    ## References

    - [Django: DEBUG](https://docs.djangoproject.com/en/stable/ref/settings/#debug)
    - [Werkzeug: debugger](https://werkzeug.palletsprojects.com/en/stable/debug/)
    - [CWE-489](https://cwe.mitre.org/data/definitions/489.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:8", "owasp-api:9", "cwe:489")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in debug_modes(project):
            if not self.shows(found.profile):
                continue
            message = _MESSAGES[found.name]
            severity = Severity.WARNING if found.name == "ALLOWED_HOSTS" else None
            yield self.finding(found.module.path, place_of(found.at), message, symbol=found.symbol, severity=severity)


_MESSAGES = {
    "DEBUG": "`DEBUG` is on unless something overrides it, error pages show settings and variables to everybody: read it from the environment, off by default",
    "ALLOWED_HOSTS": "every `Host` header is accepted, links in mails and caches can be made to point elsewhere: list the names of the service",
    "host": "the debugger listens on an address that others reach, and runs the code that they type: leave `debug` off, or bind it to 127.0.0.1",
    "debug": "the file starts the debugger when it is imported, and it runs the code that callers type: leave `debug` off",
}
