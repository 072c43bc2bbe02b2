"""Code of a newer Python on an older one: it is read, each statement on its line, and what is old already is left alone."""

from __future__ import annotations

import ast
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.readers.python import read
from backend_lint.readers.python.newer_syntax import in_older_words

FILE = SourceFile("app/a.py", Kind.PYTHON, Role.APPLICATION, 0)

PAIRS = [
    ("type Rows = list[Row]\n", "Rows      = list[Row]\n"),
    ("type Rows[T] = list[T]\n", "Rows         = list[T]\n"),
    ("if a: type Rows = 1; type Row = 2\n", "if a: Rows      = 1; Row      = 2\n"),
    ("class Store[M: Base, *Ts, **P](Base): ...\n", "class Store                   (Base): ...\n"),
    ("class Store[M = str]:\n    x = 1\n", "class Store         :\n    x = 1\n"),
    ("async def read[T: (int, str)](a: T) -> T: ...\n", "async def read               (a: T) -> T: ...\n"),
    ("def read[\n    T,  # ]\n\n](a): ...\n", "def read\\\n          \\\n\\\n (a): ...\n"),
    ('def read[T: Literal["]"]](a): ...\n', "def read                 (a): ...\n"),
    ('x = f"{a["b"]}"\n', "x = f\"{a['b']}\"\n"),
    ('x = f"{", ".join(a)} {b!r:>{w}}"\n', "x = f\"{', '.join(a)} {b!r:>{w}}\"\n"),
    ("x = f'{'\\n'.join(a)}'\n", "x = f'{\"  \".join(a)}'\n"),
    ('x = f"{f"{f"{1}"}"}"\n', "x = f\"{f'''{f'{1}'}'''}\"\n"),
    ('x = f"{", ".join(f"\'{y}\'" for y in a)}"\n', 'x = f"""{", ".join(f"\'{y}\'" for y in a)}"""\n'),
    ('x = f"{\n    a  # why }\n}"\n', 'x = f"""{\n    a  \n}"""\n'),
    ('x = f"{{{a["b"]}}}"\n', "x = f\"{{{a['b']}}}\"\n"),
    ('x = rf"\\d{a["b"]}\\{c["d"]}"\n', "x = rf\"\\d{a['b']}\\{c['d']}\"\n"),
    ('x = f"\\N{EM DASH} {a["b"]}"\n', "x = f\"\\N{EM DASH} {a['b']}\"\n"),
    ('x = t"{a} {b["c"]}"\n', "x = f\"{a} {b['c']}\"\n"),
    ("try:\n    a()\nexcept ValueError, c.KeyError:\n    pass\n", "try:\n    a()\nexcept(ValueError, c.KeyError):\n    pass\n"),
    ("try:\n    a()\nexcept* A, B, C :\n    pass\n", "try:\n    a()\nexcept*(A, B, C):\n    pass\n"),
    ("lazy import json\n", "import      json\n"),
    ("lazy from a import b\n", "from      a import b\n"),
]


@pytest.mark.parametrize(("newer", "older"), PAIRS)
def test_is_said_in_older_words(newer: str, older: str) -> None:
    said = in_older_words(newer.encode())
    assert said is not None and said.data.decode() == older
    ast.parse(older)
    assert not read(newer.encode(), FILE).unchecked


@pytest.mark.parametrize(("newer", "older"), PAIRS)
def test_edits_go_by_columns_only_where_these_are_kept(newer: str, older: str) -> None:
    said = in_older_words(newer.encode())
    assert said is not None and said.in_place == ('"""' not in older and "'''" not in older)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs an interpreter that knows the syntax")
@pytest.mark.parametrize(("newer", "older"), [pair for pair in PAIRS if pair[0].startswith("x = f")])
def test_means_what_the_newer_parser_reads(newer: str, older: str) -> None:
    assert ast.unparse(ast.parse(newer)).replace("\\n", "  ") == ast.unparse(ast.parse(older))


@pytest.mark.parametrize(
    "text",
    [
        "type = 1\ntype.x = 2\ntype[0] = 3\ntype(x)\nlazy = 4\nx: type[int] = 5\n",
        "print 'a'\n",
        "try:\n    a()\nexcept ValueError, error:\n    pass\n",
        'x = f"{a[\'b\']:{w}}" f"{{}}" "#" \'"\' # "\n',
        'x = f"{a["b"}"\n',
        'x = f"{a\n',
        "def f[T(a): ...\n",
        "{% if x %}\n",
    ],
)
def test_what_is_old_or_no_python_is_left(text: str) -> None:
    assert in_older_words(text.encode()) is None


def test_nothing_of_the_standard_library_is_said_anew() -> None:
    """What the interpreter parses is never touched: 600 files as the oracle."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) + sorted(Path(sysconfig.get_path("stdlib")).glob("[a-s]*/*.py"))[:500]
    assert len(files) > 300
    for file in files:
        data = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        try:
            tree = ast.parse(data)
            data.decode()
        except (SyntaxError, ValueError):
            continue
        said = in_older_words(data)
        if said is not None:
            assert sys.version_info >= (3, 12) and ast.unparse(tree) == ast.unparse(ast.parse(said.data)), file


_BITS = st.sampled_from([
    *["f", "t", "r", '"', "'", '"""', "'''", "{", "}", "{{", "[", "]", "(", ")", "\\", "\n", "\r\n", "#", ":", "!r", "a", " ", "é", "\\N{"],
    *["type T", " = ", "def g", "class C", "except A, B"],
])


@settings(max_examples=400, deadline=None)
@given(st.lists(_BITS, max_size=40).map("".join))
def test_never_fails_and_keeps_every_line(text: str) -> None:
    said = in_older_words(text.encode())
    if said is not None:
        assert len(said.data.decode().splitlines()) == len(text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        *['f"{' * 20_000, 'f"{x["a"]}" ' * 20_000, "def f[" * 20_000, 'f"{' + "(" * 50_000 + '"'],
        *["f'{f\"{f'''{f\"\"\"{\"a\" " * 4_000, "type x" * 20_000, "\\" * 50_000 + '"'],
    ],
)
def test_is_linear(text: str) -> None:
    """Ten times the text costs some ten times the time, not a hundred times."""
    small, whole = text[: len(text) // 10].encode(), text.encode()
    costs = []
    for data in (small, whole):
        start = time.process_time()
        for _ in range(3):
            in_older_words(data)
        costs.append(time.process_time() - start)
    assert costs[1] < 40 * max(costs[0], 0.002)
