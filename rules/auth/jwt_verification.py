from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.authentication.library_calls import LibraryCall
from backend_lint.project.authentication.tokens import algorithms, decodes, encodes, from_header, is_only_looked_at, is_unverified, mixes_families
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.values import argument

_OWN_HEADER = "token is verified with the algorithm that its own header names: accept only the one that its issuer signs with"
_KEY_SETS = frozenset({"from_jwk", "PyJWKClient", "PyJWK", "PyJWKSet", "get_signing_key_from_jwt", "get_signing_key"})


class JwtVerification(ProjectRule):
    """A JSON Web Token is trusted although its signature proves nothing.

    ## What it does

    Reports calls of PyJWT and python-jose that read a token with the verification of the signature switched off, without a list of accepted algorithms, with
    `none` in it, with the algorithm that the token itself names, or with algorithms of both kinds, shared key and public key; and tokens that are issued
    unsigned.

    ## Why is this bad

    A token that is not verified says what its sender likes: any user id, any role. With the algorithm chosen by the token, or with both kinds accepted, the
    public key of the service, which everybody has, is enough to sign.

    ## Example

    ```python
    import jwt


    def caller(token: str) -> str:
        claims = jwt.decode(token, options={"verify_signature": False})
        return claims["sub"]
    ```

    ## Use instead

    ```python
    import jwt


    def caller(token: str, key: str) -> str:
        claims = jwt.decode(token, key, algorithms=["RS256"])
        return claims["sub"]
    ```

    ## When this is wrong

    Where something else has verified the token, such as a gateway that nobody can go around. A token of which only `kid`, `iss` or `exp` is read, one that is
    verified in the same function (unless the key was at hand at once), and one that was just fetched from its issuer are left alone. PyJWT refuses to read
    without a list of algorithms itself. An algorithm of the token's own header beside keys of a key set, which know their kind, is reported by the profile
    `strict` only.

    ## References

    - [RFC 8725: JWT best current practices](https://www.rfc-editor.org/rfc/rfc8725)
    - [CWE-347](https://cwe.mitre.org/data/definitions/347.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:2", "cwe:347")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in decodes(project):
            if is_unverified(project, found) and not self.shows(Profile.ALL):
                continue  # what is read may be harmless, or verified by somebody else
            if message := _flaw(project, found):
                if message == _OWN_HEADER and _is_typed(found) and not self.shows(Profile.STRICT):
                    continue  # the library refuses a key of one kind for an algorithm of another
                yield self.finding(found.module.path, found.call, message, symbol=found.symbol)
        for found in encodes(project):
            if (constant_string(argument(found.call, 2, "algorithm")) or "").lower() == "none":
                message = "token is issued without a signature, anybody can write one: sign it with a key"
                yield self.finding(found.module.path, found.call, message, symbol=found.symbol)


def _is_typed(found: LibraryCall) -> bool:
    """Whether the module makes key objects of a set of keys."""
    return any(call.callee.rpartition(".")[2] in _KEY_SETS for body in found.module.bodies for call in body.calls)


def _flaw(project: Project, found: LibraryCall) -> str:
    if is_unverified(project, found):
        if is_only_looked_at(project, found):
            return ""
        return "token is read without verifying its signature, its sender decides what it says: verify it with the issuer's key"
    names = algorithms(project, found)
    if names is None and found.name.startswith("jwt."):
        return ""  # PyJWT refuses such a call since its version 2
    if names is None:
        return "no list of accepted algorithms: the token itself chooses how it is verified; give `algorithms=` the one that its issuer signs with"
    body = found.module.bodies[found.function]
    if any((constant_string(name) or "").lower() == "none" for name in names):
        return "`none` is accepted as an algorithm, so that tokens without a signature pass: accept only the one that its issuer signs with"
    if any(from_header(body, name) for name in names):
        return _OWN_HEADER
    if mixes_families(names):
        return "algorithms with a shared and with a public key are accepted together: who has the public key can sign; accept one kind"
    return ""
