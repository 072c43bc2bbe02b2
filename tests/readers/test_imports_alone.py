"""The reader of imports alone answers what the whole reader would, or leaves the file to it."""

import random
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backend_lint
from backend_lint.config import Settings
from backend_lint.engine.import_model import read_import_model
from backend_lint.engine.run import read_model
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.python import Import, Module
from backend_lint.readers.python import imports as reader_of_imports
from backend_lint.readers.python import read
from backend_lint.readers.python.imports import is_python, read_imports
from backend_lint.report.maps import render_layers

PACKAGE = Path(backend_lint.__file__).parent


def alone(data: bytes) -> tuple[Import, ...] | None:
    reading = read_imports(data)
    return None if reading is None else msgspec.msgpack.decode(reading.facts, type=Module).imports


def whole(data: bytes) -> tuple[Import, ...] | None:
    reading = read(data, SourceFile("app.py", Kind.PYTHON, Role.APPLICATION, len(data)))
    return msgspec.msgpack.decode(reading.facts, type=Module).imports if reading.facts else None


ANSWERED = {
    "nothing": "",
    "forms": "import os\nimport a.b.c as d, e\nfrom . import x\nfrom .. import (y,\n    z as w,  # the last (of them)\n)\n"
    "from ...p.q import *\nfrom a import b as c, d\n",
    "close together": "from.import a\nfrom .b import(c)\nfrom .. d import*\nfrom d import(e,f)\nimport  a ,b\n",
    "names that begin with keywords": "from .importer import imported\nimport from_\nfrom . import import_\n",
    "in strings": 'x = """\nimport a\nfrom b import c\n"""\nimport d\ny = "\\\nimport e"\n\'\'\'\nimport f\'\'\'\nr"\\\\"\nimport g\n',
    "strings in comments": "# it's \"\"\"\nimport a\n# '''\nimport b\n",
    "comments in strings": 'x = "# \'" + \'"""\'\nimport a\n',
    "joined lines": "import a, \\\n    b\nfrom c \\\n  import d, \\\n e\nif x and \\\n        y:\n    import f\n",
    "in functions": "import a\ndef f(\n    x=(1, 2),\n):\n    '''import\n    b'''\n    import c\n    class K:\n        import d\n"
    "        async def g(self):\n            import e\n    import h\n"
    "class L:\n    import i\n    def m(self):\n        from . import j\nimport k\n",
    "in blocks": "try:\n    import a\nexcept (A,\nB) as b:\n    import c\nelse:\n    with x as y, \\\nz:\n        import d\nfinally:\n    import e\n"
    "async def f():\n    async with a:\n        import g\n    async for i in x:\n        import h\n    match x:\n"
    "        case [\n1, 2]:\n            import j\n    while 1: pass\n    import k\n",
    "for type checkers": "from typing import TYPE_CHECKING\nimport typing\nif TYPE_CHECKING:\n    import a\n    if b:\n"
    "        import c\nelif x:\n    import d\nelse:\n    import e\n"
    "if x:\n    import f\nelif TYPE_CHECKING:\n    import g\nif typing.TYPE_CHECKING:\n    import h\ndef f():\n"
    "    if TYPE_CHECKING:\n        import i\n    import j\n",
    "brackets that look like blocks": "def f():\n    x = [\na\nfor a in b\nif c]\n    y = (\na\nif b\nelse c)\n    import y\n    z = {\n'a': (\n"
    "lambda: 1)}\n    import k\n",
    "with tabs": "def f():\n\timport a\n\tif b:\n\t\timport c\nimport d\n",
    "other line ends": "import a\r\ndef f():\r\n    from b import (\r\n        c,\r\n    )\r\n",
    "with a mark": "\ufeffimport a\nfrom b import c\n",
    "with other letters": "# grüße\nname = 'ö'\nimport a\n",
    "a string behind a string": "def f():\n    x = '''\n''' if y else z\n    import a\n",
    "a trailing semicolon": "import a;\n",
    "nothing but the word": "important = 'import'\n",
}
LEFT = {
    "two on a line": "import a; import b\n",
    "behind another": "x = 1; import a\n",
    "behind a colon": "if x: import a\n",
    "behind a joined colon": "if x: \\\n  import a\n",
    "other letters in a name": "import größe\n",
    "an encoding": "# coding: latin-1\nimport a\n",
    "line ends of old": "import a\rimport b\n",
    "a form feed": "\x0cimport a\n",
    "a line that only joins": "def f():\n    return (1)\n\\\ntry:\n    import a\nexcept ImportError:\n    a = None\n",
    "a name on two lines": "import a\\\n.b\n",
    "tabs among spaces": "def f():\n    if x:\n\timport a\n    import b\n",
    "a test of more": "if TYPE_CHECKING and x:\n    import a\n",
    "a name of one's own": "TYPE_CHECKING = x\nif TYPE_CHECKING:\n    import a\n",
    "dots apart": "import a . b\n",
    "no end of a string": "import a\nx = 'y\nimport b\n",
}


