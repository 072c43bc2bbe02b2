from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Profile, ProjectRule, Role, Severity
from backend_lint.facts.python import Body, Call, Function
from backend_lint.project import Project
from backend_lint.project.authentication.edits import called, from_secrets
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.made_secrets import joins_letters, lets_in, made_secret
from backend_lint.project.authentication.old_protocols import old_protocol
from backend_lint.project.failures import symbol_of
from backend_lint.project.value_text import constant_number

if TYPE_CHECKING:
    import libcst

_CIPHERS = re.compile(r"(?:Crypto|Cryptodome)\.Cipher\.(ARC2|ARC4|Blowfish|DES3?|XOR|CAST)\.new$")
_ALGORITHMS = re.compile(r"cryptography\.hazmat\.(?:primitives\.ciphers|decrepit\.ciphers)\.algorithms\.(ARC4|Blowfish|IDEA|CAST5|SEED|TripleDES)$")
_ECB = re.compile(r"cryptography\.hazmat\.primitives\.ciphers\.modes\.ECB$")
_KEYS = re.compile(r"(?:(?:Crypto|Cryptodome)\.PublicKey\.(?:RSA|DSA)\.generate|asymmetric\.(?:rsa|dsa)\.generate_private_key)$")
_CURVES = re.compile(r"\b(?:SECP192R1|SECT163[KR][12])\b")
_RANDOM = frozenset(f"random.{name}" for name in "random randint choice choices randrange getrandbits sample randbytes".split())
_HASHES = frozenset({"hashlib.md5", "hashlib.sha1", "Crypto.Hash.MD5.new", "Crypto.Hash.SHA.new"})
_PICKERS = frozenset(name[7:] for name in _RANDOM)
_LAST = _PICKERS | frozenset("new ECB generate generate_private_key md5 sha1 ARC4 Blowfish IDEA CAST5 SEED TripleDES".split())
_SIGNS = re.compile(r"""\bstring\.|ascii_|^['"]|alpha|char|letter|digit|symbol|range\(""", re.IGNORECASE)
_SHORT = 2048
_ONLY_NEW = re.compile(r"salt|nonce", re.IGNORECASE)
"""What has to be new each time, and not unforeseen."""


