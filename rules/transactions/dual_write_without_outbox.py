from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import DualWrite


class DualWriteWithoutOutbox(ProjectRule):
    """A change is written to the database and published to a broker, and nothing keeps the two together.

    ## What it does

    Finds functions that write to the database and then publish an event to Kafka, RabbitMQ, SNS, SQS, Kinesis, EventBridge, Pub/Sub, NATS or a Redis
    stream, themselves or through functions of the project. It is silent in a project that has a table, a class or a library for an outbox, in consumers
    (their broker delivers again what was not finished), about messages that are logs, metrics or cache invalidations, and about Redis pub/sub, which
    reaches only who listens. What is published inside an open transaction is `task-dispatch-in-transaction`.

    ## Why is this bad

    The process may die, or the broker be away, between the two. Then the order is in the database and the warehouse never hears of it, and no log says
    so. Turning the two round only turns the error round. An outbox is a row that is written in the same transaction and sent by a relay afterwards, as
    often as it takes.

    ## Example

    ```python
    from django.db import models
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers="kafka:9092")


    class Order(models.Model):
        total = models.IntegerField()

        class Meta:
            app_label = "shop"


    def place_order(total: int) -> None:
        order = Order.objects.create(total=total)
        producer.send("orders.placed", str(order.pk).encode())
    ```

    ## Use instead

    ```python
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField()

        class Meta:
            app_label = "shop"


    class OutboxMessage(models.Model):
        topic = models.CharField(max_length=100)
        body = models.TextField()

        class Meta:
            app_label = "shop"


    @transaction.atomic
    def place_order(total: int) -> None:
        order = Order.objects.create(total=total)
        OutboxMessage.objects.create(topic="orders.placed", body=str(order.pk))
    ```

    ## When this is wrong

    The event is a hint that nobody relies on, or a job compares the two systems regularly and sends what is missing.

    ## References

    - [Pattern: transactional outbox](https://microservices.io/patterns/data/transactional-outbox.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    tags = ("consistency", "queue")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.dual_writes:
            yield self._finding(project, one)

    def _finding(self, project: Project, one: DualWrite) -> Finding:
        return self.finding(
            one.key[0],
            one.publish.call,
            f"the change is committed and then published with {one.sent.name}: if the process dies in between, the event is lost for good; "
            "write it to an outbox table in the same transaction and send it from there",
            symbol=project.calls.head(one.key).name,
            evidence=(Evidence(one.key[0], one.write.line, "this is written before"), *project.calls.evidence(one.way[1:])),
        )
