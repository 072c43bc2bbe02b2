"""The maps of schema and queries: what INTERFACE promises of their JSON, and a diagram that Mermaid can read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import samples

from backend_lint.engine.run import read_model
from backend_lint.report.maps import render

MODELS = '''\
from django.db import models


class Customer(models.Model):
    id = models.BigAutoField(primary_key=True)
    email = models.CharField(max_length=200, unique=True)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    note = models.TextField(null=True)
    number = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"
        db_table = "order"
        indexes = [models.Index(fields=["number", "-id"], name="order_number", condition=models.Q(note__isnull=True))]


def by_note(note):
    return list(Order.objects.filter(note=note, customer__email="x"))
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("maps")
    (root / "shop").mkdir()
    (root / "shop" / "models.py").write_text(MODELS)
    return read_model(samples.settings(Path(root)))[0]


def tables(project: Any) -> dict[str, Any]:
    return {table["name"]: table for table in json.loads(render("schema", project, "json"))["tables"]}


def test_schema_has_the_promised_names_and_null_for_what_is_unknown(project: Any) -> None:
    order = tables(project)["order"]
    assert {"name", "path", "line", "columns", "primary_key", "indexes", "foreign_keys"} <= set(order)
    assert order["primary_key"] == ["id"] and order["path"] == "shop/models.py" and order["model"] == "Order"
    assert [column["name"] for column in order["columns"]] == ["id", "customer_id", "note", "number"]
    assert {column["name"]: column["nullable"] for column in order["columns"]} == {"id": False, "customer_id": False, "note": True, "number": False}
    assert all({"name", "type", "nullable", "default"} == set(column) for column in order["columns"])
    assert order["rows"] is None and order["unknown"] == []


def test_schema_names_indexes_that_nobody_wrote(project: Any) -> None:
    indexes = {tuple(index["keys"]): index for index in tables(project)["order"]["indexes"]}
    assert indexes[("id",)]["implicit"] == "primary key"
    assert indexes[("customer_id",)]["implicit"] == "foreign key"
    written = indexes[("number", "id desc")]
    assert written["name"] == "order_number" and written["where"] == "note is null" and written["implicit"] is None and not written["unique"]


def test_queries_say_which_index_serves_each_table(project: Any) -> None:
    queries = json.loads(render("queries", project, "json"))["queries"]
    assert [(query["path"], query["symbol"], query["verb"], query["rows"]) for query in queries] == [("shop/models.py", "by_note", "select", "many")]
    found = {table["name"]: table for table in queries[0]["tables"]}
    assert found["shop_customer"]["access"] == "index" and "email" in found["shop_customer"]["served_by"]
    assert any("note = ?" in predicate for predicate in found["order"]["predicates"])
    assert {"path", "line", "text", "tables", "reached_from"} <= set(queries[0])


def test_text_shows_every_table_and_query(project: Any) -> None:
    schema, queries = render("schema", project, "text"), render("queries", project, "text")
    assert "shop_customer  shop/models.py:4" in schema and "index order_number: (number, id desc) where note is null" in schema
    assert "note = ?" in queries and queries.startswith("queries (1)")


def test_diagram_is_what_mermaid_takes(project: Any) -> None:
    lines = render("schema", project, "mermaid").splitlines()
    assert lines[0] == "erDiagram"
    entity = re.compile(r"    [A-Za-z]\w* \{")
    column = re.compile(r'        [A-Za-z][\w()\[\]-]* [A-Za-z]\w*(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "indexed")?')
    relation = re.compile(r'    [A-Za-z]\w* \|\|--o\{ [A-Za-z]\w* : "\w+"')
    for line in lines[1:]:
        assert line == "    }" or entity.fullmatch(line) or column.fullmatch(line) or relation.fullmatch(line), line
    assert '    shop_customer ||--o{ order : "customer_id"' in lines


def test_hostile_names_do_not_break_the_diagram(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text('CREATE TABLE "x } erDiagram" ("a""b" int PRIMARY KEY, "1" "we;ird"(3));')
    text = render("schema", read_model(samples.settings(tmp_path))[0], "mermaid")
    assert text.count("{") == text.count("}") == 1 and '"' not in text.replace('"indexed"', "")