class WeakCrypto(ProjectRule, Mends):
    """A cipher, key or number that can be guessed or broken guards something.

    ## What it does

    Reports ciphers that are broken (DES, 3DES, RC2, RC4, Blowfish, IDEA, CAST5), the mode ECB, RSA and DSA keys below 2048 bits and curves below 224,
    connections that ask for SSL 2, SSL 3, TLS 1.0 or TLS 1.1; and by purpose: the module `random`, MD5 and SHA-1 where the name of what is made says
    that it is a token, password, session, code, nonce or salt, and strings of random letters that a function makes.

    The fix takes the same from `secrets` what is taken from `random`. Ciphers, hashes and keys have another side that must change with them: that is yours.

    ## Why is this bad

    `random` is foreseen from a few outputs, short keys are computed, equal blocks show through ECB: who can do so signs in as somebody else.

    ## Example

    ```python
    import random


    def reset_token() -> str:
        return "".join(random.choices("abcdefghij0123456789", k=20))
    ```

    ## Use instead

    ```python
    import secrets


    def reset_token() -> str:
        return secrets.token_urlsafe(32)
    ```

    ## When this is wrong

    Where an old format must be read. MD5 and SHA-1 of anything else (files, keys of caches, ETags) and calls with `usedforsecurity=False` are left alone,
    and so are tokens that make a repeated request known again. The profile `default` speaks only of what certainly lets somebody in, and is called.

    ## References

    - [CWE-327](https://cwe.mitre.org/data/definitions/327.html), [CWE-326](https://cwe.mitre.org/data/definitions/326.html),
      [CWE-338](https://cwe.mitre.org/data/definitions/338.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.DEFAULT
    fix = "safe"
    mends = ("Call",)
    imports, spares = ("secrets",), ("random",)
    tags = ("cwe:326", "cwe:327", "cwe:338", "owasp-api:2", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        every, strict = self.shows(Profile.ALL), self.shows(Profile.STRICT)
        for module, index, number, call in project.named_calls.calls(*(_LAST if every else _PICKERS)):
            if module.role not in self.roles or for_development(module.path):
                continue
            ref = project.value(module.path, index, call.callee)
            if ref is None or not ref.is_external or (ref.name not in _RANDOM and not every):
                continue
            function = module.functions[index]
            message = _message(ref.name, function, module.bodies[index], call, number, every=every, strict=strict)
            if message and (strict or not project.answers.is_unused(module.path, index)):
                cure = from_secrets(module, ref.name.partition(".")[2]) if ref.name in _RANDOM else ""
                yield self.finding(module.path, call, message, symbol=symbol_of(function), severity=Severity.WARNING, suggestion=cure)
        for module, _, function, body in project.functions() if every else ():
            for call in body.calls if module.role in self.roles and not for_development(module.path) else ():
                if version := old_protocol(call):
                    message = f"{version} is broken, who stands between reads along: leave the version to `ssl.create_default_context()`"
                    yield self.finding(module.path, call, message, symbol=symbol_of(function))

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return called(node, finding.suggestion)


def _message(name: str, function: Function, body: Body, call: Call, number: int, *, every: bool, strict: bool) -> str:
    if (match := _CIPHERS.search(name)) or (match := _ALGORITHMS.search(name)):
        return f"{match.group(1)} is a broken cipher: use AES-GCM or ChaCha20-Poly1305"
    if _ECB.search(name) or (name.endswith(".AES.new") and any(value.endswith("MODE_ECB") for value in (*call.args, *(one for _, one in call.keywords)))):
        return "ECB encrypts equal blocks equally, which shows the structure of the text: use AES-GCM"
    if _KEYS.search(name) and (bits := _bits(call)) and bits < _SHORT:
        return f"a key of {bits} bits can be computed: use 2048 at least"
    if name.endswith("ec.generate_private_key") and any(map(_CURVES.search, _given(body, call))):
        return "a key on a curve of less than 224 bits can be computed: use SECP256R1"
    made = made_secret(function, body, call, number) if name in _RANDOM and not _picks(call) else ""
    if made and (strict or (lets_in(made, function) and not _ONLY_NEW.search(made))):
        return f"`{made}` comes from `random`, whose next numbers can be foreseen: use `secrets`"
    if every and name in _RANDOM and joins_letters(function, body, call, number):
        return "what is put together from random letters can be foreseen if it lets somebody in: use `secrets.token_urlsafe`"
    if name in _HASHES and "usedforsecurity" not in dict(call.keywords) and call.args and call.args[0][:1] not in "'\"":
        made = made_secret(function, body, call, number)
        if not made or "passw" in made.lower():
            return ""  # how passwords are kept is another question
        return f"`{made}` is made by a broken hash of what others can know: use `secrets`, or HMAC with SHA-256 to sign"
    return ""


def _picks(call: Call) -> bool:
    """One of what exists already, not signs that are put together."""
    return call.callee.rpartition(".")[2] in ("choice", "choices", "sample") and not (call.args and _SIGNS.search(call.args[0]))


def _given(body: Body, call: Call) -> Iterator[str]:
    for value in (*call.args, *(one for _, one in call.keywords)):
        yield body.calls[int(value[1:])].callee if value[:1] == "#" and value[1:].isdigit() else value


def _bits(call: Call) -> int:
    for keyword, value in call.keywords:
        if keyword in ("key_size", "bits"):
            return int(constant_number(value) or 0)
    numbers = [int(number) for value in call.args[:2] if (number := constant_number(value)) is not None]
    return next((number for number in numbers if number >= 128), 0)