@pytest.mark.parametrize("text", ANSWERED.values(), ids=ANSWERED)
def test_what_is_ordinary_is_answered_and_equal(text: str) -> None:
    data = text.encode()
    assert whole(data) is not None
    assert alone(data) == whole(data)


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_not_is_left_to_the_whole_reader(text: str) -> None:
    assert alone(text.encode("latin-1" if "latin-1" in text else "utf-8")) is None


def test_strings_inside_an_f_string_may_have_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_of_imports, "_LENIENT_STRINGS", True)
    assert alone(b"x = f\"{y[\"z\"]}\"\nimport a\n") is None
    assert alone(b"x = f'{y['#']}'\nimport a\n") is None
    assert alone(b"x = f'{y!r} {{}}'\nz = '{'\nimport a\n") is not None


def test_our_own_files_are_answered() -> None:
    left = []
    for path in sorted(PACKAGE.rglob("*.py")):
        data = path.read_bytes()
        if alone(data) is None:
            left.append(path)
        else:
            assert alone(data) == whole(data), path
    assert not left


IMPORTS = (
    "import a", "import a.b as c, d", "from . import x", "from .a import (b,\nc as d,  # e)\n)", "from a import *", "from a import b, \\\n    c",
    "import a; import b", "from typing import TYPE_CHECKING", "import größe", "from.a import(b)", "import a;",
)
SIMPLE = (
    "x = 1", "'import a'", "'''\nimport a\n'''", "x = [\nfor_\nfor for_ in b\nif c]", "f(\n'''\n)''', # (\n)", "y = \"#\" '\\''", "# import a '''",
    "match = case = 1",
    "x = a if b else (\nlambda: (yield))", "r'\\''", "x = \\\n  1", "@d\ndef g(): pass", "TYPE_CHECKING = 1", "pass; pass", "\n", "global important",
    "x: 'import a' = {\n1:\n2}",
)
HEADS = (
    "def f(a=(\n1)):", "async def f():", "class C(\nB):", "if x:", "if TYPE_CHECKING:", "if not TYPE_CHECKING:", "if typing.TYPE_CHECKING:",
    "for i in [\n1]:", "while x:",
    "with a as b, \\\n  c:", "match x:\n{indent}    case 1:", "try:\n{indent}    pass\n{indent}finally:",
    "if x:\n{indent}    pass\n{indent}elif TYPE_CHECKING:",
    "if TYPE_CHECKING:\n{indent}    pass\n{indent}else:", "try:\n{indent}    import a\n{indent}except E:", "if x: pass\n{indent}if (TYPE_CHECKING):",
)


def program(chance: random.Random, indent: str = "", depth: int = 0) -> list[str]:
    lines = []
    for _ in range(chance.randint(1, 5)):
        kind = chance.random()
        if kind < 0.35:
            lines.append(indent + chance.choice(IMPORTS))
        elif kind < 0.7 or depth > 4:
            lines.append(indent + chance.choice(SIMPLE).replace("\ndef", f"\n{indent}def"))
        elif "match" not in (head := chance.choice(HEADS)):
            lines += [indent + head.format(indent=indent), *program(chance, indent + "    ", depth + 1)]
        else:
            lines += [indent + head.format(indent=indent), *program(chance, indent + "        ", depth + 2)]
    return [*lines, indent + "pass"]


