from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.edits import assigned
from backend_lint.project.authentication.signing_keys import SigningKey, signing_keys

if TYPE_CHECKING:
    import libcst


class HardcodedSigningKey(ProjectRule, Mends):
    """The key that signs sessions or tokens stands in the code.

    ## What it does

    Reports signing keys with a constant value: `SECRET_KEY` of Django and Flask, `secret_key` of session middleware, `JWT_SECRET` and its kind, the key given
    to `jwt.encode`; and a constant as the default of the environment variable, `os.getenv("SECRET_KEY", "...")`, so that a deployment that forgets the variable
    starts with a key that everybody can read.

    The fix reads the environment without a default, so that the service does not start without its key. It is unsafe: every deployment needs the variable
    from then on. The old key stands in the history of the repository: replace it.

    ## Why is this bad

    Who knows the key writes sessions, password reset links and tokens for any user. It is in every clone and in the history for ever.

    ## Example

    ```python
    import os

    SECRET_KEY = os.getenv("SECRET_KEY", "not-so-secret")
    ```

    ## Use instead

    ```python
    import os

    SECRET_KEY = os.environ["SECRET_KEY"]
    ```

    ## When this is wrong

    Where the service cannot start in production with that value. A check that raises or exits behind a test of the setting is seen; settings for development
    and tests, and branches for debugging, are left alone. Where other settings are read over the constant, or no file that starts the service names its module,
    or nothing is seen that signs with it, the profile `strict` reports it.

    ## References

    - [Django: SECRET_KEY](https://docs.djangoproject.com/en/stable/ref/settings/#secret-key)
    - [CWE-321](https://cwe.mitre.org/data/definitions/321.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "default"
    fix = "unsafe"
    mends = ("SimpleStatementLine",)
    imports = ("os",)
    tags = ("security", "owasp-api:2", "cwe:321", "cwe:798")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for found in signing_keys(project):
            if (found.is_layer or not found.is_sure) and not self.shows(Profile.STRICT):
                continue
            if (found.module.path, found.line) not in seen:
                seen.add((found.module.path, found.line))
                symbol = found.module.functions[found.function].name if found.function else ""
                place = Place.at(found.line, found.column, max(len(found.name), 1))
                yield self.finding(found.module.path, place, _message(found), symbol=symbol, suggestion=found.cure)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return assigned(node, finding.suggestion)

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return self.imports if finding.suggestion.startswith("os.environ[") else ()


def _message(found: SigningKey) -> str:
    if not found.name:
        return "tokens or sessions are signed with a key that stands in the code, who reads it signs as anybody: take it from the environment"
    if found.is_layer:
        forgets = "an installation that sets no other starts with a key that everybody can read"
        return f"`{found.name}` is a constant that later settings may replace, {forgets}: refuse this value at start-up"
    if found.is_default:
        return f"`{found.name}` falls back to a constant: a deployment that sets no other starts with a key that everybody can read; let it fail instead"
    return f"`{found.name}` stands in the code, who reads it signs sessions and tokens as anybody: take it from the environment"
