"""Who makes the rows of a table: what a finding about it costs depends on whether a service does all day."""

from __future__ import annotations

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.schema import Table
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.schema.sizes import is_set_up
from backend_lint.readers.python import read

MODELS = """
from django.db import models


class Parcel(models.Model):
    code = models.CharField(max_length=30)

    class Meta:
        app_label = "shop"


class Archived(models.Model):
    code = models.CharField(max_length=30)

    class Meta:
        app_label = "shop"
"""
ADMIN = """
from django.contrib import admin

from shop.models import Archived, Parcel

admin.site.register([Archived, Parcel])
"""


def project(**texts: str) -> Project:
    """An application of modules by name, beside its models."""
    readings = {}
    for name, text in {"models": MODELS, **texts}.items():
        file = SourceFile(f"shop/{name}.py", Kind.PYTHON, Role.APPLICATION, len(text))
        readings[file.path] = file, read(text.encode(), file)
    return Project.link(readings)


def test_an_insert_makes_rows_of_the_table_it_inserts_into() -> None:
    """Not of the one that it reads, or every table that is archived would count as filled by the service."""
    text = "def archive(cursor):\n    cursor.execute('INSERT INTO shop_archived (code) SELECT code FROM shop_parcel')\n"
    growing = project(jobs=text).growing
    assert (growing.of("shop_archived"), growing.of("shop_parcel")) == (Growth.SERVED, Growth.UNKNOWN)


def test_the_admin_is_a_hand_and_a_service_is_not() -> None:
    """A table that only people fill stays short, whatever the admin's pages do."""
    calls = "from shop import models\n\n\ndef take(code):\n    models.Parcel.objects.create(code=code)\n"
    growing = project(admin=ADMIN, services=calls).growing
    assert (growing.of("shop_parcel"), growing.of("shop_archived")) == (Growth.SERVED, Growth.BY_HAND)


def test_a_class_of_the_same_name_is_another_one() -> None:
    """Calls are found by name; only what the name means there makes rows."""
    growing = project(boxes="class Parcel:\n    pass\n\n\ndef pack():\n    return Parcel()\n").growing
    assert growing.place("shop_parcel") is None


def test_a_form_that_is_given_data_makes_rows() -> None:
    """One that nothing is given shows what is there."""
    form = "from django import forms\n\nfrom shop.models import Parcel\n\n\nclass ParcelForm(forms.ModelForm):\n    class Meta:\n        model = Parcel\n"
    given = form + "\n\ndef take(request):\n    ParcelForm(request.POST).save()\n"
    assert project(forms=given).growing.of("shop_parcel") is Growth.ENTERED
    assert project(forms=form).growing.of("shop_parcel") is Growth.UNKNOWN


def test_a_serializer_that_a_view_only_reads_with_makes_no_rows() -> None:
    """A list of what a migration filled stays as long as it is."""
    serializer = """
from rest_framework import serializers, viewsets

from shop.models import Parcel


class ParcelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Parcel
        fields = ["code"]


class Parcels(viewsets.ReadOnlyModelViewSet):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
"""
    for text, grows in ((serializer, False), (serializer.replace("ReadOnlyModelViewSet", "ModelViewSet"), True)):
        linked = project(api=text)
        table = linked.schema.table("shop_parcel")
        assert table is not None
        assert linked.growing.surely(table) is grows


def test_rows_that_are_counted_say_more_than_a_name() -> None:
    """Somebody who counts a million rows of statuses is not told that statuses are few."""
    assert is_set_up(Table("job_status", ()))
    assert not is_set_up(Table("job_status", (), rows=1_000_000))
    assert is_set_up(Table("job_runs", (), rows=10))


def test_a_project_may_be_called_seed() -> None:
    """Its own package is no folder of seeds; one inside of it is."""
    text = MODELS + "\n\ndef take(code):\n    Parcel.objects.create(code=code)\n"
    for path, growth in (("seed/models.py", Growth.SERVED), ("demoscene/models.py", Growth.SERVED), ("shop/seeds/models.py", Growth.UNKNOWN)):
        file = SourceFile(path, Kind.PYTHON, Role.APPLICATION, len(text))
        found = Project.link({path: (file, read(text.encode(), file))})
        assert found.growing.of("shop_parcel") is growth, path


def test_a_place_that_writes_rows_is_shown_rather_than_one_that_builds_an_object() -> None:
    """Evidence of an insert that shows an object which is thrown away is not believed."""
    preview = "from shop.models import Parcel\n\n\ndef preview(code):\n    return Parcel(code=code)\n"
    take = "from shop.models import Parcel\n\n\ndef take(code):\n    one = Parcel(code=code)\n    one.save()\n"
    shown = project(a_preview=preview, b_take=take).growing.sure_place("shop_parcel")
    assert shown is not None and (shown.path, shown.is_kept) == ("shop/b_take.py", True)
    built = project(a_preview=preview).growing.sure_place("shop_parcel")
    assert built is not None and not built.is_kept
