from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0002_change")]

    operations = [
        migrations.RunSQL(
            sql="CREATE INDEX CONCURRENTLY payment_amount ON orders_payment (amount DESC) WHERE amount > 100",
            reverse_sql="DROP INDEX payment_amount",
            state_operations=[
                migrations.AddIndex("payment", models.Index(fields=["-amount"], condition=Q(amount__gt=100), name="payment_amount")),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL("ALTER TABLE orders_refund ADD COLUMN reason varchar(40) NULL")],
            state_operations=[migrations.AddField("refund", "reason", models.CharField(max_length=40, null=True))],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddField("refund", "checked", models.BooleanField(default=False)),
                migrations.RenameField("refund", "checked", "approved"),
            ],
            state_operations=[migrations.AddField("refund", "approved", models.BooleanField(default=False))],
        ),
        AddIndexConcurrently("reminder", models.Index(fields=["order", "sent"], name="reminder_order_sent")),
        AddIndexConcurrently("reminder", models.Index(fields=["-sent"], name="reminder_gone")),
        RemoveIndexConcurrently("reminder", "reminder_gone"),
        migrations.RenameIndex("order", new_name="order_by_customer", old_name="order_customer_placed"),
        migrations.RemoveConstraint("order", "order_once"),
        migrations.RemoveIndex("order", "order_remark"),
        AddConstraintNotValid("line", models.CheckConstraint(condition=Q(price__gt=0), name="line_price")),
        ValidateConstraint("line", "line_price"),
    ]
