"""What is advised against a lost update works at that very place, and what may be meant is told for `strict` only."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql"}}
INSTALLED_APPS = ["fair"]
ROOT_URLCONF = "fair.urls"
"""
HEAD = """
import requests
from django.contrib import admin
from django.core.mail import send_mail
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpResponse
from django.urls import path
from celery import shared_task


class Ticket(models.Model):
    uses = models.PositiveIntegerField(default=0)
    seats = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=40)
    changed = models.DateTimeField(auto_now=True)


class Visit(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE)


def is_used_up(ticket):
    return ticket.uses > 3 and ticket.seats > 2
"""
URLS = '\n\nurlpatterns = [path("enter/<int:pk>/", enter)]\n'


def found(root: Path, rule: str, code: str, profile: str = "default") -> list[tuple[str, str]]:
    folder = root / "fair"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text("")
    (folder / "urls.py").write_text(HEAD + code + (URLS if "def enter" in code else ""))
    (root / "settings.py").write_text(SETTINGS)
    result = run(Settings(root=root, cache=False, jobs=1, profile=profile), samples.registry())
    return [(one.finding.message, one.finding.suggestion or "") for one in result.findings if one.finding.rule == rule]


RACE = "read-modify-write-race"
COUNTS = """

def enter(request, pk):
    ticket = Ticket.objects.get(pk=pk)
    {change}
    ticket.save({fields})
    return HttpResponse()
"""


@pytest.mark.parametrize("change", ["ticket.uses += 1", "ticket.uses = ticket.uses + 1"])
def test_the_database_adds_and_nothing_else_is_written(change: str, tmp_path: Path) -> None:
    ((message, suggestion),) = found(tmp_path / "whole", RACE, COUNTS.format(change=change, fields=""))
    assert "add with F() in the database and save(update_fields=['uses', 'changed']), or" in message
    assert suggestion == "F('uses')"
    ((message, _),) = found(tmp_path / "narrow", RACE, COUNTS.format(change=change, fields='update_fields=["uses"]'))
    assert "F() in the database, or" in message


HANDED = """

def visit(request, pk):
    Ticket.objects.filter(pk=pk).update(seats=models.F("seats") - 1)
    return HttpResponse()


def rename(ticket):
    ticket.uses = 0


def enter(request, pk):
    ticket = Ticket.objects.get(pk=pk)
    print(1), print(2), print(3)
    {before}
    ticket.holder = request.GET["name"]
    ticket.save()
    return HttpResponse()
"""


@pytest.mark.parametrize(
    ("before", "cure"),
    [("is_used_up(ticket)", "say update_fields=['holder', 'changed']"), ("rename(ticket)", "where the row is handed to")],
)
def test_columns_that_others_change_are_not_left_out(before: str, cure: str, tmp_path: Path) -> None:
    """`update_fields` of what one function changes would drop what another has changed of the row before it is saved."""
    ((message, _),) = found(tmp_path, RACE, HANDED.format(before=before))
    assert cure in message


def test_a_lock_that_is_advised_has_a_transaction(tmp_path: Path) -> None:
    receiver = """

@receiver({signal}, sender=Visit)
def count(sender, instance, **kwargs):
    ticket = instance.ticket
    ticket = Ticket.objects.get(pk=instance.ticket_id)
    ticket.uses = max(0, ticket.uses - 1)
    ticket.save()


def enter(request, pk):
    with transaction.atomic():
        Visit.objects.get(pk=pk).delete()
        Visit.objects.create(ticket_id=pk)
    return HttpResponse()
"""
    ((message, _),) = found(tmp_path / "delete", RACE, receiver.format(signal="post_delete"))
    assert message.endswith("select_for_update()"), "Django sends it inside its own transaction"
    ((message, _),) = found(tmp_path / "save", RACE, receiver.format(signal="post_save"))
    assert message.endswith("inside transaction.atomic()"), "one caller has one, others may not"


def test_sqlalchemy_adds_by_an_expression(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\n"
        "class Account(Base):\n    __tablename__ = 'account'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    hits: Mapped[int]\n\n\n"
        "def hit(session: Session, pk: int) -> Account:\n    account = session.get(Account, pk)\n    account.hits += 1\n"
        "    session.commit()\n    return account\n\n\n"
        "def used(account: Account) -> bool:\n    return account.hits > 3\n"
    )
    result = run(Settings(root=tmp_path, cache=False, jobs=1), samples.registry())
    (one,) = (one.finding for one in result.findings if one.finding.rule == RACE)
    assert "let the database compute it, Account.hits + ..., or load the row with with_for_update()" in one.message
    assert one.suggestion == "Account.hits + ..."


CALL = """

def enter(request, pk):
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update({how}).get(pk=pk)
        ticket.holder = "me"
        ticket.save(update_fields=["holder"])
        {call}
    return HttpResponse()
"""


@pytest.mark.parametrize(
    ("how", "call", "by_default"),
    [
        ("", 'requests.post("https://hook.example", timeout=3)', True),
        ("nowait=True", 'requests.post("https://hook.example", timeout=3)', False),
        ("", 'answer = requests.post("https://hook.example", timeout=3)', False),
    ],
)
def test_a_call_that_the_lock_may_be_for_is_for_strict(how: str, call: str, by_default: bool, tmp_path: Path) -> None:
    code = CALL.format(how=how, call=call)
    assert bool(found(tmp_path / "default", "external-call-in-transaction", code)) == by_default
    told = found(tmp_path / "strict", "external-call-in-transaction", code, "strict")
    assert len(told) == 1
    assert ("transaction.on_commit" in told[0][0]) == ("answer" not in call), "what stands inside ATOMIC_REQUESTS too is sent after the real commit"


@pytest.mark.parametrize(("backend", "sends"), [("anymail.backends.mailgun.EmailBackend", True), ("fair.mail.Backend", False)])
def test_mail_of_a_backend_of_its_own_may_be_queued(backend: str, sends: bool, tmp_path: Path) -> None:
    code = CALL.format(how="", call='send_mail("s", "b", None, ["a@example.com"])') + f'\n\nEMAIL_BACKEND = "{backend}"\n'
    assert bool(found(tmp_path, "external-call-in-transaction", code)) == sends


def test_what_happens_in_the_admin_is_for_strict(tmp_path: Path) -> None:
    code = """

@shared_task
def tell(pk):
    print(Ticket.objects.get(pk=pk).holder)


class TicketAdmin(admin.ModelAdmin):
    def save_model(self, request, obj, form, change):
        obj.save()
        tell.delay(obj.pk)


admin.site.register(Ticket, TicketAdmin)
"""
    assert not found(tmp_path / "default", "task-dispatch-in-transaction", code)
    assert found(tmp_path / "strict", "task-dispatch-in-transaction", code, "strict")


def test_atomic_is_not_advised_around_awaits(tmp_path: Path) -> None:
    """``transaction.atomic()`` raises SynchronousOnlyOperation in a coroutine."""
    body = "    ticket = {0}Ticket.objects.{1}create(holder='a')\n    {0}Place.objects.{1}create(ticket=ticket)\n    return HttpResponse()\n"
    for head, words, said in (("def", ("", ""), "with transaction.atomic(): ..."), ("async def", ("await ", "a"), "await sync_to_async(...)(...)")):
        code = f"\n\nclass Place(models.Model):\n    ticket = models.ForeignKey(Ticket, models.CASCADE)\n\n\n{head} enter(request, pk):\n{body.format(*words)}"
        ((message, suggestion),) = found(tmp_path / head, "multi-write-without-transaction", code)
        assert suggestion == said
        assert ("sync_to_async" in message) == (head == "async def")
