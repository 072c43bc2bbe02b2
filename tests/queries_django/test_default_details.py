"""Details that decide whether somebody acts on a finding: where the query is changed, who waits for it, what the rows have already, and what is one finding."""

from __future__ import annotations

from pathlib import Path

import msgspec

from backend_lint.api import Finding, Severity
from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=40)


class Parcel(models.Model):
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    driver = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    helpers = models.ManyToManyField(Person)
    closed = models.BooleanField(default=False)

    @property
    def count(self):
        return Person.objects.filter(parcel=self).count()

    @property
    def is_done(self):
        return self.closed or any(one.name for one in self.helpers.all())


class Letter(models.Model):
    sent = models.DateTimeField()
    number = models.IntegerField()
    place = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["sent"], name="letter_sent"),
            models.Index(fields=["sent", "number"], name="letter_sent_number"),
            models.Index(fields=["place"], name="letter_place"),
            models.Index(fields=["place", "number"], name="letter_place_number"),
        ]
"""
_VIEWS = """
from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Count, Sum
from django.http import JsonResponse
from django.shortcuts import render
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from app.models import Letter, Parcel


def make(request):
    Parcel.objects.create(owner_id=1)
    return JsonResponse({})

"""
_URLS = """
from django.urls import path
from rest_framework.routers import DefaultRouter

from app import views

router = DefaultRouter()
"""
_SETTINGS = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\nINSTALLED_APPS = ['app', 'django.contrib.admin']\n"


def told(tmp_path: Path, code: str, urls: str = "", profile: str = "default", others: dict[str, str] | None = None) -> list[Finding]:
    shown = "path('show/', views.show), " if "def show" in code else ""
    texts = {"app/__init__.py": "", "app/models.py": _MODELS, "app/views.py": _VIEWS + code, "app/settings.py": _SETTINGS}
    texts["app/urls.py"] = _URLS + urls + f"\nurlpatterns = [path('make/', views.make), {shown}*router.urls]\n"
    for path, text in {**texts, **(others or {})}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile=profile)
    rules = ("lazy-load-in-loop", "serializer-n-plus-one", "redundant-index", "app-level-uniqueness")
    return [one.finding for one in run(settings, samples.registry()).findings if one.finding.rule in rules]


_LOOP = """
def parcels():
    return list(Parcel.objects.filter(closed=False))


def show(request):
    return JsonResponse({"names": [parcel.owner.name for parcel in parcels()]})
"""


def test_nothing_is_put_behind_a_call_that_gives_a_list(tmp_path: Path) -> None:
    """``parcels().select_related(...)`` fails on a list: it is the query inside that has to change."""
    (found,) = told(tmp_path, _LOOP)
    assert found.message.endswith('add `.select_related("owner")` to the query in `parcels`')
    assert not found.suggestion
    assert ("app/views.py", 19, "this query gives the rows of Parcel") in {(one.path, one.line, one.message) for one in found.evidence}


def test_what_only_staff_waits_for_is_an_info_of_the_strict_profile(tmp_path: Path) -> None:
    """A page of ten administrators is no page of all users."""
    loop = "def show(request):\n    return JsonResponse({'names': [parcel.owner.name for parcel in Parcel.objects.filter(closed=False)]})\n"
    (found,) = told(tmp_path / "all", loop)
    assert found.severity is Severity.WARNING
    assert told(tmp_path / "staff", "@staff_member_required\n" + loop) == []
    found = told(tmp_path / "staff", "@staff_member_required\n" + loop, profile="strict")
    assert [one.severity for one in found if one.rule == "lazy-load-in-loop"] == [Severity.INFO]


_PAGE = """
def show(request):
    parcels = Parcel.objects.filter(closed=False).annotate(count=Count("helpers"))
    return render(request, "show.html", {"parcels": parcels})
