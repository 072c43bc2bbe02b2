"""Values that are put together of each other again and again are looked at once each, not once for every way through them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_work import work

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents
from backend_lint.registry import Registry

FLASK = "from flask import Flask, make_response\n\napp = Flask(__name__)\n\n\n@app.get('/')\ndef f():\n    r = make_response('')\n"


def _cookie(terms: int) -> str:
    lines = ["    a0 = str(r).encode()", *(f"    a{i} = ({' + '.join([f'a{i - 1}'] * terms)}).encode()" for i in range(1, 6))]
    return FLASK + "\n".join([*lines, "    r.set_cookie('x', a5)", "    return r\n"])


def _loaded(terms: int) -> str:
    lines = ["    a0 = base64.b64encode('1')"]
    for i in range(1, 4):
        held = "".join([f"{{a{i - 1}}}"] * terms)
        lines.append(f"    a{i} = base64.b64encode(f'{held}')")
    return "import base64\nimport pickle\n\n\ndef f():\n" + "\n".join([*lines, "    return pickle.loads(a3)\n"])


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(entry_points=False)


@pytest.mark.parametrize("shape", [_cookie, _loaded])
def test_cost_grows_with_size_and_no_faster(shape: Callable[[int], str], registry: Registry, tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, profile="all", cache=False, jobs=1)

    def task(terms: int) -> Callable[[], object]:
        return lambda: check_contents(settings, registry, {"app.py": shape(terms).encode()})

    task(9)()  # what is made once a process is made here
    small, medium, large = (work(task(terms)) for terms in (9, 18, 36))
    assert large - medium < 2.6 * (medium - small) + 20_000, (small, medium, large)
