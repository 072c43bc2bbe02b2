from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, IntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex, GinIndex, GistIndex, HashIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Upper


class Document(models.Model):
    words = ArrayField(models.CharField(max_length=30), default=list)
    matrix = ArrayField(ArrayField(models.IntegerField()), null=True)
    data = models.JSONField(default=dict)
    vector = SearchVectorField(null=True)
    title = models.CharField(max_length=100)
    subtitle = models.CharField(max_length=100, null=True)
    at = models.DateTimeField()
    length = models.GeneratedField(expression=models.functions.Length("title"), output_field=models.IntegerField(), db_persist=True)

    class Meta:
        indexes = [
            GinIndex(fields=["words"]),
            GinIndex(fields=["data"], opclasses=["jsonb_path_ops"], name="document_data"),
            GinIndex(fields=["vector"], name="document_vector", condition=Q(vector__isnull=False)),
            BrinIndex(fields=["at"]),
            HashIndex(fields=["title"], name="document_title_hash"),
            models.Index(OpClass(Upper("title"), name="text_pattern_ops"), name="document_upper"),
            models.Index(Coalesce("subtitle", "title").desc(nulls_last=True), name="document_coalesced"),
        ]


class Booking(models.Model):
    room = models.CharField(max_length=10, unique=True)
    during = DateTimeRangeField()
    seats = IntegerRangeField(null=True)
    cancelled = models.BooleanField(default=False)

    class Meta:
        indexes = [GistIndex(fields=["during"], name="booking_during")]
        constraints = [
            ExclusionConstraint(name="booking_overlap", expressions=[("during", RangeOperators.OVERLAPS)], condition=Q(cancelled=False)),
            models.CheckConstraint(condition=Q(room__startswith="R") | Q(cancelled=True), name="booking_room"),
        ]
