import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

OPEN, PAID, CANCELLED = "open", "paid", "cancelled"


class Note(models.Model):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey("content_type", "object_id")
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["content_type", "object_id"])]


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    number = models.BigIntegerField(unique=True)
    voucher = models.CharField(max_length=12, unique=True, null=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders")
    status = models.CharField(max_length=10, choices=[(OPEN, "Open"), (PAID, "Paid"), (CANCELLED, "Cancelled")], default=OPEN)
    placed = models.DateTimeField()
    remark = models.TextField(null=True)
    notes = GenericRelation(Note)

    class Meta:
        ordering = ["-placed", "number"]
        get_latest_by = "placed"
        indexes = [
            models.Index(fields=["customer", "-placed"], name="order_by_customer"),
            models.Index(fields=["placed"], condition=Q(status__in=[OPEN, PAID]) & Q(remark__isnull=False), name="order_open_placed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "remark"], nulls_distinct=False, name="order_remark_once"),
        ]


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    variant = models.ForeignKey("shopcat.Variant", models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        unique_together = [("order", "variant")]
        constraints = [models.CheckConstraint(condition=Q(price__gt=0), name="line_price")]


class Payment(models.Model):
    order = models.OneToOneField(Order, models.CASCADE)
    reference = models.CharField(max_length=64, primary_key=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    took = models.DurationField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-amount"], condition=Q(amount__gt=100), name="payment_amount")]


class CardPayment(Payment):
    digits = models.CharField(max_length=4)


class Refund(models.Model):
    payment = models.ForeignKey(Payment, models.CASCADE)
    card = models.ForeignKey(CardPayment, models.CASCADE, null=True, related_name="refunds")
    at = models.TimeField(null=True)
    reason = models.CharField(max_length=40, null=True)
    approved = models.BooleanField(default=False)


class OpenOrder(Order):
    class Meta:
        proxy = True
        ordering = ["placed"]


class Reminder(models.Model):
    order = models.ForeignKey(OpenOrder, models.CASCADE)
    sent = models.DateTimeField(null=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["order", "sent"], name="reminder_order_sent")]
