"""Which rows are whose: keys, chains of keys, tenants, and who forgets to ask."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.api import Profile
from backend_lint.config import Settings
from backend_lint.engine.run import check_contents
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.project.ownership.keys import Strength
from backend_lint.readers.python import read

MODELS = """
from django.contrib.auth.models import User
from django.db import models

class Team(models.Model):
    name = models.CharField(max_length=50)

class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, on_delete=models.CASCADE)

class Order(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)

class Item(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

class Board(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)

class Page(models.Model):
    created_by = models.ForeignKey(User, on_delete=models.CASCADE)

class Post(models.Model):
    author = models.ForeignKey(User, on_delete=models.CASCADE)

class Country(models.Model):
    name = models.CharField(max_length=50)
"""
VIEWS = """
from django.contrib.auth.decorators import login_required
from django.http import Http404, JsonResponse
from django.urls import path
from shop.models import Item, Order

@login_required
def orders(request):
    return JsonResponse({"orders": [one.pk for one in Order.objects.filter(user=request.user)]})

@login_required
def view(request, pk):
    BODY
urlpatterns = [path("orders/", orders), path("orders/<int:pk>/", view)]
"""


def project(**files: str) -> Project:
    readings = {}
    for name, source in files.items():
        file = SourceFile(f"shop/{name}.py", Kind.PYTHON, Role.APPLICATION, len(source))
        readings[file.path] = (file, read(source.encode(), file, ()))
    return Project.link(readings)


def view(body: str, models: str = MODELS) -> Project:
    return project(models=models, views=VIEWS.replace("BODY", body.replace("\n", "\n    ")), __init__="")


@pytest.mark.parametrize(
    ("table", "columns", "strength", "tenant"),
    [
        ("shop_order", ("user_id",), Strength.STRONG, False),
        ("shop_item", ("order_id",), Strength.CHAIN, False),
        ("shop_board", ("team_id",), Strength.STRONG, True),
        ("shop_page", ("created_by_id",), Strength.WEAK, False),
        ("shop_post", ("author_id",), Strength.AUTHOR, False),
    ],
)
def test_key_says_whose_a_row_is_and_how_surely(table: str, columns: tuple[str, ...], strength: Strength, tenant: bool) -> None:
    key = project(models=MODELS, __init__="").ownership.keys.surest(table)
    assert key is not None
    assert (key.columns, key.strength, key.tenant) == (columns, strength, tenant)
    assert key.path == "shop/models.py"


def test_rows_that_nobody_owns_have_no_key() -> None:
    keys = project(models=MODELS, __init__="").ownership.keys
    assert not keys.of("shop_country")
    assert not keys.of("shop_team"), "a tenant is not somebody's row"
    assert keys.tenants == {"shop_team"}


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("order = Order.objects.get(pk=pk)\nreturn JsonResponse({'pk': order.pk})", "read"),
        ("order = Order.objects.get(pk=pk)\norder.total = 0\norder.save()\nreturn JsonResponse({})", "changed"),
        ("Order.objects.filter(pk=pk).delete()\nreturn JsonResponse({})", "deleted"),
        ("Order.objects.filter(pk=pk).update(total=0)\nreturn JsonResponse({})", "changed"),
        ("order = Order.objects.get(pk=request.POST['order'])\norder.delete()\nreturn JsonResponse({})", "deleted"),
        ("if not request.user.is_authenticated:\n    raise Http404\nreturn JsonResponse({'pk': Order.objects.get(pk=pk).pk})", "read"),
    ],
)
def test_row_that_is_looked_up_for_anybody_is_found_with_what_becomes_of_it(body: str, effect: str) -> None:
    (found,) = view(body).ownership.unscoped
    assert (found.table, found.effect, found.profile) == ("shop_order", effect, Profile.DEFAULT)
    assert [site.symbol for site in found.siblings] == ["orders"]


@pytest.mark.parametrize(
    "body",
    [
        "return JsonResponse({'pk': Order.objects.get(pk=pk, user=request.user).pk})",
        "return JsonResponse({'pk': request.user.order_set.get(pk=pk).pk})",
        "order = Order.objects.get(pk=pk)\nif order.user != request.user:\n    raise Http404\nreturn JsonResponse({'pk': order.pk})",
        "order = Order.objects.get(pk=pk)\nif not request.user.has_perm('shop.view', order):\n    raise Http404\nreturn JsonResponse({'pk': order.pk})",
        "if not request.user.is_staff:\n    raise Http404\nreturn JsonResponse({'pk': Order.objects.get(pk=pk).pk})",
        "mine = Order.objects.filter(user=request.user)\nreturn JsonResponse({'pk': mine.get(pk=pk).pk})",
        "order = Order.objects.get(pk=pk)\ncheck_reader(request, order)\nreturn JsonResponse({'pk': order.pk})",
        "item = Item.objects.get(pk=pk, order__user=request.user)\nreturn JsonResponse({'pk': item.pk})",
        "return JsonResponse({'found': Order.objects.filter(pk=pk).exists()})",
    ],
)
def test_row_that_is_asked_about_is_left_alone(body: str) -> None:
    assert not view(body).ownership.unscoped


def test_policies_of_the_database_vouch_for_every_query() -> None:
    body = "return JsonResponse({'pk': Order.objects.get(pk=pk).pk})"
    policy = "from django.db import connection\n\ndef install():\n    connection.cursor().execute('ALTER TABLE shop_order ENABLE ROW LEVEL SECURITY')\n"
    views = VIEWS.replace("BODY", body)
    assert project(models=MODELS, views=views, __init__="").ownership.unscoped
    assert not project(models=MODELS, views=views, policies=policy, __init__="").ownership.unscoped


def test_without_a_sibling_that_asks_a_change_is_less_sure() -> None:
    body = "order = Order.objects.get(pk=pk)\norder.delete()\nreturn JsonResponse({})"
    views = VIEWS.replace("BODY", body.replace("\n", "\n    ")).replace("Order.objects.filter(user=request.user)", "[]")
    (found,) = project(models=MODELS, views=views, __init__="").ownership.unscoped
    assert found.profile is Profile.STRICT


def test_branches_that_exclude_each_other_do_not_vouch_for_one_another() -> None:
    body = (
        "if request.GET.get('all'):\n    return JsonResponse({'pk': Order.objects.get(pk=pk).pk})\n"
        "else:\n    return JsonResponse({'pk': Order.objects.get(pk=pk, user=request.user).pk})"
    )
    (found,) = view(body).ownership.unscoped
    assert found.at.line == 14


def test_a_view_set_whose_base_is_not_imported_costs_no_rule_its_findings() -> None:
    source = """
from django.contrib.auth.models import User
from django.db import models
from django.http import JsonResponse
from django.urls import path
from rest_framework.permissions import IsAuthenticated

class Letter(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)

class LetterViewSet(ModelViewSet):
    permission_classes = [IsAuthenticated]
    queryset = Letter.objects.all()

def letters(request):
    return JsonResponse({"letters": list(Letter.objects.filter(user=request.user))})

urlpatterns = [path("letters/", letters), path("letters/<int:pk>/", LetterViewSet.as_view({"get": "retrieve"}))]
"""
    settings = Settings(root=Path("/nonexistent"), profile="all", cache=False, jobs=1)
    assert not check_contents(settings, samples.registry(), {"app/views.py": source.encode()})[1].failures
