"""Which weakness class a finding of backend-lint, bandit, ruff or semgrep belongs to: tables for `security_peers.py`."""

from __future__ import annotations

import re
from typing import Any

_CWES = {
    "SQL injection": (89, 943),
    "command injection": (77, 78, 88, 553),
    "code and templates": (94, 95, 96, 1336),
    "path traversal": (22, 23, 73),
    "SSRF": (918,),
    "JWT": (347,),
    "deserialisation": (502,),
    "weak crypto": (326, 327, 328, 330, 338),
    "TLS verification": (295,),
    "XXE": (611, 776),
    "open redirect": (601,),
    "scripts in pages": (79, 80),
    "hard-coded secrets": (259, 321, 798),
}
NAMES = tuple(_CWES)
_BY_CWE = {number: name for name, numbers in _CWES.items() for number in numbers}
_BANDIT = {
    "SQL injection": "B608 B610 B611",
    "command injection": "B404 B601 B602 B603 B604 B605 B606 B607 B609",
    "code and templates": "B102 B307",
    "path traversal": "B202",
    "SSRF": "B310",
    "deserialisation": "B301 B302 B403 B506 B614",
    "weak crypto": "B303 B304 B305 B311 B324 B413 B502 B503 B504 B505",
    "TLS verification": "B323 B501 B507",
    "XXE": "B313 B314 B315 B316 B317 B318 B319 B320 B405 B406 B407 B408 B409 B410 B411",
    "scripts in pages": "B308 B701 B702 B703 B704",
    "hard-coded secrets": "B105 B106 B107",
}
NO_LABELS = frozenset({"B310"})
"""Tests that count a call whatever it is given: `urlopen` of a constant is no fault, so that its places are not labelled; their findings count."""
_BY_BANDIT = {test: name for name, tests in _BANDIT.items() for test in tests.split()}
_OURS = {
    "sql-built-from-strings": ("SQL injection",),
    "ssrf-user-url": ("SSRF",),
    "jwt-verification": ("JWT",),
    "jwt-secret-claim": ("JWT",),
    "hardcoded-signing-key": ("JWT", "hard-coded secrets"),
    "hardcoded-secret": ("hard-coded secrets",),
    "weak-crypto": ("weak crypto",),
    "password-storage": ("weak crypto",),
    "tls-verification-disabled": ("TLS verification",),
    "oauth-flow-misuse": ("open redirect",),
}

_BY_WORDS = {
    "dangerous-sink": {
        "operators of the query": "SQL injection",
        "a command of the shell": "command injection",
        "which program is started": "command injection",
        "which script the interpreter runs": "command injection",
        "no shell takes apart": "command injection",
        "names that the code sees": "code and templates",
        "as Python code": "code and templates",
        "compiled as a template": "code and templates",
        "names a file": "path traversal",
        "loaded by a format": "deserialisation",
        "external entities": "XXE",
        "the browser is sent": "open redirect",
        "written into a page": "scripts in pages",
    },
    "unchecked-sink-value": {
        "the text of the statement": "SQL injection",
        "the command that it becomes": "command injection",
        "an option of the command": "command injection",
        "no shell takes apart": "command injection",
        "the program that is started": "command injection",
        "the Python code that runs": "code and templates",
        "the template that is compiled": "code and templates",
        "commands this machine": "command injection",
        "run as Python code": "code and templates",
        "a format that runs code": "deserialisation",
        "loaded here runs as code": "deserialisation",
        "members of an archive": "path traversal",
        "the path of the address": "SSRF",
    },
}


def of_semgrep(name: str, path: str, rule: dict[str, Any]) -> str:
    """The class of a rule of semgrep, by its first CWE that has one; tokens by the library that the rule is about."""
    if path.startswith("python/jwt/") or "jwt" in name:
        return "JWT"
    given = rule.get("metadata", {}).get("cwe", [])
    for text in given if isinstance(given, list) else [given]:
        match = re.match(r"CWE-(\d+)", str(text))
        if match and int(match.group(1)) in _BY_CWE:
            return _BY_CWE[int(match.group(1))]
    return ""


def of_bandit(test: str) -> str:
    return _BY_BANDIT.get(test, "")


def of_ruff(code: str) -> str:
    """ruff numbers its rules as bandit does."""
    return _BY_BANDIT.get("B" + code[1:], "")


def of_ours(rule: str, message: str) -> frozenset[str]:
    """The classes of a finding of ours; rules about several are told by what their message says."""
    if rule in _BY_WORDS:
        return frozenset(kind for words, kind in _BY_WORDS[rule].items() if words in message)
    return frozenset(_OURS.get(rule, ()))
