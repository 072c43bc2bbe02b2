"""The rules on code that says odd things: silence, and no error; and what they say is never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

RULES = sorted(name for name, rule in samples.registry().rules.items() if rule.__module__.rpartition(".")[0].endswith((".auth", ".security")))

ODD = {
    "no arguments": "import jwt\n\n\ndef f():\n    jwt.decode()\n    jwt.encode()\n    jwt.decode(*[], **{})\n",
    "options that are no dictionary": "import jwt\n\n\ndef f(t, o):\n    return jwt.decode(t, 'k', algorithms=['HS256'], options=o or None)\n",
    "settings of nothing": "SECRET_KEY = ''\nDEBUG = None\nREST_FRAMEWORK = {}\nCORS_ALLOW_ALL_ORIGINS = not True\nALLOWED_HOSTS = []\n",
    "a name that is its own value": "OPTIONS = OPTIONS\nimport jwt\n\n\ndef f(t):\n    return jwt.decode(t, 'k', algorithms=OPTIONS, options=OPTIONS)\n",
    "cookies without names": "def f(response):\n    response.set_cookie()\n    response.set_cookie(**{})\n    response.set_cookie(*[1, 2])\n",
    "decorators of all kinds": "import flask\napp = flask.Flask(__name__)\n\n\n@(lambda f: f)\n@app.route\n@app.get('/x', **{})\ndef f():\n    return ''\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_code_raises_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "service.py").write_text(text, encoding="utf-8")
    result = samples.check(tmp_path)
    assert not result.unchecked


def test_odd_code_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for number, name in enumerate(("settings of nothing", "a name that is its own value", "cookies without names")):
        (tmp_path / "app" / f"service{number}.py").write_text(ODD[name].replace("'k'", "key()"), encoding="utf-8")
    assert not samples.reported(samples.check(tmp_path), RULES)


def test_there_are_rules_of_both_families() -> None:
    assert {"unauthenticated-route", "jwt-verification", "function-level-authz", "tls-verification-disabled"} <= set(RULES)


def test_messages_hold_no_secret(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    secret = "pa55-Wq8rT2mZxN4"
    text = f"import os\nimport jwt\n\nSECRET_KEY = '{secret}'\nJWT_SECRET = os.getenv('JWT_SECRET', '{secret}')\n"
    text += f"\n\ndef f(n):\n    return jwt.encode({{'sub': n}}, '{secret}')\n"
    (tmp_path / "app" / "service.py").write_text(text, encoding="utf-8")
    found = [one.finding for one in samples.check(tmp_path).findings]
    assert {one.rule for one in found} >= {"hardcoded-signing-key", "jwt-claims-unchecked"}
    assert secret not in " ".join(f"{one.message} {one.suggestion} {one.evidence}" for one in found)


def test_a_share_of_guarded_routes_can_be_asked_for(tmp_path: Path) -> None:
    text = (samples.FIXTURES / "auth" / "unauthenticated-route" / "bad" / "flask_orders.py").read_text(encoding="utf-8")
    (tmp_path / "orders.py").write_text(text, encoding="utf-8")
    from backend_lint.engine.run import run

    lenient = samples.settings(tmp_path)
    strict = samples.settings(tmp_path, rule_options={"unauthenticated-route": {"guarded-share": 0.9}})
    counts = [len(samples.reported(run(each, samples.registry()), ["unauthenticated-route"])) for each in (lenient, strict)]
    assert counts[0] == 3 and counts[1] == 0


def test_a_path_can_be_declared_open(tmp_path: Path) -> None:
    text = (samples.FIXTURES / "auth" / "unauthenticated-route" / "bad" / "flask_orders.py").read_text(encoding="utf-8")
    (tmp_path / "orders.py").write_text(text, encoding="utf-8")
    from backend_lint.engine.run import run

    chosen = samples.settings(tmp_path, rule_options={"unauthenticated-route": {"public": ("/orders/<int:pk>/receipt",)}})
    lines = {one.finding.line for one in run(chosen, samples.registry()).findings if one.finding.rule == "unauthenticated-route"}
    assert len(lines) == 2
