"""Numbers of more digits than Python converts, and digits that are no numbers, cost no rule its findings."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import check_contents
from backend_lint.registry import Registry

LONG = "9" * 6000
APP = f"""
from django.db import connection, models
from fastapi import FastAPI
app = FastAPI()
class T(models.Model):
    a = models.CharField(max_length=3)
@app.get("/x")
def f(q: str):
    c = connection.cursor()
    c.execute("SELECT * FROM t WHERE a = {{{LONG}}} {{²}} {{}}".format(q))
    c.execute("SELECT * FROM t LIMIT {LONG}")
    c.execute("SELECT a FROM t WHERE b = %({LONG})s" % q)
    c.execute("SELECT a FROM t ORDER BY {LONG} LIMIT ² OFFSET ٣")
    list(T.objects.filter(a=q)[:0x{"f" * 8000}])
    list(T.objects.filter(a__{LONG}=q))
    list(T.objects.raw("SELECT a FROM t WHERE c = ${LONG}"))
"""
DDL = f"""
CREATE TABLE t (a varchar({LONG}), b numeric({LONG},²), d float({LONG}));
CREATE INDEX i ON t (a({LONG}));
ALTER TABLE t ADD COLUMN c varchar(²);
ALTER TABLE t ALTER COLUMN a TYPE varchar({LONG}9);
"""


def test_no_rule_fails(tmp_path: Path) -> None:
    registry = Registry.load(entry_points=False)
    settings = Settings(root=tmp_path, profile="all", cache=False, jobs=1)
    for dialect in ("postgresql", "mysql"):
        files = {"shop/app.py": APP.encode(), "migrations/0001_a.sql": DDL.encode(), "docker-compose.yml": f"services:\n  db:\n    image: {dialect}\n".encode()}
        _, judged = check_contents(settings, registry, files)
        assert judged.failures == []
        assert judged.findings