"""
_TEMPLATE = "{% for parcel in parcels %}{{ parcel.count }}{{ parcel.owner.name }}{% if parcel.is_done %}x{% endif %}{% endfor %}"


def test_what_the_query_annotates_is_asked_of_nobody(tmp_path: Path) -> None:
    """The annotation is set on the row, in the place of the property; and what stands behind an ``or`` is read of some rows only."""
    every = told(tmp_path, _PAGE, profile="strict", others={"app/templates/show.html": _TEMPLATE})
    (found,) = (one for one in every if one.rule == "lazy-load-in-loop")
    assert "with one query per row for `owner`; " in found.message


_VIEWSET = """
class ParcelSerializer(serializers.ModelSerializer):
    owner_name = serializers.CharField(source="owner.name")

    class Meta:
        model = Parcel
        fields = ["owner_name"]


class ParcelViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = ParcelSerializer

    def get_queryset(self):
        return Parcel.objects.filter(closed=False)

    @action(detail=False)
    def heavy(self, request):
        return Response(ParcelSerializer(self.get_queryset().filter(owner__gt=4), many=True).data)
"""


def test_lists_of_a_view_that_begin_with_one_query_are_one_finding(tmp_path: Path) -> None:
    """One change of ``get_queryset`` mends all of them."""
    (found,) = told(tmp_path, _VIEWSET, 'router.register("parcels", views.ParcelViewSet, basename="parcels")')
    assert (found.rule, found.line) == ("serializer-n-plus-one", 30)


_ADMIN = """
from django.contrib import admin

from app.models import Parcel


@admin.register(Parcel)
class ParcelAdmin(admin.ModelAdmin):
    list_display = ("id", "driver_name", "owner")
    list_select_related = ("owner",)

    def driver_name(self, parcel):
        return parcel.driver.name
"""


def test_the_admin_names_no_relation_twice(tmp_path: Path) -> None:
    """A longer path loads all on its way."""
    name, boss = "name = models.CharField(max_length=40)", 'boss = models.ForeignKey("app.Person", on_delete=models.CASCADE)'
    models = _MODELS.replace(name, f"{name}\n    {boss}", 1)
    admin = _ADMIN.replace("parcel.driver.name", "parcel.owner.boss.name")
    found = told(tmp_path, "", others={"app/models.py": models, "app/admin.py": admin}, profile="strict")
    (message,) = (one.message for one in found if one.rule == "lazy-load-in-loop")
    assert message.endswith('set `list_select_related = ["owner__boss"]`')


def test_indexes_that_go_in_one_migration_are_one_finding(tmp_path: Path) -> None:
    """Of a table to which the service adds rows; of one that nobody fills the default profile says nothing."""
    assert not told(tmp_path / "still", "")
    (found,) = told(tmp_path / "filled", "def post(request):\n    Letter.objects.create(number=1, place=2)\n    return JsonResponse({})\n")
    assert "the indexes `letter_sent` and `letter_place` of `app_letter` serve nothing" in found.message
    assert {one.line for one in found.evidence} == {31, 33}


_LOOK = """
def show(request, number: int):
    if not Letter.objects.filter(place=number).exists():
        Letter.objects.create(place=number, number=1)
    return JsonResponse({})
"""


def test_a_constraint_is_advised_where_nothing_else_makes_rows(tmp_path: Path) -> None:
    """Who inserts without a look may mean two rows, and would fail from now on."""
    assert "app-level-uniqueness" in {one.rule for one in told(tmp_path / "alone", _LOOK)}
    other = "\n\ndef copy(place):\n    Letter.objects.create(place=place, number=2)\n"
    code = _LOOK.replace("    return", "    copy(number + 1)\n    return") + other
    assert "app-level-uniqueness" not in {one.rule for one in told(tmp_path / "both", code)}


_SUM = """
def show(request, number: int):
    had = Letter.objects.filter(place=number).aggregate(Sum("number"))["number__sum"] or 0
    if had < 5:
        Letter.objects.create(place=number, number=5 - had)
    return JsonResponse({})
"""


def test_who_adds_up_rows_means_several(tmp_path: Path) -> None:
    """A unique constraint would refuse the second of them."""
    assert "app-level-uniqueness" not in {one.rule for one in told(tmp_path, _SUM, profile="strict")}


_FIELDS = """
class NamedSerializer(serializers.ModelSerializer):
    owner_name = serializers.CharField(source="owner.name")
    driver_name = serializers.CharField(source="driver.name")

    class Meta:
        model = Parcel
        fields = ("id", "driver_name")


class ListedSerializer(NamedSerializer):
    class Meta(NamedSerializer.Meta):
        fields = NamedSerializer.Meta.fields + ("closed",)


class ParcelViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Parcel.objects.filter(closed=False)
    serializer_class = ListedSerializer
"""


def test_fields_that_are_left_out_read_nothing(tmp_path: Path) -> None:
    """A field of a base class is written only where ``Meta.fields`` has its name, be it that of another serializer."""
    (found,) = told(tmp_path, _FIELDS, 'router.register("parcels", views.ParcelViewSet, basename="parcels")')
    assert "with one query per row for `driver`;" in found.message


_CHOICE = """
class ParcelSerializer(serializers.ModelSerializer):
    class Meta:
        model = Parcel
        fields = ["id"]


class ExportSerializer(serializers.ModelSerializer):
    owner_name = serializers.CharField(source="owner.name")

    class Meta:
        model = Parcel
        fields = ["owner_name"]


class ParcelViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Parcel.objects.filter(closed=False)

    def get_serializer_class(self):
        if self.request.query_params.get("format") == "csv":
            return ExportSerializer
        return ParcelSerializer
"""


def test_a_serializer_for_some_requests_only_is_left_to_strict(tmp_path: Path) -> None:
    """A list that is written in one of several ways need not load what the rarest of them reads."""
    urls = 'router.register("parcels", views.ParcelViewSet, basename="parcels")'
    assert not told(tmp_path, _CHOICE, urls)
    assert "serializer-n-plus-one" in {one.rule for one in told(tmp_path, _CHOICE, urls, "strict")}


_GIVEN = """

    def move(self, other):
        self.driver = other
        return self.said()

    def said(self):
        return f"{self.driver.name} {self.owner.name}"
"""


def test_what_an_object_was_given_on_the_way_is_not_loaded(tmp_path: Path) -> None:
    """A method sets a relation and calls another one that reads it."""
    models = _MODELS.replace("\n\nclass Letter", f"{_GIVEN}\n\nclass Letter")
    loop = "def show(request, other):\n    return JsonResponse({'all': [parcel.move(other) for parcel in Parcel.objects.filter(closed=False)]})\n"
    every = told(tmp_path, loop, profile="strict", others={"app/models.py": models})
    (found,) = (one for one in every if one.rule == "lazy-load-in-loop")
    assert "for `owner`:" in found.message


def test_a_page_of_a_few_rows_is_left_to_strict(tmp_path: Path) -> None:
    """Ten queries more for what somebody types are not what makes it slow."""
    loop = "def show(request):\n    return JsonResponse({'names': [parcel.owner.name for parcel in Parcel.objects.filter(closed=False)[:10]]})\n"
    assert not told(tmp_path, loop)


def test_the_name_of_the_project_says_nothing_of_what_runs_once(tmp_path: Path) -> None:
    """A folder ``seed`` with the whole application in it fills no new database."""
    told(tmp_path, "def show(request):\n    return JsonResponse({'names': [parcel.owner.name for parcel in Parcel.objects.filter(closed=False)]})\n")
    (tmp_path / "app").rename(tmp_path / "seed")
    for path in (tmp_path / "seed").glob("*.py"):
        path.write_text(path.read_text().replace("from app", "from seed").replace("'app'", "'seed'").replace('"app.', '"seed.'))
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile="default")
    assert "lazy-load-in-loop" in {one.finding.rule for one in run(settings, samples.registry()).findings}


def test_an_index_of_a_base_class_is_left_to_strict(tmp_path: Path) -> None:
    """Other tables have it from the same line."""
    meta = "class Dated(models.Model):\n    day = models.DateField()\n    place = models.IntegerField()\n\n    class Meta:\n        abstract = True\n"
    meta += "        index_together = [('place', 'day')]\n\n\nclass Count(Dated):\n    class Meta(Dated.Meta):\n        unique_together = [('place', 'day')]\n"
    post = "from app.models import Count as Counted\n\n\ndef post(request):\n    Counted.objects.create(place=2)\n    return JsonResponse({})\n"
    others = {"app/models.py": f"{_MODELS}\n\n{meta}"}
    assert not told(tmp_path, post, others=others)
    assert "app_count" in " ".join(one.message for one in told(tmp_path, post, profile="strict", others=others))
