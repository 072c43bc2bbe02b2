"""Secrets that stand in the code: keys in the form of a known provider, and random-looking values under names of secrets."""

from __future__ import annotations

import collections
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development, named_for_development, only_while_developing
from backend_lint.project.authentication.signing_keys import is_signing_key
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import constant_string, entries
from backend_lint.redaction import is_secret

if TYPE_CHECKING:
    from backend_lint.project import Project

_ROLES = frozenset({Role.APPLICATION, Role.SETTINGS, Role.COMMAND})
_SHORTEST = 16
_LEAST = 10
"""With its quotation marks; what is shorter is a password at most in a test."""
_BEGINS = frozenset("'\"b{")
_LONGEST = 4000
_PROVIDERS = {
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{50,255}\b",
    "a GitLab token": r"\bglpat-[\w-]{20,255}\b",
    "a Slack token": r"\bxox[abeprs]-\d[\w-]{20,255}",
    "a Slack webhook": r"hooks\.slack\.com/services/T\w{6,20}/B\w{6,20}/\w{20,40}",
    "a secret key of Stripe": r"\b[sr]k_live_[0-9A-Za-z]{20,255}\b",
    "a key of SendGrid": r"\bSG\.[\w-]{16,32}\.[\w-]{30,64}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"\bpypi-AgEI[\w-]{50,255}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{34}\b",
    "a key of OpenAI": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{40,255}\b",
    "a private key": r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----(?:\s|\\n){1,3}[A-Za-z0-9+/]{40}",
}
_SHAPES = lazy_regex("|".join(f"({pattern})" for pattern in _PROVIDERS.values()))
_KINDS = tuple(_PROVIDERS)
_SIGNS = ("AKIA", "ASIA", "gh", "glpat-", "xox", "hooks.slack", "k_live_", "SG.", "npm_", "pypi-", "hf_", "sk-", "PRIVATE KEY")
_MAY_HOLD = lazy_regex(
    r""": ?b?['"][^'"\s]{16}|(?i:passw|passphrase|pwd)|AKIA|ASIA|gh[pousr]_|github_|glpat-|xox|hooks\.slack|k_live_|SG\.|npm_|pypi-|hf_|sk-|PRIVATE KEY"""
)
"""What a dictionary with a secret in it holds; to take its entries apart costs more."""
_PLACEHOLDER = lazy_regex(
    r"example|placeholder|changeme|change[-_]?me|dummy|fake|sample|mock|insert|replace|redacted|your|todo|fixme|lorem|default|insecure|unsafe|secret|passw|"
    r"token|demo|dev|test|local|xxx|\*\*\*|\.\.\.|12345|abcdef|<|>|\$\{|\{\{|%\(|null|none|undefined|foobar|qwert|django|deadbeef|feedface|cafebabe|"
    r"ch[a4]ng[e3]|p[a4@][s5$]{2}w|s[e3]cr[e3]t",
    re.IGNORECASE,
)
_NOT_SECRET = lazy_regex(
    r"salt|pepper|signature|hash|digest|public|publishable|anon|site_?key|csrf|xsrf|next|page|cursor|continuation|name|field|header|prefix|suffix|param|"
    r"regex|pattern|format|label|title|message|text|help|hint|choice|scope|env|var|cache|lock|tokeni[sz]|tokens?_to|placeholder|error",
    re.IGNORECASE,
)
"""Names of what is said about a secret, or is shown to everybody."""
_RANDOM = lazy_regex(r"[A-Za-z0-9+/=_\-!@#$%^&*.~:|]{16,500}")
_ADDRESS = lazy_regex(r"://|^/|^\.{0,2}/|^[\w-]+(?:\.[A-Za-z_][\w-]*)+$|^arn:|^(?:pbkdf2_|\$2[aby]\$|\$argon2|argon2|bcrypt|sha\d+[$-]|md5\$|scrypt:|crypt\$)|@")
_MADE_UP = lazy_regex(r"e2e|(?:^|[/_])(?:seeds?|seeding|fixtures?)(?:[/_.]|$)", re.IGNORECASE)
"""Paths of data for trying out."""
_OF_PASSWORD = lazy_regex(r"(?:password|passwd|passphrase|pwd)$", re.IGNORECASE)
_SIGN = lazy_regex(r"[!#$%&*+=?^~](?!\{)")
_UUID = lazy_regex(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD = lazy_regex(r"[a-z]{5,}|[A-Z]{6,}")
_HEX = lazy_regex(r"[0-9a-f]+|[0-9A-F]+")
_ENVIRONMENT = lazy_regex(r"(?:^|\.)(?:getenv|get|env|config|str|get_secret|setdefault)$")
_SHOWN = lazy_regex(r"response|example|sample", re.IGNORECASE)
"""What another service answers, as somebody wrote it down."""
_LOOKS_UP = lazy_regex(r"(?:^|[._])(?:getenv|get|pop|setdefault|env|config|conf|setting|settings|get_secret|str|getvar)$|(?i:config|setting|env)\w*$")
_LEAST_BITS, _LEAST_BITS_OF_HEX = 3.5, 3.0
"""Shannon entropy of a sign: 16 random letters and digits have 3.6 at least nineteen times in twenty, words and dates have less."""


class Secret(NamedTuple):
    """A secret in the code: the name that it has, or what it is by its form (`kind`). The value is not kept."""

    module: SourceModule
    function: int
    line: int
    column: int
    name: str
    kind: str
    is_default: bool = False
    """A configuration is asked first, and this is what is taken if it says nothing."""


def secrets_in_code(project: Project) -> Iterator[Secret]:
    """Secrets that production may run with, in order of path; each place once."""
    for module in project.modules.values():
        if module.role not in _ROLES or for_development(module.path) or _MADE_UP.search(module.path):
            continue
        seen: set[int] = set()
        for function, body in enumerate(module.bodies):
            for name, value, line, column, block in _values(module, function, body):
                kind = kind_of(value)
                if line not in seen and (kind or is_random_secret(name, value)) and not only_while_developing(body, block):
                    seen.add(line)
                    yield Secret(module, function, line, column, name, kind, _falls_back(module, body, name, line))
        for class_ in module.classes:
            for attribute in class_.attributes:
                known = _long(attribute.value)
                if not known or attribute.line in seen or named_for_development(class_.name):
                    continue
                if (kind := kind_of(known)) or is_random_secret(attribute.name, known):
                    seen.add(attribute.line)
                    is_default = any(base.rpartition(".")[2].endswith("Settings") for base in class_.bases)
                    yield Secret(module, attribute.function, attribute.line, attribute.column, attribute.name, kind, is_default)


def _falls_back(module: SourceModule, body: Body, name: str, line: int) -> bool:
    """Whether the value, or the constant that holds it, is the default of a look-up in a configuration."""
    if name.upper().startswith("DEFAULT_") or any(call.line == line and len(call.args) < 3 and _LOOKS_UP.search(call.callee) for call in body.calls):
        return True
    if not name.isidentifier():
        return False
    looked_up = [call for one in module.bodies for call in one.calls if _LOOKS_UP.search(call.callee)]
    return any(name in call.args[1:] or ("default", name) in call.keywords for call in looked_up)


def kind_of(value: str) -> str:
    """What a value is if it has the form of a provider's key; empty otherwise, and for an example.

    >>> kind_of("AKIA" + "QWZ7M3KD5PLX2RTB"), kind_of("AKIAIOSFODNN7EXAMPLE"), kind_of("akia")
    ('an AWS access key', '', '')
    """
    if len(value) < _SHORTEST or (" " in value and "PRIVATE KEY" not in value) or not any(sign in value for sign in _SIGNS):
        return ""
    match = _SHAPES.search(value[:_LONGEST])
    if match is None or (match.lastindex != len(_KINDS) and _says_example(match.group())):
        return ""
    return _KINDS[(match.lastindex or 1) - 1]


def is_random_secret(name: str, value: str) -> bool:
    """Whether a value looks random and its name says that it is secret.

    >>> is_random_secret("api_key", "8f3kQz71LmPx0vBt"), is_random_secret("api_key", "your-api-key-here-1"), is_random_secret("PUBLIC_KEY", "8f3kQz71LmPx0vBt")
    (True, False, False)
    """
    if len(value) < _SHORTEST:
        return _is_password(name, value)
    if _RANDOM.fullmatch(value) is None or not is_secret(name) or _NOT_SECRET.search(name) or is_signing_key(name):
        return False
    if _ADDRESS.search(value) or _PLACEHOLDER.search(value):
        return False
    if _UUID.fullmatch(value):
        return "secret" in name.lower() or "key" in name.lower()
    if not any(sign.isdigit() for sign in value) or not any(sign.isalpha() for sign in value):
        return False
    if _HEX.fullmatch(value):
        return entropy(value) >= _LEAST_BITS_OF_HEX
    return entropy(value) >= _LEAST_BITS and not _WORD.search(value)


def _is_password(name: str, value: str) -> bool:
    """Letters of both kinds, digits and a sign that words do not have, under the name of a password."""
    if not _OF_PASSWORD.search(name) or _NOT_SECRET.search(name) or _PLACEHOLDER.search(value) or _ADDRESS.search(value):
        return False
    return _SIGN.search(value) is not None and all(any(test(sign) for sign in value) for test in (str.isupper, str.islower, str.isdigit))


def entropy(text: str) -> float:
    """Shannon entropy of a sign, in bits.

    >>> entropy("aaaa"), entropy("abcd")
    (0.0, 2.0)
    """
    counts = collections.Counter(text).values()
    return abs(sum(count / len(text) * math.log2(count / len(text)) for count in counts))


def _says_example(text: str) -> bool:
    rest = text.partition("_")[2] or text.partition("-")[2] or text[4:]
    return re.search(r"example|xxxx|0000|1234567|abcdef|your|test|fake|dummy", text, re.IGNORECASE) is not None or len(set(rest)) < 8


def _values(module: SourceModule, function: int, body: Body) -> Iterator[tuple[str, str, int, int, int]]:
    """Constant strings that are long enough with their name, place and block."""
    for assign in body.assigns:
        if len(assign.value) >= _LEAST and assign.value[0] in _BEGINS:
            for name, value in _named(_last(assign.target), assign.value) if not _SHOWN.search(assign.target) else ():
                yield name, value, assign.line, assign.column, assign.block
    for call in body.calls:
        for name, text in call.keywords:
            if len(text) >= _LEAST and text[0] in _BEGINS:
                read = constant_string(call.args[0]) or "" if name == "default" and call.args and _ENVIRONMENT.search(call.callee) else name
                for key, value in _named(read, text):
                    yield key, value, call.line, call.column, call.block
        for number, text in enumerate(call.args):
            if len(text) >= _LEAST and text[0] in _BEGINS:
                read = constant_string(call.args[0]) or "" if number == 1 and _ENVIRONMENT.search(call.callee) else ""
                for key, value in _named(read, text):
                    yield key, value, call.line, call.column, call.block
    head = module.functions[function]
    for parameter in head.parameters if function else ():
        if value := _long(parameter.default):
            yield parameter.name, value, head.line, head.column, 0


def _named(name: str, text: str) -> Iterator[tuple[str, str]]:
    if text[0] == "{":
        yield from _held(text)
    elif value := _long(text):
        yield name, value


def _held(text: str) -> Iterator[tuple[str, str]]:
    for name, value in entries(text) if _MAY_HOLD.search(text) else ():
        if known := _long(value):
            yield name, known


def _long(text: str) -> str:
    if len(text) < _LEAST or text[0] not in "'\"b":
        return ""
    return constant_string(text.removeprefix("b")) or ""


def _last(target: str) -> str:
    """The name that is bound: of an attribute or a key its own."""
    words = re.findall(r"\w+", target[-200:])
    return words[-1] if words else ""
