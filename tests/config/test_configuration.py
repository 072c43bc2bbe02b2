"""Configuration is found, checked and joined as documented; what is wrong is named with file, line, key and the nearest spelling."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend_lint.api import NodeRule, Role, Rule
from backend_lint.card import card_of
from backend_lint.config import ConfigError, Settings
from backend_lint.config_file import NAMES, line_of
from backend_lint.config_keys import KEYS, schema
from backend_lint.config_load import Loaded, Request, load, settle
from backend_lint.registry import ENGINE_CARDS, Registry


class _Limit(NodeRule[Any]):
    """A limit."""

    severity, precision, since = "warning", "high", "0.1"
    options = {"limit": 5, "ratio": 0.5, "names": ("a",), "strict_mode": False, "prefix": "x"}
    tags = ("owasp-api:4",)
    roles = frozenset({Role.APPLICATION})


class _Loose(_Limit):
    """A loose one."""

    profile = "strict"
    options: dict[str, Any] = {}
    tags = ("owasp-api:8",)


def _registry() -> Registry:
    rules: dict[str, type[Rule]] = {"too-many": _Limit, "too-loose": _Loose, "bad-catch": _Loose}
    families = {"too-many": "limits", "too-loose": "limits", "bad-catch": "errors"}
    cards = {name: card_of(rule, name, families[name]) for name, rule in rules.items()}
    return Registry(rules, {**cards, **ENGINE_CARDS})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "shop").mkdir()
    (root / "shop" / "views.py").write_text("")
    return root


Write = Callable[[str], Path]


@pytest.fixture
def write(project: Path) -> Write:
    def put(text: str) -> Path:
        file = project / "backend-lint.toml"
        file.write_text(text)
        return file

    return put


def _load(cwd: Path, *paths: str, **more: Any) -> Loaded:
    return load(Request(cwd, paths, **more))


def _settle(cwd: Path, *paths: str, **more: Any) -> Settings:
    return settle(_load(cwd, *paths, **more), _registry())


# where it is found


def test_nearest_file_upward_is_the_root(project: Path, write: Write) -> None:
    write('profile = "strict"')
    loaded = _load(project / "shop", "views.py")
    assert loaded.settings.root == project
    assert loaded.settings.paths == ("shop/views.py",)
    assert loaded.settings.profile == "strict"
    assert loaded.settings.explicit_paths
    assert loaded.origins["profile"] == "backend-lint.toml"


def test_order_of_names(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.backend-lint]\nprofile = "all"\n')
    assert _load(project).settings.profile == "all"
    (project / ".backend-lint.toml").write_text('profile = "strict"\n')
    assert _load(project).settings.profile == "strict"
    (project / "backend-lint.toml").write_text('profile = "default"\n')
    assert _load(project).settings.profile == "default"


def test_nothing_above_the_git_top_is_read(project: Path) -> None:
    (project.parent / "backend-lint.toml").write_text('profile = "strict"\n')
    loaded = _load(project)
    assert (loaded.settings.profile, loaded.settings.root) == ("default", project)


def test_pyproject_without_the_section_is_no_root(project: Path) -> None:
    (project / "shop" / "pyproject.toml").write_text('[project]\ndependencies = ["backend-lint"]\n')
    assert _load(project / "shop").settings.root == project


def test_root_without_git_and_configuration(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("")
    assert _load(tmp_path, "a").settings.root == tmp_path / "a"
    settings = _load(tmp_path, "a/x.py").settings
    assert (settings.root, settings.paths) == (tmp_path, ("a/x.py",))


def test_a_missing_path_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"^missing\.py: no such file or directory"):
        _load(project, "missing.py")


def test_paths_of_two_projects_have_the_folder_around_both_as_root(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    settings = _load(project, "../other", "shop").settings
    assert (settings.root, settings.paths) == (tmp_path, ("other", "project/shop"))


def test_a_run_over_two_projects_says_whose_configuration_it_does_not_read(project: Path) -> None:
    (project / "other").mkdir()
    (project / "shop" / "backend-lint.toml").write_text("profile = 'all'\n")
    loaded = _load(project, "shop/views.py", "shop", "other")
    assert loaded.settings.profile == "default"
    assert [note.split(":")[0] for note in loaded.notes] == ["shop/backend-lint.toml is not read"]
    assert _load(project, "shop").settings.profile == "all"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_configuration_that_anybody_could_have_planted_above_is_not_read(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    mine = shared / "mine"
    mine.mkdir(parents=True)
    shared.chmod(0o777)
    (shared / "backend-lint.toml").write_text('profile = "all"\n')
    assert _load(mine).settings.profile == "default"


def test_isolated_reads_no_file(project: Path, write: Write) -> None:
    write('profile = "strict"')
    assert _load(project, isolated=True).settings.profile == "default"


def test_user_configuration_stands_in_where_the_project_has_none(project: Path, write: Write, tmp_path: Path) -> None:
    own = tmp_path / "home" / "backend-lint" / "backend-lint.toml"
    own.parent.mkdir(parents=True)
    own.write_text('profile = "strict"\nrules-dir = ["rules"]\njobs = 3\n')
    settings = _load(project).settings
    assert (settings.profile, settings.jobs, settings.rules_dir) == ("strict", 3, (own.parent / "rules",))
    write("fail-on = 'info'")
    settings = _load(project).settings
    assert (settings.profile, settings.jobs, settings.rules_dir) == ("default", 3, (own.parent / "rules",))


# joining


def test_extend_merges_tables_and_replaces_lists(project: Path, write: Write) -> None:
    (project / "base.toml").write_text('ignore = ["errors"]\nprofile = "strict"\n[severity]\ntoo-many = "info"\ntoo-loose = "info"\n')
    write('extend = "base.toml"\nignore = []\n[severity]\ntoo-many = "error"\n')
    settings = _settle(project)
    assert (settings.ignore, settings.profile) == ((), "strict")
    assert settings.severity == {"too-loose": "info", "too-many": "error"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"backend-lint.toml": 'extend = "b.toml"', "b.toml": 'extend = "backend-lint.toml"'}, "goes round in a circle"),
        ({"backend-lint.toml": 'extend = "../outside.toml"', "../outside.toml": ""}, "outside the project"),
        ({"backend-lint.toml": 'extend = "missing.toml"'}, "`extend` names missing.toml, which does not exist"),
    ],
)
def test_extend_that_leads_nowhere(project: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (project / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        _load(project)


def test_extend_through_a_link_does_not_leave_the_project(project: Path, write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text("")
    (project / "inner.toml").symlink_to(tmp_path / "secret.toml")
    write('extend = "inner.toml"')
    with pytest.raises(ConfigError, match="outside the project"):
        _load(project)


def test_command_line_over_inline_over_file(project: Path, write: Write) -> None:
    write('profile = "strict"\njobs = 1\nfail-on = "info"\n')
    settings = _load(project, config=["jobs=2", "fail-on='warning'"], options={"fail-on": "never"}).settings
    assert (settings.profile, settings.jobs, settings.fail_on) == ("strict", 2, "never")


def test_select_on_the_command_line_replaces_the_selection_of_the_file(project: Path, write: Write) -> None:
    write('extend-select = ["errors"]\nignore = ["too-many"]\n[severity]\ntoo-many = "off"\n')
    registry = _registry()
    assert registry.enabled(_settle(project)) == {"bad-catch", *ENGINE_CARDS}
    assert registry.enabled(_settle(project, options={"select": ("too-many",)})) == {"too-many"}


def test_ignore_on_the_command_line_adds(project: Path, write: Write) -> None:
    write('profile = "all"\nignore = ["too-many"]\n')
    assert _registry().enabled(_settle(project, options={"ignore": ("errors",)})) == {"too-loose", *ENGINE_CARDS}


def test_other_file_by_config(project: Path, write: Write) -> None:
    write('profile = "strict"')
    (project / "shop" / "strict.toml").write_text('profile = "all"\nbaseline = "accepted.json"\n')
    settings = _load(project, config=["shop/strict.toml"]).settings
    assert (settings.profile, settings.root, settings.baseline) == ("all", project, project / "shop" / "accepted.json")


def test_configuration_and_baseline_of_a_revision(project: Path, write: Write) -> None:
    write('fail-on = "never"\nbaseline = "accepted.json"\n')
    at_base = {"backend-lint.toml": b'fail-on = "error"\nbaseline = "accepted.json"\n', "accepted.json": b"{}"}
    loaded = _load(project, config_from="main", read_revision=lambda root, path: at_base.get(path))
    assert (loaded.settings.fail_on, loaded.settings.baseline_data) == ("error", b"{}")
    assert loaded.origins["fail-on"] == "main:backend-lint.toml"
    assert any("configuration differs from the one at main" in note for note in loaded.notes)
    assert any("baseline differs from the one at main" in note for note in loaded.notes)
    loaded = _load(project, config_from="main", read_revision=lambda root, path: None)
    assert loaded.settings.fail_on == "error"
    assert any("no configuration at main" in note for note in loaded.notes)


# what is wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('profil = "strict"', "backend-lint.toml:1: unknown key 'profil'; did you mean 'profile'?"),
        ("\nfail_on = 'info'", "backend-lint.toml:2: unknown key 'fail_on'; did you mean 'fail-on'?"),
        ('profile = "strct"', "backend-lint.toml:1: profile: 'strct' is none of default, strict, all; did you mean 'strict'?"),
        ("select = 'too-many'", "backend-lint.toml:1: select: must be a list of texts, not a text"),
        ('select = [\n  "too-many",\n  "too-mony",\n]', "backend-lint.toml:3: select: unknown rule, family or tag 'too-mony'; did you mean 'too-many'?"),
        ("jobs = -1", "backend-lint.toml:1: jobs: must be a whole number from 0, not -1"),
        ("jobs = true", "backend-lint.toml:1: jobs: must be a whole number from 0, not a boolean"),
        ("[gate]\nerror = 1.5", "backend-lint.toml:2: gate.error: must be a whole number from 0, not 1.5"),
        ("[tool.backend-lint]\nprofile = 'all'", "backend-lint.toml: unknown key 'tool'; in a file of its own the keys stand without [tool.backend-lint]"),
        ("[rules.nothing-like-it]\nlimit = 3", "backend-lint.toml:1: rules.nothing-like-it: unknown rule 'nothing-like-it'; `backend-lint rules` lists them"),
        ("[per-path]\n'x/**' = { severity = { nothing-like-it = 'info' } }", "backend-lint.toml:2: per-path.x/**.severity.nothing-like-it: unknown rule"),
        ("[gate]\nerror = 0\n[gate.coverage]\ntotl = 85", "backend-lint.toml:4: gate.coverage.totl: unknown key 'totl'; did you mean 'total'?"),
        ("[gate.coverage]\ntotal = 101", "backend-lint.toml:2: gate.coverage.total: must be a percentage"),
        ("[gate]\nerrr = 0", "backend-lint.toml:2: gate.errr: unknown condition 'errr'; did you mean 'error'?"),
        ("[gate]\nnew = { warnin = 0 }", "backend-lint.toml:2: gate.new.warnin: unknown condition 'warnin'; did you mean 'warning'?"),
        ("[gate.performance]\np95_mss = 3", "backend-lint.toml:2: gate.performance.p95_mss: unknown key 'p95_mss'; did you mean 'p95_ms'?"),
        ("[rules.too-meny]\nlimit = 3", "backend-lint.toml:1: rules.too-meny: unknown rule 'too-meny'; did you mean 'too-many'?"),
        ("[rules.too-many]\nlimt = 3", "backend-lint.toml:2: rules.too-many.limt: unknown option 'limt' of rule too-many; did you mean 'limit'?"),
        ("[rules.too-many]\nlimit = 'x'", "backend-lint.toml:2: rules.too-many.limit: must be a whole number, not 'x'"),
        ("[rules.too-many]\nlimit = true", "backend-lint.toml:2: rules.too-many.limit: must be a whole number, not True"),
        ("[rules.too-many]\nseverity = 'bad'", "backend-lint.toml:2: rules.too-many.severity: 'bad' is none of error, warning, info, off"),
        ("[severity]\ntoo-many = 'fatal'", "backend-lint.toml:2: severity.too-many: 'fatal' is none of error, warning, info, off"),
        ("[severity]\ntoo-mani = 'info'", "backend-lint.toml:2: severity.too-mani: unknown rule, family or tag 'too-mani'; did you mean 'too-many'?"),
        (
            "[guards]\ntenant_gate = 'objct'",
            "backend-lint.toml:2: guards.tenant_gate: 'objct' is none of identity, role, object, scope, none; did you mean 'object'?",
        ),
        ("[roles]\ntests = ['x']", "backend-lint.toml:2: roles.tests: unknown key 'tests'; did you mean 'test'?"),
        ("[per-path]\n'x/**' = { ignor = [] }", "backend-lint.toml:2: per-path.x/**.ignor: unknown key 'ignor'; did you mean 'ignore'?"),
        ("[per-path]\n'x/**' = ['eror']", "backend-lint.toml:2: per-path.x/**: unknown rule, family or tag 'eror'; did you mean 'errors'?"),
        ("required-version = '>=99'", "backend-lint.toml:1: required-version: this project wants backend-lint >=99"),
        ("required-version = 'new'", "backend-lint.toml:1: required-version: 'new' is no version condition"),
        ("a = \nb = 1", "backend-lint.toml:1: is not valid TOML"),
        ("a = 1\na = 2", "backend-lint.toml:2: is not valid TOML"),
        ("a = [", "backend-lint.toml:1: is not valid TOML"),
        ("rules-dir = ['ci']", "backend-lint.toml:1: 'rules-dir' is not read from a checked repository: rules are code"),
        ("cache-dir = '/'", "backend-lint.toml:1: 'cache-dir' is not read from a checked repository"),
        ("baseline = '../x.json'", "backend-lint.toml:1: baseline: "),
    ],
)
def test_what_is_wrong_is_named_with_file_line_key_and_spelling(project: Path, write: Write, text: str, message: str) -> None:
    write(text)
    with pytest.raises(ConfigError) as error:
        _settle(project)
    assert str(error.value).startswith(message)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.symlink_to("nowhere.toml"), "backend-lint.toml: the configuration is a link that leads nowhere"),
        (lambda path: path.mkdir(), "the configuration is a folder"),
        (lambda path: os.mkfifo(path), "the configuration is not a regular file"),
    ],
)
def test_a_configuration_that_is_no_file_is_an_error_and_not_none(project: Path, make: Callable[[Path], None], message: str) -> None:
    make(project / "backend-lint.toml")
    with pytest.raises(ConfigError, match=re.escape(message)):
        _load(project)
    assert _load(project, isolated=True).settings.config_file is None


def test_a_wrong_key_in_pyproject_is_named_with_its_line(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.backend-lint.gate.coverage]\n\ntotl = 1\n')
    with pytest.raises(ConfigError, match=r"^pyproject\.toml:6: gate\.coverage\.totl: unknown key"):
        _load(project)


def test_a_wrong_key_in_an_extended_file_names_that_file(project: Path, write: Write) -> None:
    (project / "base.toml").write_text("\nselect = ['too-mony']\n")
    write('extend = "base.toml"\n')
    with pytest.raises(ConfigError, match=r"^base\.toml:2: select: "):
        _settle(project)


@pytest.mark.parametrize("option", ["profil='x'", "profile=strict", "extend='x'", "=", "a.b.c=1", "profile='x'"])
def test_a_wrong_inline_setting_names_the_option(project: Path, option: str) -> None:
    with pytest.raises(ConfigError, match="--config"):
        _load(project, config=[option])


def test_an_unquoted_inline_value_is_told_how_to_quote(project: Path) -> None:
    with pytest.raises(ConfigError, match='write profile="strict"'):
        _load(project, config=["profile=strict"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = 1\n" * 200_000, "larger than"),
        (b"a" + b".a" * 400_000 + b" = 1", "a key of more than"),  # tomllib would take hours
        (b'"="' + b".a" * 400_000 + b" = 1", "a key of more than"),
        (b"a = " + b"[" * 50_000, "nested too deeply"),
        (b"\xff\xfe", "not valid UTF-8"),
        (b"a = \x00", "not valid TOML"),
        (b"[" * 3000, "not valid TOML"),
    ],
    ids=["large", "dotted", "dotted behind a quoted sign", "nested", "not UTF-8", "NUL", "brackets"],
)
def test_a_hostile_file_is_refused(project: Path, data: bytes, message: str) -> None:
    (project / "backend-lint.toml").write_bytes(data)
    with pytest.raises(ConfigError, match=rf"^backend-lint\.toml.*{message}"):
        _load(project)


def test_gate_with_errors_allowed_is_not_contradicted_by_the_default(project: Path, write: Write) -> None:
    write("[gate]\nerror = 5\n")
    assert _load(project).settings.fail_on == "never"
    assert _load(project, options={"fail-on": "error"}).settings.fail_on == "error"


# what comes out


def test_options_are_typed_and_found_with_dashes(project: Path, write: Write) -> None:
    write("[rules.too-many]\nstrict-mode = true\nratio = 1\nnames = ['b', 'c']\nseverity = 'error'\n")
    settings = _settle(project)
    rule = next(one for one in _registry().instantiate(settings) if one.name == "too-many")
    assert (rule.option("strict_mode"), rule.option("ratio"), rule.option("names"), rule.option("limit")) == (True, 1.0, ("b", "c"), 5)
    assert rule.severity == "error"
    assert _registry().effective_cards(settings)["too-many"].severity == "error"


def test_families_and_tags_are_spelled_out(project: Path, write: Write) -> None:
    write("[severity]\nlimits = 'info'\ntoo-many = 'error'\n[per-path]\n'old/**' = { ignore = ['limits'], severity = { 'owasp-api:8' = 'info' } }\n")
    settings = _settle(project)
    assert settings.severity == {"too-loose": "info", "too-many": "error"}
    assert settings.per_path[0].ignore == ("too-loose", "too-many")
    assert settings.per_path[0].severity == {"bad-catch": "info", "too-loose": "info"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"too-many"}),
        ({"profile": "strict"}, {"too-many", "too-loose", "bad-catch"}),
        ({"select": ("errors",)}, {"bad-catch"}),
        ({"select": ("owasp-api:8",)}, {"too-loose", "bad-catch"}),
        ({"select": ("owasp-api",)}, {"too-many", "too-loose", "bad-catch"}),
        ({"select": ("ALL",), "ignore": ("limits",)}, {"bad-catch"}),
        ({"select": ("ALL", "too-many"), "ignore": ("limits",)}, {"bad-catch", "too-many"}),
        ({"select": ("limits",), "ignore": ("ALL",)}, {"too-many", "too-loose"}),
        ({"extend-select": ("errors",)}, {"too-many", "bad-catch"}),
        ({"extend-select": ("errors",), "ignore": ("errors",)}, {"too-many"}),
    ],
)
def test_selection(project: Path, asked: dict[str, Any], expected: set[str]) -> None:
    assert _registry().enabled(_settle(project, options=asked)) - ENGINE_CARDS.keys() == expected


def test_layers_keep_their_order(project: Path, write: Write) -> None:
    write("[layers]\nzeta = ['a.b']\nalpha = ['c']\n")
    assert _load(project).settings.layers == (("zeta", ("a.b",)), ("alpha", ("c",)))
    write("layers = ['low', 'high']\n")
    assert _load(project).settings.layers == (("low", ("low",)), ("high", ("high",)))


def test_line_of_sees_headers_dots_and_quotes() -> None:
    text = '[tool."backend-lint"]\nx = 1\n[[a]]\n[tool.backend-lint.gate]\ncoverage.total = 3\n'
    assert line_of(text, ("tool", "backend-lint", "x")) == 2
    assert line_of(text, ("tool", "backend-lint", "gate", "coverage", "total")) == 5
    assert line_of(text, ("nothing",)) == 0


# the published schema


def test_published_schema_is_fresh() -> None:
    published = Path(__file__).parents[2] / "backend_lint" / "backend-lint.schema.json"
    assert json.loads(published.read_text()) == schema(), "run: backend-lint schema > backend_lint/backend-lint.schema.json"


def test_schema_agrees_with_the_reader(project: Path, write: Write) -> None:
    import tomllib

    import jsonschema

    validator = jsonschema.Draft7Validator(schema())
    good = """
        required-version = ">=0.1"
        select = ["ALL"]
        profile = "strict"
        exclude = ["x"]
        layers = { a = ["b"] }
        severity = { too-many = "off" }
        rules = { too-many = { limit = 4 } }
        roles = { test = ["x"] }
        per-path = { "a/**" = ["errors"], b = { ignore = ["limits"], severity = { too-many = "info" } } }
        jobs = 2
        format = "json"
        gate = { error = 0, new = { warning = 0 }, coverage = { total = 84.5, reports = ["x"] }, performance = { p95_ms = 200, query-ms = 3 } }
    """
    write(good)
    _settle(project)
    assert list(validator.iter_errors(tomllib.loads(good))) == []
    for bad in ("profil = 1", "profile = 'x'", "jobs = -1", "[gate.coverage]\ntotl = 1", "[roles]\ntests = []", "[severity]\nx = 'fatal'"):
        write(bad)
        with pytest.raises(ConfigError):
            _load(project)
        assert list(validator.iter_errors(tomllib.loads(bad))), bad


def test_every_key_has_a_home_in_settings() -> None:
    homeless = {key for key, one in KEYS.items() if (one.field or key.replace("-", "_")) not in Settings.__struct_fields__}
    assert homeless == {"required-version", "extend", "rules"}
    assert NAMES[0] == "backend-lint.toml"
