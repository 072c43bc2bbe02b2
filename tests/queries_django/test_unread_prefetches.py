"""A list of a view is not told of relations that a method of its queryset may load by names which cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.engine.run import run
from tests import samples

_MODELS = """
from django.db import models

from app.lookups import lookups


class ShelfQuerySet(models.QuerySet):
    def with_all(self, **flags):
        return self.prefetch_related(LOADED)


class ShelfManager(models.Manager):
    def get_queryset(self):
        return ShelfQuerySet(self.model, using=self._db)


class Room(models.Model):
    name = models.CharField(max_length=40)


class Shelf(models.Model):
    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    objects = ShelfManager()
"""
_VIEWS = """
from rest_framework import serializers, viewsets

from app.models import Shelf


class ShelfSerializer(serializers.ModelSerializer):
    room = serializers.CharField(source="room.name")

    class Meta:
        model = Shelf
        fields = ["id", "room"]


class ShelfViewSet(viewsets.ModelViewSet):
    serializer_class = ShelfSerializer

    def get_queryset(self):
        queryset = Shelf.objects.all()
        if self.action in ["list"]:
            return queryset.with_all(flags=self.request.GET)
        else:
            return queryset.order_by("pk")
"""
_URLS = """
from rest_framework.routers import DefaultRouter

from app.views import ShelfViewSet

router = DefaultRouter()
router.register("shelves", ShelfViewSet, basename="shelf")
urlpatterns = router.urls
"""
_LOOKUPS = "def lookups(**flags):\n    found = []\n    for name in flags:\n        found.append(name)\n    return found\n"


@pytest.mark.parametrize(("loaded", "told"), [("*lookups(**flags)", False), ("'shelf_set'", True)])
def test_names_that_cannot_be_read_may_be_all(tmp_path: Path, loaded: str, told: bool) -> None:
    """What a function puts together for the request may be just the relation that the serializer reads."""
    (tmp_path / "app").mkdir()
    texts = {"__init__.py": "", "models.py": _MODELS.replace("LOADED", loaded), "views.py": _VIEWS, "urls.py": _URLS, "lookups.py": _LOOKUPS}
    for path, text in texts.items():
        (tmp_path / "app" / path).write_text(text)
    (tmp_path / "app" / "settings.py").write_text("INSTALLED_APPS = ['app', 'rest_framework']\n")
    found = [one.finding.message for one in run(samples.settings(tmp_path), samples.registry()).findings if one.finding.rule == "serializer-n-plus-one"]
    assert bool(found) is told, found
