from django.db import models

NAME_LENGTH = 80


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    changed = models.DateTimeField(auto_now=True)
    author = models.ForeignKey("accounts.Member", models.SET_NULL, null=True, related_name="%(app_label)s_%(class)s_set", related_query_name="%(class)s")

    class Meta:
        abstract = True
        ordering = ["-created"]
        indexes = [models.Index(fields=["changed"], name="%(app_label)s_%(class)s_chg")]


class Named(models.Model):
    name = models.CharField(max_length=NAME_LENGTH)
    slug = models.SlugField(unique=True)

    class Meta:
        abstract = True
        ordering = ["name"]
