"""Tests as functions: which they are, and whether anything in them can fail but an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Function, Use
from backend_lint.project import FunctionKey, Project, RefKind, SourceModule

_ASSERTS = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:assert|expect|check|verif|validat|ensure|should|must|raise|warn|fail|match|compar|same|equal|has_calls|approve|snapshot"
    r"|golden|diff|contain|confirm|exit|skip|xfail|benchmark|quantif|test|run_case|wait_for|until|conform|inspect|lint|stop|full_clean|refresh_from_db)",
    re.IGNORECASE,
)
"""Names of what fails on its own."""
_QUIET_ON_PURPOSE = re.compile(
    r"smoke|no_?(?:error|exc|raise|crash|fail|op)|(?:not|n_?t|never|without|un)_?(?:rais|crash|fail|throw|error|break|explod|block)"
    r"|import|runs?(?:_|$)|works?(?:_|$)|(?:is|are)_(?:ok|fine|valid|accepted|allowed)|ignor|compil|succe|silent|allow|accept|valid|pass(?:es)?(?:_|$)|load|safe|toler|idempot|handle"
    r"|nothing|unknown|missing|(?:not|n_?t|never)_?(?:stop|abort|interrupt|affect|hang|loop|recurs)"
    r"|(?:not|non|n_?t|never|no)_?(?:found|exist|set|trigger|need)|null|none(?:_|$)"
    r"|exclud|disabl|enabl|invalid|bad_|preserv|repr|str(?:_|$)|perf|bench|deprecat|migrat|noop|gracef|skip|empty|harmless|does_nothing|can_(?:be|create|call)",
    re.IGNORECASE,
)
"""Names of tests that want no exception and nothing else."""
_REFUSED = re.compile(r"raises|assertRaises", re.IGNORECASE)
_FIXTURES = re.compile(
    r"benchmark|snapshot|respx|httpx_mock|responses|regression|max_num_queries|pact|recwarn|caplog_check|approv|testdir|pytester|webtest|testapp"
)
"""Fixtures that assert when the test is over."""
_DECORATORS = re.compile(r"skip|xfail|expectedFailure|raises|given|schema|fixture|hookimpl|benchmark|snapshot|assert|step|scenario")
_DEPTH = 4


def test_functions(project: Project) -> Iterator[tuple[SourceModule, int, Function, Body]]:
    """The functions that pytest or unittest runs as tests."""
    for module, index, head, body in project.functions():
        name = head.name.rpartition(".")[2]
        if module.role is not Role.TEST or not name.startswith("test") or "<locals>" in head.name or head.is_generator:
            continue
        file = module.path.rpartition("/")[2]
        if head.owner < 0:
            if (file.startswith("test_") or file.endswith("_test.py")) and head.name.startswith("test_"):
                yield module, index, head, body
        elif _is_test_class(project, module, head.owner, file):
            yield module, index, head, body


def _is_test_class(project: Project, module: SourceModule, owner: int, file: str) -> bool:
    owning = module.facts.classes[owner]
    bases = " ".join(owning.bases)
    if "Test" in bases or "test" in bases.lower():
        return True
    return not owning.bases and owning.name.startswith("Test") and (file.startswith("test_") or file.endswith("_test.py"))


def asserts(project: Project, key: FunctionKey, depth: int = 0, seen: frozenset[FunctionKey] = frozenset()) -> bool:
    """Whether something in a function, or in what it calls, may fail a test; True as well if that is not known."""
    body = project.calls.body(key)
    # a comprehension's `if` stands among the conditions too: then nobody knows
    if body.conditions or body.raises:
        return True
    if any(block.kind is BlockKind.WITH and block.subject[:1] == "%" for block in body.blocks):
        return True  # `with expectation:`, of a parameter
    known = {edge.number: edge.target for edge in project.calls.edges(key)}
    for number, call in enumerate(body.calls):
        name = call.callee.rpartition(".")[2]
        if any(word.lstrip("_").startswith(("status", "expect")) for word, _ in call.keywords):
            return True  # WebTest's `app.get(url, status=403)` fails on any other
        if call.callee.endswith("]") or (call.callee.startswith("#") and "." not in call.callee):
            return True  # `getattr(self, name)()`, `checks[role]()`: nobody knows what is called
        if _ASSERTS.search(name) or (call.use is Use.CONTEXT and _ASSERTS.search(call.callee)):
            return True
        target = known.get(number)
        ours = target is not None and target.kind is RefKind.FUNCTION and bool(target.path)
        own = call.callee.startswith(("%self.", "%cls.", "super")) and not call.callee.startswith(("%self.client.", "%self.api_client."))
        if own and not ours and call.callee.count(".") == 1:
            return True  # a method of a class outside
        if target is None:
            if not call.callee.startswith(("%", "#")) or call.callee.count(".") == 0:
                return True
            continue
        if target.kind is RefKind.FUNCTION and target.path:
            inner = target.function
            if depth >= _DEPTH:
                return True
            if inner not in seen and _in_tests(project, target.path) and asserts(project, inner, depth + 1, seen | {key}):
                return True
    return False


def _in_tests(project: Project, path: str) -> bool:
    module = project.modules.get(path)
    return module is not None and module.role is Role.TEST


def fails_only_by_exception(project: Project, module: SourceModule, index: int, head: Function, body: Body) -> bool:
    """The test asserts nothing, calls something, and does not say that no exception is all it wants."""
    if not body.calls or _QUIET_ON_PURPOSE.search(head.name.rpartition(".")[2]):
        return False
    if any(_FIXTURES.search(parameter.name) for parameter in head.parameters):
        return False
    decorators = [*head.decorators, *(module.facts.classes[head.owner].decorators if head.owner >= 0 else ())]
    scope = module.bodies[head.scope]
    named = [scope.calls[int(text[1:])].callee if text.startswith("#") and text[1:].isdigit() else text for text in decorators]
    if any(_DECORATORS.search(name) for name in named):
        return False
    if _only_shows(body) or _fails_by_status(project, module, head) or _beside_a_refusal(module, index, head, body):
        return False
    return not asserts(project, (module.path, index))


def _only_shows(body: Body) -> bool:
    """Nothing is called for what it does: what is made is only shown, by ``str(x)``, or an attribute of it is read."""
    return all(call.use is not Use.DROPPED for call in body.calls)


def _fails_by_status(project: Project, module: SourceModule, head: Function) -> bool:
    """WebTest's application refuses every status but 2xx and 3xx on its own."""
    if head.owner < 0:
        return False
    bases = project.resolver.classes.ancestors(module.path, head.owner)
    return any("WebTest" in base.name for base in bases) or "webtest" in " ".join(one.module for one in module.facts.imports)


def _beside_a_refusal(module: SourceModule, index: int, head: Function, body: Body) -> bool:
    """A test beside it wants the same call to raise: that this one does not is what it is for."""
    own = {call.callee for call in body.calls if call.use is Use.DROPPED}
    for number, (other, there) in enumerate(zip(module.functions, module.bodies, strict=True)):
        if number == index or other.owner != head.owner or not other.name.rpartition(".")[2].startswith("test"):
            continue
        refused = [block for block, one in enumerate(there.blocks) if one.kind is BlockKind.WITH and _REFUSED.search(_subject(there, one.subject))]
        if refused and any(call.callee in own and call.block in refused for call in there.calls):
            return True
    return False


def _subject(body: Body, text: str) -> str:
    return body.calls[int(text[1:])].callee if text[:1] == "#" and text[1:].isdigit() and int(text[1:]) < len(body.calls) else text
