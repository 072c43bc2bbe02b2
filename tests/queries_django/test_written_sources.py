"""A serializer's field that is written keeps its source: what is advised of it may not change `validated_data`."""

from __future__ import annotations

from pathlib import Path

import pytest
from queries_django.test_loading_advice import findings

API = """
from rest_framework import serializers, viewsets


class BookSerializer(serializers.ModelSerializer):
    shelf = serializers.IntegerField(source="shelf.id"{options})

    class Meta:
        model = Book
        fields = ["code", "shelf"]


class BookViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = BookSerializer
"""
URLS = """
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from app.pages import BookViewSet

router = DefaultRouter()
router.register("books", BookViewSet)
urlpatterns = [path("", include(router.urls))]
"""


@pytest.mark.parametrize(("options", "advice"), [(", read_only=True", "shelf_id"), ("", 'select_related("shelf")')])
def test_the_source_of_a_written_field_is_left_as_it_is(options: str, advice: str, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, API.replace("{options}", options), "serializer-n-plus-one", {"app/urls.py": URLS})
    assert advice in found.message + (found.suggestion or "")
    assert ("shelf_id" in found.message) == (advice == "shelf_id")