@settings(max_examples=600, deadline=None)
@given(st.integers(0, 2**40), st.data())
def test_every_answer_is_that_of_the_whole_reader(seed: int, choose: st.DataObject) -> None:
    chance = random.Random(seed)
    text = "\n".join(program(chance)) + "\n"
    if chance.random() < 0.4:
        # one bit of it lost, doubled or moved: where it is still Python, the answer must follow
        start = choose.draw(st.integers(0, len(text)))
        end = min(len(text), start + choose.draw(st.integers(0, 6)))
        text = text[:start] + choose.draw(st.sampled_from(["", "'", '"', "\\", "#", "\n", "(", ")", "import", ";", "'''", text[start:end] * 2])) + text[end:]
    data = text.encode()
    expected, answer = whole(data), alone(data)
    if expected is not None and answer is not None:
        assert answer == expected


def test_most_programs_are_answered() -> None:
    """Else the property above would hold of a reader that answers nothing."""
    answered = valid = 0
    for seed in range(400):
        data = ("\n".join(program(random.Random(seed))) + "\n").encode()
        valid += whole(data) is not None
        answered += whole(data) is not None and alone(data) is not None
    assert valid > 150
    assert answered > 0.2 * valid


@pytest.mark.parametrize(
    "piece",
    [b'"\\"', b"'", b'"""', b"from a import (", b"import a,\\\n", b"(", b"([{", b"import ", b"if TYPE_CHECKING:\n    import a\n",
    b"from a import (b,\n", b" " * 50, b"{{", b"f'{"],
)
@pytest.mark.parametrize("end", [b"", b"\nimport a", b"\ndef f():\n    import a\n"])
def test_time_grows_with_the_size(piece: bytes, end: bytes) -> None:
    data = piece * (400_000 // len(piece)) + end
    started = time.process_time()
    read_imports(data)
    assert time.process_time() - started < 3


def test_what_the_parser_refuses_is_no_python() -> None:
    assert is_python(b"import a\n")
    assert not is_python(b"import a\nx = = 1\n")
    assert not is_python(b"\0")


def project(root: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/apps.py": "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n",
        "shop/models.py": "from django.db import models\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.views import show\n",
        "shop/views.py": "from . import models; import os\ndef show():\n    from shop.services.sell import sell\n",
        "shop/services/__init__.py": "",
        "shop/services/sell.py": "'''sells'''\nfrom ..models import (\n    Order,\n)\n",
        "billing/__init__.py": "",
        "billing/apps.py": "from django.apps import AppConfig\nclass Billing(AppConfig):\n    name = 'billing'\n",
        "compose.yaml": "services: {web: {image: shop}}\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_map_of_layers_is_that_of_the_whole_model(tmp_path: Path) -> None:
    project(tmp_path / "code")
    asked = Settings(root=tmp_path / "code", cache_dir=tmp_path / "cache")
    expected, measured = (render_layers(read_model(asked)[0], "json", measured=one) for one in (False, True))
    assert '"shape": "Django apps"' in expected
    for _ in range(2):  # from the files and from the cache, and neither takes the other's
        assert render_layers(read_import_model(asked)[0], "json") == expected
        assert render_layers(read_model(asked)[0], "json", measured=True) == measured


def test_a_file_for_another_python_has_its_imports(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("import two\nprint 'x'\n")
    (tmp_path / "two.py").write_text("")
    (tmp_path / "three.py").write_text("x = '\nimport one\n")
    model, unchecked = read_import_model(Settings(root=tmp_path, cache=False))
    assert list(model.architecture.graph.arrows["one.py"]) == ["two.py"]
    assert [one.path for one in unchecked] == ["three.py"]
