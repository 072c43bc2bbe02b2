"""How passwords are kept and secrets compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.kept_hashes import hash_is_kept
from backend_lint.project.authentication.library_calls import SERVING, calls_to
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, constant_string, parse
from backend_lint.project.web.values import argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_FAST = tuple(f"hashlib.{name}" for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "new", "blake2b", "blake2s", "sha3_256", "sha3_512"))
_PASSWORD = lazy_regex(r"(?:^|_)(?:password|passwd|passphrase|pwd)\d?$", re.IGNORECASE)
_BREACH = lazy_regex(r"upgrade|legacy|migrat|old_|pwn|breach|leak|hibp|compromis|cache|finger|etag|gravatar", re.IGNORECASE)
_SLOW = lazy_regex(r"(?:^|\.)(?:hashpw|checkpw|pbkdf2(?:_hmac)?|scrypt|hash_secret|argon2\.\w+)$|bcrypt\.|argon2|PasswordHasher", re.IGNORECASE)
_HASHES = lazy_regex(r"_*(?:\w+_)?(?:md5|sha\d*)(?:_\w+)?$", re.IGNORECASE)
_COMPARED = lazy_regex(r"^\(?(?:not )?\(?([-%#\w.\[\]'\"]+) ?(==|!=) ?([-%#\w.\[\]'\"]+)\)?\)?$")
_SIGNATURE = lazy_regex(r"(?:^|_)(?:signature|hmac|digest|computed_\w*|expected_sig\w*|mac)$", re.IGNORECASE)
_ENCRYPTS = lazy_regex(r"(?:^|_)encrypt\w*$", re.IGNORECASE)
_PASSING = frozenset({"encode", "get", "strip", "format", "join", "str", "bytes"})
_DIGESTS = frozenset({"hexdigest", "digest"})
_GIVEN = lazy_regex(r"request|form|data|payload|body|self|settings|config|args|credentials|input|cleaned|schema|params|_in\b", re.IGNORECASE)
_FROM_REQUEST = lazy_regex(r"headers|META|request")
_CONFIRM = lazy_regex(r"confirm|repeat|again|retype|new_|old_|current_|verif|password_?[12]|second", re.IGNORECASE)


class Weakness(NamedTuple):
    """A place where a password or a secret is treated carelessly; `kind` is ``fast``, ``plain`` or ``timing``."""

    module: SourceModule
    function: int
    line: int
    column: int
    kind: str
    name: str
    cure: str = ""
    is_kept: bool = True
    """Whether it is plain that what is made is kept, or compared with what was."""

    @property
    def symbol(self) -> str:
        """The enclosing function; empty on module level."""
        return self.module.functions[self.function].name if self.function else ""


def weaknesses(project: Project) -> Iterator[Weakness]:
    """Passwords behind a fast hash, passwords and signatures that are compared as they are."""
    for found in calls_to(project, _FAST):
        given = argument(found.call, 1 if found.name == "hashlib.new" else 0, "string") or argument(found.call, 0, "data")
        name = _password(found.module.bodies[found.function], given)
        if any(_SLOW.search(call.callee) for call in found.module.bodies[found.function].calls):
            continue  # it only makes a long password short enough
        if _is_one_of_many(found.module, found.function):
            continue  # passwords that were kept in the old way can still be checked
        symbol = found.symbol.rpartition(".")[2]
        if name and keyword(found.call, "usedforsecurity") != "False" and not _BREACH.search(f"{found.module.path} {symbol}"):
            is_kept = hash_is_kept(found.module.functions[found.function], found.module.bodies[found.function], found.number)
            yield Weakness(found.module, found.function, found.call.line, found.call.column, "fast", name, is_kept=is_kept)
    own = _compare_themselves(project) | _encrypted(project)
    for module in project.modules.values():
        if module.role in SERVING and not for_development(module.path):
            for function, body in enumerate(module.bodies):
                if module.functions[function].name.rpartition(".")[2] in ("__eq__", "__ne__"):
                    continue  # two objects of one class: neither is what somebody typed in
                compared = [one for one in _comparisons(project, module, function, body) if one.name not in own]
                # a function that compares the stored password says so once
                yield from {one.kind: one for one in reversed(compared)}.values()


def _is_one_of_many(module: SourceModule, function: int) -> bool:
    """The function is named after its hash and stands beside one that is slow: ways to keep a password, of which new ones take another."""
    if not _HASHES.match(module.functions[function].name.rpartition(".")[2]):
        return False
    return any(_SLOW.search(call.callee) for body in module.bodies for call in body.calls)


def _compare_themselves(project: Project) -> frozenset[str]:
    """Names of attributes that are properties, or objects of a class of the project: what they compare is theirs to know."""
    found: set[str] = set()
    for module in project.modules.values():
        for class_ in module.classes:
            found.update(name for number in class_.methods if _PASSWORD.search(name := module.functions[number].name.rpartition(".")[2]))
            for attribute in class_.attributes:
                numbers = call_ids(attribute.value) if _PASSWORD.search(attribute.name) else []
                if len(numbers) == 1 and attribute.value == f"#{numbers[0]}":
                    call = module.bodies[attribute.function].calls[numbers[0]]
                    target = project.value(module.path, attribute.function, call.callee)
                    if target is not None and target.kind is RefKind.CLASS:
                        found.add(attribute.name)
    return frozenset(found)


def _encrypted(project: Project) -> frozenset[str]:
    """Names of attributes that something encrypts before they are kept: passwords for another service, which has to be sent the plain one."""
    calls = project.named_calls
    made = calls.calls(*(name for name in calls.by_name if _ENCRYPTS.search(name)))
    return frozenset(name for _, _, _, call in made if _PASSWORD.search(name := call.target.rpartition(".")[2]))


def _password(body: Body, text: str, depth: int = 0) -> str:
    """The name of the password that a hashed text holds; empty if there is none."""
    word: str
    for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"'(?:[^'\\]|\\.)*'", "''", text[:500])):
        if _PASSWORD.search(word):
            return word
    for match in re.findall(r"\['(\w+)'\]", text[:500]):
        if _PASSWORD.search(match):
            return str(match)
    if depth < 3:
        for number in call_ids(text):
            if number < len(body.calls):
                call = body.calls[number]
                if call.target and _PASSWORD.search(call.target.lstrip("%")):
                    return call.target.lstrip("%")
                if call.callee.rpartition(".")[2] in _PASSING:
                    for inner in (call.callee, *(arg.strip("'") for arg in call.args[:8])):
                        if found := _password(body, inner, depth + 1):
                            return found
    return ""


def _comparisons(project: Project, module: SourceModule, function: int, body: Body) -> Iterator[Weakness]:
    # a block starts at its first statement; the test nearly always stands on the line above
    tests = [(max(block.line - 1, 1), block.subject) for block in body.blocks if "=" in block.subject]
    tests += [(found.line, found.value) for found in body.returns if "=" in found.value]
    tests += [(line, text) for line, text, _ in body.conditions if "=" in text]
    for line, text in tests:
        for part in re.split(r" (?:and|or) ", text[:1000].strip("()")):
            match = _COMPARED.match(part)
            if match is None:
                continue
            left, right = match.group(1), match.group(3)
            if _is_stored(left) != _is_stored(right) and all(_PASSWORD.search(_named(body, side)) for side in (left, right)):
                if not any(_CONFIRM.search(side) for side in (left, right)):
                    yield Weakness(module, function, line, 1, "plain", _last(left if _is_stored(left) else right))
            elif any(_is_digest(project, module, function, body, side) for side in (left, right)) and any(
                _SIGNATURE.search(_last(side)) or _is_header(body, side) for side in (left, right)
            ):
                yield Weakness(module, function, line, 1, "timing", "", _cure(body, left, right))


def _cure(body: Body, left: str, right: str) -> str:
    """``hmac.compare_digest(computed.encode(), ...)`` where hexadecimal digits are compared; empty where bytes are, or it is not known."""
    for side in (left, right):
        call = body.calls[int(side[1:])] if side[:1] == "#" and side[1:].isdigit() else None
        if call is not None and call.callee.endswith(".hexdigest"):
            name = call.target.removeprefix("%")
            return f"hmac.compare_digest({name if name.isidentifier() else '...'}.encode(), ...)"
    return ""


def _named(body: Body, text: str) -> str:
    """The name of a value: of an attribute or key, of the field that ``form.get("password")`` takes out, of what a result is bound to."""
    numbers = call_ids(text)
    if len(numbers) == 1 and text == f"#{numbers[0]}" and numbers[0] < len(body.calls):
        call = body.calls[numbers[0]]
        field = constant_string(call.args[0]) if call.args and call.callee.rpartition(".")[2] in ("get", "pop") else None
        return field or call.target.lstrip("%")
    return _last(text)


def _last(text: str) -> str:
    parsed = parse(text)
    if parsed is None:
        return ""
    if parsed.steps:
        last = parsed.steps[-1]
        return last[1:] if last[0] == "." else last.strip("[]'\"") if last[0] == "[" else ""
    return parsed.root.lstrip("%")


def _is_stored(text: str) -> bool:
    """An attribute of an object that came from somewhere, such as a row: ``user.password``; not a field of the request."""
    parsed = parse(text)
    if parsed is None or not parsed.steps or parsed.steps[-1][0] != ".":
        return False
    return not _GIVEN.search(text.rpartition(".")[0])


def _is_digest(project: Project, module: SourceModule, function: int, body: Body, text: str) -> bool:
    """The result of ``hmac.new(...).hexdigest()``."""
    numbers = call_ids(text)
    if len(numbers) != 1 or numbers[0] >= len(body.calls) or text != f"#{numbers[0]}":
        return False
    call = body.calls[numbers[0]]
    if call.callee.rpartition(".")[2] not in _DIGESTS:
        return False
    for number in call_ids(call.callee):
        if number < len(body.calls):
            target = project.value(module.path, function, body.calls[number].callee)
            if target is not None and target.name in ("hmac.new", "hmac.HMAC"):
                return True
    return False


def _is_header(body: Body, text: str) -> bool:
    calls = [body.calls[number] for number in call_ids(text) if number < len(body.calls)]
    return "headers[" in text or any(_FROM_REQUEST.search(call.callee) for call in calls)
