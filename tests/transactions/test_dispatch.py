"""What hands work to other processes: every queue and broker that the model knows, and what only looks like one."""

from __future__ import annotations

import pytest
from transactions.linked_projects import HEAD, link, one

from backend_lint.project.transactions import Stake

CELERY = "from celery import Celery, chain, current_app, shared_task\napp = Celery('a')\n@shared_task\ndef t(x): pass\n"
OPEN = "def f():\n    with transaction.atomic():\n        m = M.objects.create(n=1)\n        "
SENT = [
    CELERY + OPEN + "t.delay(m.pk)\n",
    CELERY + OPEN + "t.apply_async((m.pk,), countdown=3)\n",
    CELERY + OPEN + "app.send_task('b', args=[m.pk])\n",
    CELERY + OPEN + "current_app.send_task('b', args=[m.pk])\n",
    CELERY + OPEN + "chain(t.s(m.pk), t.s(2)).apply_async()\n",
    CELERY + OPEN + "t.s(m.pk).delay()\n",
    "from celery import Task\nclass T(Task):\n    def run(self, x): pass\nt = T()\n" + OPEN + "t.delay(m.pk)\n",
    "import dramatiq\n@dramatiq.actor\ndef t(x): pass\n" + OPEN + "t.send(m.pk)\n",
    "from rq import Queue\nq = Queue()\ndef t(x): pass\n" + OPEN + "q.enqueue(t, m.pk)\n",
    "import django_rq\ndef t(x): pass\n" + OPEN + "django_rq.enqueue(t, m.pk)\n",
    "import django_rq\n@django_rq.job\ndef t(x): pass\n" + OPEN + "t.delay(m.pk)\n",
    "from huey.contrib.djhuey import task\n@task()\ndef t(x): pass\n" + OPEN + "t(m.pk)\n",
    "from django_q.tasks import async_task\n" + OPEN + "async_task('b.t', m.pk)\n",
    "import pika\ndef f(channel: pika.adapters.blocking_connection.BlockingChannel):\n    with transaction.atomic():\n        m = M.objects.create(n=1)\n"
    "        channel.basic_publish('', 'q', str(m.pk))\n",
    "import boto3\ns = boto3.client('sqs')\ndef f():\n    with transaction.atomic():\n        m = M.objects.create(n=1)\n"
    "        s.send_message(QueueUrl='u', MessageBody=str(m.pk))\n",
    "from kafka import KafkaProducer\np = KafkaProducer()\n" + OPEN + "p.send('t', m.pk)\n",
    "import redis\nr = redis.Redis()\n" + OPEN + "r.xadd('s', {'id': m.pk})\n",
]
NOT_SENT = [
    CELERY + OPEN + "t.delay_on_commit(m.pk)\n",
    CELERY + OPEN + "t(m.pk)\n",
    CELERY + OPEN + "t.apply((m.pk,))\n",
    "from datetime import timedelta\ndef f(timer):\n    with transaction.atomic():\n        m = M.objects.create(n=1)\n        timer.delay(m.pk)\n",
    "import smtplib\ndef f(client: smtplib.SMTP):\n    with transaction.atomic():\n        m = M.objects.create(n=1)\n        client.send(m.pk)\n",
    "from django.dispatch import Signal\nsaved = Signal()\n" + OPEN + "saved.send(m.pk)\n",
]


@pytest.mark.parametrize("text", SENT)
def test_work_is_handed_over(text: str) -> None:
    (found,) = one(text).transactions.early
    assert found.stake is Stake.NEW


@pytest.mark.parametrize("text", NOT_SENT)
def test_nothing_is_handed_over(text: str) -> None:
    assert one(text).transactions.early == ()


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("app = Celery('a', task_cls=Late)\n@app.task\ndef t(x): pass\n", False),
        ("app = Celery('a')\napp.Task = Late\n@app.task\ndef t(x): pass\n", False),
        ("app = Celery('a')\n@app.task(base=Late)\ndef t(x): pass\n", False),
        ("app = Celery('a')\n@app.task(base=Task)\ndef t(x): pass\n@app.task(base=Late)\ndef u(x): pass\n", True),
        ("app = Celery('a')\n@app.task\ndef t(x): pass\n@app.task(base=Late)\ndef u(x): pass\n", True),
    ],
)
def test_a_task_class_that_waits_for_the_commit(declared: str, sent: bool) -> None:
    late = "from celery import Celery, Task\nclass Late(Task):\n    def apply_async(self, *a, **k):\n"
    late += "        transaction.on_commit(lambda: super(Late, self).apply_async(*a, **k))\n"
    call = OPEN + "t.delay(m.pk)\n"
    project = link({"a.py": HEAD + late + declared + call})
    assert bool(project.transactions.early) is sent
