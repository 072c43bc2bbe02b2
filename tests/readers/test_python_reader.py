"""The Python reader: what facts it takes from a file, and that nothing it is fed makes it raise."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.api import File, Finding, NodeRule
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.python import BlockKind, Body, Module, ParameterKind, Use
from backend_lint.readers.python import read

OWN_SOURCES = sorted((Path(__file__).resolve().parents[2] / "backend_lint").rglob("*.py"))
FILE = SourceFile("app/sample.py", Kind.PYTHON, Role.APPLICATION, 0)


def facts(text: str | bytes) -> tuple[Module, list[Body]]:
    reading = read(text.encode() if isinstance(text, str) else text, FILE)
    assert not reading.unchecked, reading.unchecked
    module = msgspec.msgpack.decode(reading.facts, type=Module)
    return module, msgspec.msgpack.decode(module.bodies, type=list[Body])


def body_of(text: str, function: str = "f") -> Body:
    module, bodies = facts(text)
    return bodies[[head.name for head in module.functions].index(function)]


def test_values_flow_through_locals() -> None:
    body = body_of("def f(u):\n    r = requests.get(u, timeout=5)\n    data = r.json()\n    return data['a']\n")
    first, second = body.calls
    assert (first.callee, first.args, first.keywords, first.use, first.target) == ("requests.get", ("%u",), (("timeout", "5"),), Use.BOUND, "%r")
    assert second.callee == "#0.json"
    assert body.returns[0].value == "#1['a']"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("'{words} %s {words} %(a)s {words}' % x", ["%s", "%(a)s", "%%x)"]),
        ("'{words} {{}} {words} {{b.c!r}} {words}'.format(x)", ["{}", "{b.c!r}", ".format(%x)"]),
        ("'{words}' + x + '{words}'", ["+%x)", "words end"]),
        ("f'{words} {{x}} {words} {words}'", ["{%x}"]),
        ("'https://a.example/{words}?{words}{{}}'.format(x)", ["'https://a.example/", " ? ", "{}"]),
    ],
)
def test_long_strings_keep_the_places_of_values(text: str, inside: list[str]) -> None:
    words = "many other words " * 16 + "words end"
    value = body_of(f"def f(x):\n    y = {text.format(words=words)}\n    return g(y)\n").assigns[0].value
    assert len(value) < 400 < len(text.format(words=words)), "a long string must be abridged"
    assert all(part in value for part in inside), f"what is written into a long string is lost: {value}"


def test_ways_that_meet_leave_two_values() -> None:
    body = body_of("def f(a, s):\n    if a:\n        x = A()\n    else:\n        x = B()\n    x.go()\n    if s is None:\n        s = C()\n    s.go()\n")
    assert [call.callee for call in body.calls if call.callee.endswith(".go")] == ["(#0|#1).go", "(%s|#3).go"]


def test_a_way_that_leaves_does_not_count() -> None:
    body = body_of("def f(a):\n    x = A()\n    if a:\n        x = B()\n        return x\n    x.go()\n")
    assert body.calls[-1].callee == "#0.go"


def test_names_bound_on_a_way_that_leaves_stay_local() -> None:
    body = body_of("def f(a):\n    if a:\n        y = B()\n        return 1\n    return y\n")
    assert body.returns[-1].value == "%y"


def test_awaits_contexts_loops_and_handlers_are_blocks() -> None:
    body = body_of(
        "async def f(pool):\n"
        "    try:\n"
        "        async with pool.acquire() as c:\n"
        "            async for row in c.rows():\n"
        "                await c.run(row)\n"
        "    except (OSError, db.Error) as e:\n"
        "        log(e)\n"
        "    finally:\n"
        "        return 1\n"
    )
    assert [block.kind for block in body.blocks] == [BlockKind.BODY, BlockKind.TRY, BlockKind.WITH, BlockKind.FOR, BlockKind.HANDLER, BlockKind.FINALLY]
    run = next(call for call in body.calls if call.callee.endswith(".run"))
    assert run.awaited and run.args == ("#1[]",) and run.callee == "#0.__enter__().run"
    (handler,) = body.handlers
    assert handler.types == ("OSError", "db.Error") and handler.uses_name and not handler.raises
    assert body.finally_returns == ((9, 9, "return"),)


def test_shapes_of_except_clauses() -> None:
    text = "def f():\n" + "".join(f"    try:\n        g()\n    except E:\n        {line}\n" for line in ("pass", "...", "return 1", "x = 1", "h()", "raise"))
    body = body_of(text)
    assert [handler.shape for handler in body.handlers] == ["pass", "pass", "return", "assign", "other", "other"]
    assert [handler.raises for handler in body.handlers] == [False] * 5 + [True]


def test_comment_in_a_clause_is_seen() -> None:
    clause = "    try:\n        g()\n    except E:\n"
    body = body_of(f"def f():\n{clause}        # the server may be down\n        pass\n{clause}        pass  # noqa\n")
    assert [handler.comment for handler in body.handlers] == [True, False]


def test_heads_carry_signature_decorators_and_owner() -> None:
    module, bodies = facts(
        "class A(Base[int], metaclass=M):\n"
        "    x: int = field(3)\n"
        "    @app.get('/a')\n"
        "    async def go(self, a: 'Session | None', /, b=1, *c, d: list[User] = None, **e) -> Annotated[X, Depends(g)]:\n"
        "        self.client = Client()\n"
    )
    (owner,) = module.classes
    assert owner.bases == ("Base[int]",) and owner.keywords == (("metaclass", "M"),)
    assert [(one.name, one.annotation) for one in owner.attributes] == [("x", "int"), ("client", "")]
    head = module.functions[1]
    assert head.name == "A.go" and head.is_async and head.owner == 0
    assert bodies[0].calls[int(head.decorators[0][1:])].callee == "app.get"
    assert [(one.name, one.kind, one.annotation) for one in head.parameters] == [
        ("self", ParameterKind.POSITIONAL_ONLY, ""),
        ("a", ParameterKind.POSITIONAL_ONLY, "(Session|None)"),
        ("b", ParameterKind.POSITIONAL_OR_KEYWORD, ""),
        ("c", ParameterKind.VAR_POSITIONAL, ""),
        ("d", ParameterKind.KEYWORD_ONLY, "list[User]"),
        ("e", ParameterKind.VAR_KEYWORD, ""),
    ]
    assert head.returns.startswith("Annotated[X,#")


def test_imports_keep_level_scope_and_type_checking() -> None:
    module, _ = facts("import a.b\nfrom ..c import d as e\nif TYPE_CHECKING:\n    import t\ndef f():\n    import late\n")
    assert [(one.name, one.module, one.member, one.level, one.function, one.type_checking) for one in module.imports] == [
        ("a", "a.b", "", 0, 0, False),
        ("e", "c", "d", 2, 0, False),
        ("t", "t", "", 0, 0, True),
        ("late", "late", "", 0, 1, False),
    ]


def test_columns_count_code_points_behind_a_byte_order_mark() -> None:
    body = facts("\ufeffx = 'ä€😀'; g()\n".encode())[1][0]
    assert (body.calls[0].line, body.calls[0].column) == (1, 12)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"def f(:\n", "syntax error"),
        (b"print 'a'\n", "Python 2"),
        (b"x = 1\n\0", "NUL"),
        (b"# coding: no-such-codec\n", "unknown encoding"),
        (b"x = '\xff'\n", "not valid utf-8"),
        ("x = 1".encode("utf-16"), ""),
        (b"(" * 500 + b")" * 500, "nested"),
        (b"-" * 100_000 + b"1", "nested"),
        (b"x = [" * 150 + b"]" * 150, ""),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_raised(data: bytes, said: str) -> None:
    reading = read(data, FILE)
    if said:
        assert [one.path for one in reading.unchecked] == [FILE.path]
        assert said in reading.unchecked[0].reason or "too many nested" in reading.unchecked[0].reason


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this interpreter knows the syntax")
def test_newer_syntax_that_cannot_be_said_in_older_words_names_the_version_it_needs() -> None:
    reading = read(b'x = 1\ny = f"{f"{f"{f"{f"{x}"}"}"}"}"\n', FILE)
    assert reading.unchecked[0].line == 2 and "need Python 3.12" in reading.unchecked[0].reason


class _EveryName(NodeRule[ast.Name]):
    severity, precision, since = "info", "high", "0.1"
    nodes = (ast.Name,)
    triggers = (b"wanted",)

    def visit(self, node: ast.Name, file: File) -> list[Finding]:  # type: ignore[override]
        return [self.finding(file.path, file.position(node), f"name {node.id} in {file.symbol}")]


class _Broken(_EveryName):
    def visit(self, node: ast.Name, file: File) -> list[Finding]:  # type: ignore[override]
        raise RuntimeError("no")


def test_node_rules_see_their_nodes_and_a_broken_one_costs_only_itself() -> None:
    reading = read(b"def f():\n    return [wanted for x in y]\n", FILE, [_EveryName("every-name", "errors"), _Broken("broken", "errors")])
    assert {finding.message for finding in reading.findings} >= {"name wanted in f", "name y in f"}
    assert reading.unchecked and all("rule broken failed: RuntimeError" in one.reason for one in reading.unchecked)
    assert not read(b"x = y\n", FILE, [_EveryName("every-name", "errors")]).findings


def check_invariants(data: bytes) -> None:
    reading = read(data, FILE)
    if not reading.facts:
        assert reading.unchecked
        return
    module = msgspec.msgpack.decode(reading.facts, type=Module)
    bodies = msgspec.msgpack.decode(module.bodies, type=list[Body])
    assert len(bodies) == len(module.functions)
    for head, body in zip(module.functions, bodies, strict=True):
        assert -1 <= head.scope < len(bodies) and -1 <= head.owner < len(module.classes)
        for number, block in enumerate(body.blocks):
            assert block.parent < number
        for call in body.calls:
            assert 0 <= call.block < len(body.blocks) and call.line >= 1 and call.column >= 1
            assert (call.line, call.column) <= (call.end_line, call.end_column)
        for handler in body.handlers:
            assert body.blocks[handler.block].kind is BlockKind.HANDLER and body.blocks[handler.protected].kind is BlockKind.TRY


@pytest.mark.parametrize("path", OWN_SOURCES, ids=lambda path: path.name)
def test_facts_of_our_own_files_hold_together(path: Path) -> None:
    check_invariants(path.read_bytes())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(OWN_SOURCES), st.data())
def test_mangled_files_never_raise(path: Path, data: st.DataObject) -> None:
    text = path.read_bytes()[:6000]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        kind = data.draw(st.sampled_from(("cut", "insert", "double", "join")))
        if kind == "cut":
            text = text[:at] + text[at + data.draw(st.integers(1, 200)) :]
        elif kind == "insert":
            piece = data.draw(st.sampled_from((b"(", b"]", b"'", b"\n", b"\xff", b"\0", b"    ", b"await ", b"yield ", b"\xe2\x82\xac", b"lambda:")))
            text = text[:at] + piece + text[at:]
        elif kind == "double":
            text = text[:at] + text[at : at + 300] + text[at:]
        else:
            text = text[:at] + b"\n" + OWN_SOURCES[0].read_bytes()[:at] + text[at:]
    check_invariants(text)
