from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Place, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.authentication.edits import compared_evenly
from backend_lint.project.authentication.passwords import Weakness, weaknesses

if TYPE_CHECKING:
    import libcst


class PasswordStorage(ProjectRule, Mends):
    """Passwords are kept so that they can be read back, or secrets are compared so that they can be guessed.

    ## What it does

    Reports passwords that go through a fast hash of `hashlib`, stored passwords that are compared with the given one as they are, and HMAC signatures that are
    compared with `==`.

    The fix compares a signature in hexadecimal digits with `hmac.compare_digest`, as bytes: of texts it takes ASCII only. How passwords are kept is yours to
    change: those that are stored already have to be let in once more.

    ## Why is this bad

    A stolen table of plain or fast hashed passwords is a list of passwords: graphics cards try billions of SHA-256 a second, and a few thousand of a slow
    hash with a salt. `==` stops at the first byte that differs, and the time it takes tells how far a guess was right.

    ## Example

    ```python
    import hashlib


    def register(name: str, password: str) -> dict[str, str]:
        return {"name": name, "hash": hashlib.sha256(password.encode()).hexdigest()}
    ```

    ## Use instead

    ```python
    from argon2 import PasswordHasher


    def register(name: str, password: str) -> dict[str, str]:
        return {"name": name, "hash": PasswordHasher().hash(password)}
    ```

    ## When this is wrong

    Where the hash is not kept: look-ups in lists of breached passwords ask for SHA-1, and are left alone where a name says so.
    Hashes of which it is not seen that they are kept with the user or compared are reported by the profile `strict` only.

    ## References

    - [OWASP: password storage](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html)
    - [CWE-916](https://cwe.mitre.org/data/definitions/916.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "default"
    fix = "safe"
    mends, around = ("If", "SimpleStatementLine"), True
    imports = ("hmac",)
    tags = ("security", "owasp-api:2", "cwe:916", "cwe:256", "cwe:208")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in weaknesses(project):
            if not found.is_kept and not self.shows(Profile.STRICT):
                continue
            severity = Severity.WARNING if found.kind == "timing" else None
            place = Place.at(found.line, found.column)
            yield self.finding(found.module.path, place, _message(found), symbol=found.symbol, severity=severity, suggestion=found.cure)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return compared_evenly(node, finding.suggestion)


def _message(found: Weakness) -> str:
    if found.kind == "fast":
        return f"`{found.name}` goes through a fast hash, a stolen table is tried out in hours: hash it with argon2, scrypt or bcrypt"
    if found.kind == "plain":
        return "the stored password is compared as it is, so it is stored as it is: keep a slow hash, and verify against that"
    return "signature is compared with `==`, whose time tells how much of a guess is right: use `hmac.compare_digest`"
