"""What the default profile says of rows that are loaded one by one: where one of these fails, a reader is told what may not matter, or not told what does."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=40)


class Parcel(models.Model):
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    driver = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    weight = models.IntegerField()
    helpers = models.ManyToManyField(Person)


class Maker(models.Model):
    name = models.CharField(max_length=40)


class Color(models.Model):
    owner = models.ForeignKey(Maker, on_delete=models.CASCADE, related_name="+")


class Badge(models.Model):
    kind = models.CharField(max_length=9, choices=[("gold", "Gold"), ("iron", "Iron")])
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    giver = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        unique_together = [("kind", "owner")]
"""
_VIEWS = """
from celery import shared_task
from django.contrib import admin
from django.http import JsonResponse
from rest_framework import serializers, viewsets

from app.models import Badge, Color, Parcel


def make(request):
    Parcel.objects.create(owner_id=1, weight=2)
    Color.objects.create(owner_id=1)
    Badge.objects.create(owner_id=1, giver_id=2, kind="gold")
    return JsonResponse({})

"""
_URLS = """
from django.urls import path
from rest_framework.routers import DefaultRouter

from app import views

router = DefaultRouter()
"""


def told(tmp_path: Path, code: str, urls: str = "", profile: str = "default", models: str = _MODELS) -> list[str]:
    app = tmp_path / "app"
    app.mkdir(exist_ok=True)
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text(models)
    (app / "views.py").write_text(_VIEWS + code)
    routes = "urlpatterns = [path('make/', views.make), path('show/', getattr(views, 'show', views.make)), *router.urls]\n"
    routes = routes if "def show" not in code else routes.replace("getattr(views, 'show', views.make)", "views.show")
    (app / "urls.py").write_text(_URLS + urls + "\n" + routes)
    settings = msgspec.structs.replace(samples.settings(tmp_path), profile=profile)
    rules = ("lazy-load-in-loop", "serializer-n-plus-one", "query-in-loop", "save-in-loop")
    return [one.finding.message for one in run(settings, samples.registry()).findings if one.finding.rule in rules]


_LOOP = """
def show(request):
    return JsonResponse({"names": [one.owner.name for one in Parcel.objects.filter(weight__gt=3)]})
"""


def test_loop_of_a_request_over_a_table_that_grows_is_told(tmp_path: Path) -> None:
    assert len(told(tmp_path, _LOOP)) == 1


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (_LOOP.replace("def show", "def unrouted"), "nothing is known to run it"),
        (_LOOP.replace("Parcel", "Color"), "somebody keeps the table by hand"),
        (_LOOP.replace("def show(request)", "@shared_task\ndef later()"), "nothing hands the task to its queue"),
        (_LOOP.replace("weight__gt=3", "**request.GET"), "nobody knows whether all rows have the same parent"),
        (_LOOP.replace("weight__gt=3", "owner=request.GET['owner']"), "all rows have the same parent"),
        (
            """
def show(request):
    for one in Parcel.objects.filter(weight__gt=3):
        one.weight = len(one.owner.name)
        one.save()
    return JsonResponse({})
""",
            "each row is written, which takes longer",
        ),
        (
            """
def show(request):
    for one in Parcel.objects.select_for_update().filter(weight__gt=3):
        print(one.driver.name)
    return JsonResponse({})
""",
            "a join would be locked too",
        ),
    ],
)
def test_loop_that_may_not_matter_is_left_to_the_strict_profile(tmp_path: Path, code: str, why: str) -> None:
    assert told(tmp_path, code) == [], f"the default profile must be silent: {why}"
    assert len(told(tmp_path, code, profile="strict")) >= 1, "the strict profile must tell it all the same"


def test_task_that_is_handed_to_its_queue_is_told(tmp_path: Path) -> None:
    code = _LOOP.replace("def show(request)", "@shared_task\ndef later()") + "\n\ndef start(request):\n    later.delay()\n    return JsonResponse({})\n"
    assert len(told(tmp_path, code)) == 1


_LIST = """
class ParcelSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="owner.name")

    class Meta:
        model = Parcel
        fields = ["name"]


class ParcelViewSet(viewsets.ModelViewSet):
    queryset = Parcel.objects.all()
    serializer_class = ParcelSerializer
"""
_ROUTED = "router.register('parcels', views.ParcelViewSet)"


def test_list_that_a_route_answers_with_is_told(tmp_path: Path) -> None:
    assert len(told(tmp_path, _LIST, _ROUTED)) == 1


def test_list_without_a_known_route_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    assert told(tmp_path, _LIST) == []
    assert len(told(tmp_path, _LIST, profile="strict")) == 1


def test_list_that_a_unique_key_of_few_values_bounds_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    code = _LIST.replace("Parcel.", "Badge.").replace("model = Parcel", "model = Badge").replace("owner.name", "giver.name")
    assert told(tmp_path, code, _ROUTED) == []
    assert len(told(tmp_path, code, _ROUTED, profile="strict")) == 1


_ADMIN = """
@admin.register(Parcel)
class ParcelAdmin(admin.ModelAdmin):
    list_display = ("owner", "driver", "helper_names")

    def helper_names(self, parcel):
        return ", ".join(one.name for one in parcel.helpers.all())
"""


def test_admin_is_left_to_the_strict_profile_and_keeps_the_joins_that_it_makes_by_itself(tmp_path: Path) -> None:
    assert told(tmp_path, _ADMIN) == [], "only staff waits for it"
    (message,) = told(tmp_path, _ADMIN, profile="strict")
    assert 'list_select_related = ["owner", "driver"]' in message, "a list that leaves `owner` out takes away the join that the admin makes by itself"
    assert '`.prefetch_related("helpers")` in `get_queryset`' in message


