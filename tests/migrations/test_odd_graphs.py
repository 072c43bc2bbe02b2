# ruff: noqa: E501
"""Graphs of migrations that are broken, and files that cannot be read: a finding or an entry of what was not checked, never a crash or an empty schema."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from hostile_work import work

from backend_lint.engine.result import Result
from backend_lint.engine.run import check_contents, read_model, run

SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}\nINSTALLED_APPS = ["shop"]\n'
CREATE = 'migrations.CreateModel("Order", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())])'


def django(dependencies: str, operations: str = "") -> str:
    return (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [{dependencies}]\n    operations = [{operations}]\n"
    )


def alembic(revision: str, down: str, body: str = "pass") -> str:
    head = f'import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n\nrevision = "{revision}"\ndown_revision = {down}\n'
    return f"{head}\n\ndef upgrade():\n    {body}\n\n\ndef downgrade():\n    raise NotImplementedError\n"


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for path, text in {"config/settings.py": SETTINGS, "shop/__init__.py": "", "shop/migrations/__init__.py": "", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode() if isinstance(text, str) else text)


def checked(root: Path, files: dict[str, str | bytes]) -> Result:
    write(root, files)
    return run(samples.settings(root, select=("migrations",)), samples.registry())


def rules(result: Result) -> set[tuple[str, str]]:
    assert not [one for one in result.unchecked if one.reason.startswith("rule ")]
    return {(one.finding.path, one.finding.rule) for one in result.findings}


HEADS = "migration-multiple-heads"


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"0002_a.py": ("shop", "0001_initial"), "0002_b.py": ("shop", "0001_initial")}, "0002_b.py"),
        ({"0002_a.py": ("shop", "0003_b"), "0003_b.py": ("shop", "0004_c"), "0004_c.py": ("shop", "0002_a")}, ""),
        ({"0002_a.py": ("shop", "0001_gone")}, "0002_a.py"),
        ({"0002_a.py": ("shop", "0002_a")}, "0002_a.py"),
    ],
)
def test_broken_graphs_of_django(files: dict[str, tuple[str, str]], where: str, tmp_path: Path) -> None:
    made: dict[str, str | bytes] = {"shop/migrations/0001_initial.py": django("", CREATE)}
    made |= {f"shop/migrations/{name}": django(repr(parent), f'migrations.AddField("order", "f{name[:4]}", models.TextField())') for name, parent in files.items()}
    if "0003_b.py" in files:
        made["shop/migrations/0001_initial.py"] = django("('shop', '0004_c')", CREATE)
    found = rules(checked(tmp_path, made))
    assert any(rule == HEADS and (not where or path.endswith(where)) for path, rule in found), found
    project, _ = read_model(samples.settings(tmp_path))
    assert "shop_order" in project.schema.tables


@pytest.mark.parametrize(
    "revisions",
    [
        {"a": '"b"', "b": '"a"'},
        {"a": "None", "b": '"a"', "c": '"a"'},
        {"a": "None", "b": '"gone"'},
        {"a": '("a", "b", "c")', "b": '"c"', "c": '"b"'},
    ],
)
def test_broken_graphs_of_alembic(revisions: dict[str, str], tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"stock/env.py": "from alembic import context\n"}
    body = 'op.create_table("item{0}", sa.Column("id", sa.Integer(), primary_key=True))'
    files |= {f"stock/versions/{name}.py": alembic(name, down, body.format(name)) for name, down in revisions.items()}
    assert HEADS in {rule for _, rule in rules(checked(tmp_path, files))}
    project, _ = read_model(samples.settings(tmp_path))
    assert {f"item{name}" for name in revisions} <= project.schema.tables.keys()


@pytest.mark.parametrize("broken", [b"class Migration(:\n", b"\xff\xfe\0\0", b"x = '\0'\n", b"def upgrade(\n"])
def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_judged(broken: bytes, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "shop/migrations/0001_initial.py": django("", CREATE),
        "shop/migrations/0002_broken.py": broken,
        "shop/migrations/0003_more.py": django("('shop', '0002_broken')", 'migrations.AddField("order", "note", models.TextField(default=""))'),
        "stock/env.py": "from alembic import context\n",
        "stock/versions/a.py": alembic("a", "None", 'op.create_index("ix", "item", ["name"])'),
        "stock/versions/b.py": broken,
        "stock/versions/c.py": alembic("c", '"b"', 'op.create_index("ix2", "item", ["name"])'),
    }
    result = checked(tmp_path, files)
    found = rules(result)
    assert {"shop/migrations/0002_broken.py", "stock/versions/b.py"} <= {one.path for one in result.unchecked}
    assert ("shop/migrations/0003_more.py", "migration-add-required-column") in found
    assert ("stock/versions/c.py", "migration-index-not-concurrent") in found
    assert HEADS not in {rule for _, rule in found}
    project, _ = read_model(samples.settings(tmp_path))
    assert "shop_order" in project.schema.tables


ODD = {
    "operations that are no list": "    operations = 5\n",
    "operations of anything": "    operations = [None, 3, x, migrations, migrations.RunPython(), migrations.RunSQL(), migrations.AddField(), migrations.AddIndex('order')]\n",
    "a function that is not there": "    operations = [migrations.RunPython(gone), migrations.RunPython(lambda apps, editor: apps.get_model('a').objects.update())]\n",
    "an update of itself": "    operations = [migrations.RunPython(loop)]\n",
    "SQL of nothing": "    operations = [migrations.RunSQL(';;;;'), migrations.RunSQL('UPDATE'), migrations.RunSQL('ALTER TABLE'), migrations.RunSQL(['', ('',)])]\n",
    "dependencies of anything": "    dependencies = [('shop',), 5, None, ('shop', 3), x()]\n    atomic = x()\n    operations = []\n",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_migrations_are_survived(name: str, tmp_path: Path) -> None:
    text = "from django.db import migrations, models\n\n\ndef loop(apps, editor):\n    loop(apps, editor)\n    q = q.filter(a=1)\n    q.update(a=q)\n\n\n"
    text += f"class Migration(migrations.Migration):\n{ODD[name]}"
    files: dict[str, str | bytes] = {"shop/migrations/0001_initial.py": django("", CREATE), "shop/migrations/0002_odd.py": text}
    rules(checked(tmp_path, files))


def many(number: int) -> dict[str, str | bytes]:
    """A third each of Django, Alembic and SQL."""
    third = number // 3
    files: dict[str, str | bytes] = {"shop/migrations/0001_initial.py": django("", CREATE), "stock/env.py": "from alembic import context\n"}
    before = "0001_initial"
    for at in range(2, third):
        name = f"{at:04}_x"
        operation = f'migrations.AddField("order", "f{at}", models.TextField(default="")), migrations.AddIndex("order", models.Index(fields=["f{at}"], name="i{at}"))'
        files[f"shop/migrations/{name}.py"] = django(f"('shop', '{before}')", operation)
        before = name
    down = "None"
    for at in range(third):
        files[f"stock/versions/r{at}.py"] = alembic(f"r{at:06}", down, f'op.add_column("item", sa.Column("c{at}", sa.Integer(), index=True))')
        down = f'"r{at:06}"'
    for at in range(third):
        files[f"flyway/V{at}__x.sql"] = f"ALTER TABLE t ADD COLUMN c{at} jsonb NOT NULL;\nUPDATE t SET c{at} = '{{}}';\nCREATE INDEX i{at} ON t (c{at});\n"
    return files


def test_five_thousand_migrations_take_seconds(tmp_path: Path) -> None:
    write(tmp_path, many(5000))
    started = time.process_time()
    result = run(samples.settings(tmp_path, select=("migrations",)), samples.registry())
    taken = time.process_time() - started
    assert len(result.findings) > 5000
    assert taken < 10


def test_cost_grows_with_the_number_of_migrations_and_no_faster(tmp_path: Path) -> None:
    registry = samples.registry()

    def task(number: int) -> Callable[[], object]:
        files = {path: text.encode() if isinstance(text, str) else text for path, text in {"config/settings.py": SETTINGS, **many(number)}.items()}
        settings = samples.settings(tmp_path, select=("migrations",))
        return lambda: check_contents(settings, registry, files)

    tasks = [task(number) for number in (60, 120, 240)]
    tasks[0]()  # what is made once a process is made here
    small, medium, large = map(work, tasks)
    assert large - medium < 2.4 * (medium - small), (small, medium, large)
