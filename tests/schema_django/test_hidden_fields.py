"""Which columns and parents a Django model has where classes stand between it and what declares them: proxies, and mixins that are no models."""

from __future__ import annotations

from pathlib import Path

from backend_lint.config import Settings
from backend_lint.engine.run import read_project
from backend_lint.project import Project

MODELS = """
from django.contrib.auth.models import AbstractUser
from django.db import models


class Roles:
    @property
    def is_superuser(self):
        return self.role == "root"

    is_staff = True


class User(Roles, AbstractUser):
    role = models.CharField(max_length=10)


class Job(models.Model):
    name = models.CharField(max_length=10)


class SpecialJob(Job):
    class Meta:
        proxy = True


class MoreSpecialJob(SpecialJob):
    class Meta:
        proxy = True


class Backup(MoreSpecialJob):
    path = models.CharField(max_length=10)
"""


def test_mixins_hide_fields_and_proxies_hand_on_the_parent(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(MODELS)
    project = Project.link(read_project(Settings(root=tmp_path)))
    columns = {table.name: {column.name for column in table.columns} for table in project.schema.tables.values()}
    assert {"is_superuser", "is_staff"} & columns["shop_user"] == set(), "a property of a mixin takes the field's place"
    assert {"role", "is_active", "username"} <= columns["shop_user"]
    assert columns["shop_backup"] == {"job_ptr_id", "path"}, "a child of a proxy points at the table behind it"
    assert "shop_specialjob" not in columns


OPTIONS = """
from django.db import models


class Stamped(models.Model):
    created = models.DateTimeField()

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["-created"], name="%(class)s_made")]


class Dated(Stamped):
    class Meta(Stamped.Meta):
        abstract = True


class Order(Dated):
    number = models.IntegerField()

    class Meta:
        indexes = [*Stamped.Meta.indexes, models.Index(fields=["number"], name="order_no")]


class Parcel(Dated):
    class Meta:
        indexes = Dated.Meta.indexes + [models.Index(fields=["created", "id"], name="parcel_two")]
"""


def test_indexes_of_a_base_are_put_into_a_list_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(OPTIONS)
    tables = Project.link(read_project(Settings(root=tmp_path))).schema.tables
    assert {index.name for index in tables["shop_order"].indexes} == {"shop_order_pkey", "order_made", "order_no"}
    assert {index.name for index in tables["shop_parcel"].indexes} == {"shop_parcel_pkey", "parcel_made", "parcel_two"}
    assert not tables["shop_order"].unknown
    assert not tables["shop_parcel"].unknown