def test_parent_that_all_rows_share_is_loaded_once_not_joined_to_each(tmp_path: Path) -> None:
    (message,) = told(tmp_path, _LOOP.replace("weight__gt=3", "owner=request.GET['owner']"), profile="strict")
    assert 'prefetch_related("owner")' in message


def test_object_of_which_the_key_is_handed_on_is_not_joined(tmp_path: Path) -> None:
    code = """
def show(request):
    for one in Parcel.objects.filter(weight__gt=3):
        Badge.objects.create(owner=one.owner, kind='gold', giver_id=3)
    return JsonResponse({})
"""
    assert any("owner_id" in message for message in told(tmp_path, code, profile="strict"))


def test_evidence_names_no_helper_a_route(tmp_path: Path) -> None:
    code = """
class ShelfSerializer(serializers.ModelSerializer):
    names = serializers.SerializerMethodField()

    class Meta:
        model = Parcel
        fields = ["names"]

    def get_names(self, parcel):
        return [one.owner.name for one in Parcel.objects.filter(weight__gt=parcel.weight)]


class ParcelViewSet(viewsets.ModelViewSet):
    queryset = Parcel.objects.all()
    serializer_class = ShelfSerializer
"""
    told(tmp_path, code, _ROUTED)
    found = run(samples.settings(tmp_path), samples.registry()).findings
    lines = [line.message for one in found if one.finding.rule == "lazy-load-in-loop" for line in one.finding.evidence]
    assert lines, "the loop in the serializer's method must be found"
    assert not any("get_names" in line and "route" in line for line in lines), "a method of a serializer is no route"


def test_list_whose_class_loads_for_all_rows_at_once_is_not_told(tmp_path: Path) -> None:
    own = """
from django.db.models import prefetch_related_objects


class ParcelsSerializer(serializers.ListSerializer):
    def to_representation(self, data):
        prefetch_related_objects(data, "owner")
        return super().to_representation(data)

"""
    code = own + _LIST.replace("model = Parcel\n", "model = Parcel\n        list_serializer_class = ParcelsSerializer\n")
    assert told(tmp_path, code, _ROUTED, profile="strict") == []


def test_field_that_is_told_its_serializer_reads_what_that_reads(tmp_path: Path) -> None:
    """Advice that leaves relations out which the nested serializer reads leaves most of the queries."""
    field = """
from django_restql.fields import NestedField


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Person
        fields = ["name"]

"""
    models = "from app.models import Person\n"
    nested = 'helpers = NestedField(serializer_class=PersonSerializer, many=True)\n    driver = NestedField(serializer_class=PersonSerializer)'
    listed = _LIST.replace('name = serializers.CharField(source="owner.name")', nested).replace('["name"]', '["helpers", "driver"]')
    code = models + field + listed
    (message,) = told(tmp_path, code, _ROUTED)
    assert 'add `.select_related("driver").prefetch_related("helpers")`' in message


def test_field_that_is_taken_out_of_the_finished_answer_was_read(tmp_path: Path) -> None:
    method = """
    def to_representation(self, parcel):
        answer = super().to_representation(parcel)
        if parcel.weight:
            answer.pop("name", None)
        return answer

"""
    code = _LIST.replace("    class Meta", method + "    class Meta")
    assert len(told(tmp_path, code, _ROUTED)) == 1


@pytest.mark.parametrize("test", ["not request.user.is_superuser", "not request.user.is_staff and not request.user.is_superuser"])
def test_handler_that_turns_all_but_staff_away_is_left_to_the_strict_profile(tmp_path: Path, test: str) -> None:
    guarded = _LOOP.replace("    return", f"    if {test}:\n        raise PermissionDenied\n    return", 1)
    head = "from django.core.exceptions import PermissionDenied\n"
    assert told(tmp_path, head + guarded) == []
    (message,) = told(tmp_path, head + guarded.replace(test, "not request.user.is_authenticated"))
    assert "owner" in message
    assert len(told(tmp_path, head + guarded, profile="strict")) == 1


def test_loop_whose_rows_write_by_their_own_method_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    models = _MODELS.replace("class Maker", """class Note(models.Model):
    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE)
    text = models.CharField(max_length=40)


class Maker""").replace("    helpers = models.ManyToManyField(Person)\n", """    helpers = models.ManyToManyField(Person)

    def note(self, text):
        Note.objects.create(parcel=self, text=text)
""")
    loop = """
def show(request):
    for parcel in Parcel.objects.filter(weight__gt=3):
        parcel.note(parcel.owner.name)
    return JsonResponse({})
"""
    assert told(tmp_path, loop, models=models) == []
    assert len(told(tmp_path, loop, profile="strict", models=models)) == 1


def test_loop_that_ends_with_the_row_it_looks_for_is_left_to_the_strict_profile(tmp_path: Path) -> None:
    loop = """
def show(request):
    for parcel in Parcel.objects.filter(weight__gt=3):
        if parcel.owner.name == request.GET["name"]:
            break
    return JsonResponse({})
"""
    assert told(tmp_path, loop) == []
    assert len(told(tmp_path, loop, profile="strict")) == 1


def test_object_that_the_query_names_by_a_unique_key_is_the_same_for_all_rows(tmp_path: Path) -> None:
    models = _MODELS.replace("name = models.CharField(max_length=40)", "name = models.CharField(max_length=40, unique=True)", 1)
    code = _LIST.replace("Parcel.objects.all()", "Parcel.objects.filter(owner__name='a')")
    assert told(tmp_path, code, _ROUTED, models=models) == []
    assert len(told(tmp_path, code, _ROUTED)) == 1, "several may have the same name"
