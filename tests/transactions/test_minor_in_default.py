"""What a reviewer would not stop for is told in the strict profile, and by default nothing is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples

from backend_lint.config import Settings
from backend_lint.engine.run import run

HEAD = "from django.db import models, transaction\n\n\n"
ROW = (
    "class Ticket(models.Model):\n    notes = models.TextField(default='')\n    seats = models.IntegerField(default=0)\n\n"
    "    class Meta:\n        app_label = 'desk'\n\n\ndef free(ticket: Ticket):\n    return 9 - ticket.seats\n\n\n"
)
COUNT = "def take(number):\n    ticket = Ticket.objects.get(pk=number)\n    ticket.seats += 1\n    ticket.save()\n"
APPEND = "def note(number, text):\n    ticket = Ticket.objects.get(pk=number)\n    ticket.notes += text\n    ticket.save()\n"
TASK = "from celery import shared_task\n\n\n@shared_task\ndef tell(number):\n    print(Ticket.objects.get(pk=number))\n\n\n"
ADMIN = (
    "from django.contrib import admin\n\n\nclass TicketAdmin(admin.ModelAdmin):\n"
    "    @transaction.atomic\n    def save_model(self, request, obj, form, change):\n"
    "        super().save_model(request, obj, form, change)\n        tell.delay(obj.pk)\n"
)
PLAIN = "@transaction.atomic\ndef new(request):\n    ticket = Ticket.objects.create()\n    tell.delay(ticket.pk)\n"
LINK = "    labels = models.ManyToManyField('self')\n"
CAUGHT = (
    "@transaction.atomic\ndef link(request, number):\n    ticket = Ticket.objects.get(pk=number)\n    try:\n        {}\n"
    "    except Exception:\n        pass\n    ticket.save()\n"
)
MADE = HEAD + ROW + CAUGHT.format("Ticket.objects.create()")
ASKED = "import requests\n" + HEAD + ROW + CAUGHT.format("Ticket.objects.create()\n        requests.post('https://desk.example', timeout=5).raise_for_status()")
DELETED = HEAD + ROW + CAUGHT.format("Ticket.objects.filter(pk=1).delete()")
LINKED = HEAD + ROW.replace("\n    class", LINK + "\n    class") + CAUGHT.format("ticket.labels.add(ticket)")


@pytest.mark.parametrize(
    ("path", "text", "rule", "default"),
    [
        ("views.py", HEAD + ROW + COUNT, "read-modify-write-race", True),
        ("views.py", HEAD + ROW + APPEND, "read-modify-write-race", False),
        ("staff_admin/views.py", HEAD + ROW + COUNT, "read-modify-write-race", False),
        ("views.py", HEAD + ROW + TASK + PLAIN, "task-dispatch-in-transaction", True),
        ("views.py", HEAD + ROW + TASK + ADMIN, "task-dispatch-in-transaction", False),
        ("views.py", MADE, "db-error-caught-inside-atomic", True),
        ("views.py", LINKED, "db-error-caught-inside-atomic", False),
        ("views.py", ASKED, "db-error-caught-inside-atomic", False),
        ("views.py", DELETED, "db-error-caught-inside-atomic", False),
    ],
)
def test_what_is_minor_is_strict_alone(tmp_path: Path, path: str, text: str, rule: str, default: bool) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    for profile, told in (("default", default), ("strict", True)):
        found = run(Settings(root=tmp_path, cache=False, jobs=1, profile=profile), samples.registry()).findings
        assert any(one.finding.rule == rule for one in found) == told, profile


JOB = """
from celery import shared_task
from django.db import models


class ScanJob(models.Model):
    id = models.BigAutoField(primary_key=True)
    phase = models.CharField(max_length=10, default="queued")

    class Meta:
        app_label = "lab"


class Result(models.Model):
    id = models.BigAutoField(primary_key=True)
    job = models.BigIntegerField()

    class Meta:
        app_label = "lab"


@shared_task
def scan(job_id):
    job = ScanJob.objects.get(pk=job_id)
    if job.phase == "queued":
        Result.objects.create(job=job.pk)
        job.phase = "done"
        job.save(update_fields=["phase"])
"""


@pytest.mark.parametrize(("model", "profile", "told"), [("ScanJob", "default", 0), ("ScanJob", "strict", 1), ("Parcel", "default", 1)])
def test_a_job_whose_worker_was_sent_for_it_is_left_to_strict(model: str, profile: str, told: int, tmp_path: Path) -> None:
    """A second worker is only sent if the first is lost; other rows are anybody's."""
    (tmp_path / "app.py").write_text(JOB.replace("ScanJob", model))
    result = run(Settings(root=tmp_path, cache=False, jobs=1, profile=profile), samples.registry())
    assert sum(one.finding.rule == "read-modify-write-race" for one in result.findings) == told
