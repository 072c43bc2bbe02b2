"""Operations of Django and of Alembic, as migrations hold them. Each begins on the tables of its `INITIAL`, with `ROWS` rows each.

`{app}` stands for the application of a case.
"""

from __future__ import annotations

ROWS = 300

DJANGO_INITIAL = '''
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Customer", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=80))]),
        migrations.CreateModel(
            "Order",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("number", models.CharField(max_length=20)),
                ("total", models.IntegerField(null=True)),
                ("amount", models.DecimalField(max_digits=8, decimal_places=2)),
                ("note", models.TextField(default="")),
                ("at", models.DateTimeField()),
                ("paid", models.BooleanField(default=False)),
                ("code", models.CharField(max_length=10, unique=True)),
                ("slug", models.CharField(max_length=30, db_index=True)),
                ("customer", models.ForeignKey("{app}.Customer", models.CASCADE)),
                ("data", models.JSONField(default=dict)),
            ],
            options={"indexes": [models.Index(fields=["at"], name="{app}_at")]},
        ),
    ]
'''

DJANGO_FILL = """
INSERT INTO {app}_customer SELECT n, 'c' || n FROM generate_series(1, %(rows)s) n;
INSERT INTO {app}_order SELECT n, 'n' || n, n, n, 'x', now(), true, 'c' || n, 's' || n, n, '{{}}' FROM generate_series(1, %(rows)s) n;
"""

DJANGO = [
    'migrations.AddField("order", "a", models.IntegerField(null=True))',
    'migrations.AddField("order", "a", models.IntegerField(default=0))',
    'migrations.AddField("order", "a", models.BooleanField(default=False))',
    'migrations.AddField("order", "a", models.TextField(default="x"))',
    'migrations.AddField("order", "a", models.CharField(max_length=10, null=True, db_index=True))',
    'migrations.AddField("order", "a", models.CharField(max_length=10, null=True, unique=True))',
    'migrations.AddField("order", "a", models.PositiveIntegerField(null=True))',
    'migrations.AddField("order", "a", models.PositiveIntegerField(default=1))',
    'migrations.AddField("order", "a", models.DateTimeField(db_default=models.functions.Now()))',
    'migrations.AddField("order", "a", models.IntegerField(db_default=7))',
    'migrations.AddField("order", "a", models.UUIDField(db_default=RandomUUID()))',
    'migrations.AddField("order", "a", models.ForeignKey("{app}.Customer", models.CASCADE, null=True))',
    'migrations.AddField("order", "a", models.ForeignKey("{app}.Customer", models.CASCADE, null=True, db_index=False))',
    'migrations.AddField("order", "a", models.ForeignKey("{app}.Customer", models.CASCADE, null=True, db_index=False, db_constraint=False))',
    'migrations.AddField("order", "a", models.ForeignKey("{app}.Customer", models.CASCADE, default=1, db_index=False))',
    'migrations.AddField("order", "a", models.OneToOneField("{app}.Customer", models.CASCADE, null=True))',
    'migrations.AddField("order", "a", models.ManyToManyField("{app}.Customer", related_name="+"))',
    'migrations.AddField("order", "a", models.GeneratedField(expression=models.F("total") + 1, output_field=models.IntegerField(), db_persist=True))',
    'migrations.RemoveField("order", "note")',
    'migrations.RemoveField("order", "customer")',
    'migrations.AlterField("order", "number", models.CharField(max_length=40))',
    'migrations.AlterField("order", "number", models.CharField(max_length=10))',
    'migrations.AlterField("order", "number", models.TextField())',
    'migrations.AlterField("order", "number", models.CharField(max_length=20, help_text="x", verbose_name="y", blank=True))',
    'migrations.AlterField("order", "number", models.CharField(max_length=20, choices=[("a", "A")]))',
    'migrations.AlterField("order", "number", models.CharField(max_length=20, db_index=True))',
    'migrations.AlterField("order", "number", models.CharField(max_length=20, unique=True))',
    'migrations.AlterField("order", "number", models.CharField(max_length=20, null=True))',
    'migrations.AlterField("order", "slug", models.CharField(max_length=60, db_index=True))',
    'migrations.AlterField("order", "slug", models.CharField(max_length=30))',
    'migrations.AlterField("order", "code", models.CharField(max_length=10))',
    'migrations.AlterField("order", "code", models.CharField(max_length=30, unique=True))',
    'migrations.AlterField("order", "total", models.BigIntegerField(null=True))',
    'migrations.AlterField("order", "total", models.IntegerField(default=0))',
    'migrations.AlterField("order", "total", models.PositiveIntegerField(null=True))',
    'migrations.AlterField("order", "total", models.IntegerField(null=True, db_index=True))',
    'migrations.AlterField("order", "total", models.IntegerField(null=True, db_default=1))',
    'migrations.AlterField("order", "amount", models.DecimalField(max_digits=12, decimal_places=2))',
    'migrations.AlterField("order", "amount", models.DecimalField(max_digits=12, decimal_places=4))',
    'migrations.AlterField("order", "amount", models.FloatField())',
    'migrations.AlterField("order", "customer", models.ForeignKey("{app}.Customer", models.PROTECT))',
    'migrations.AlterField("order", "customer", models.ForeignKey("{app}.Customer", models.CASCADE, related_name="orders"))',
    'migrations.AlterField("order", "customer", models.ForeignKey("{app}.Customer", models.CASCADE, null=True))',
    'migrations.AlterField("order", "customer", models.ForeignKey("{app}.Customer", models.CASCADE, db_index=False))',
    'migrations.AlterField("order", "customer", models.ForeignKey("{app}.Customer", models.CASCADE, db_constraint=False))',
    'migrations.AlterField("order", "customer", models.OneToOneField("{app}.Customer", models.CASCADE))',
    'migrations.RenameField("order", "note", "text")',
    'migrations.RenameField("order", "customer", "buyer")',
    'migrations.RenameModel("Order", "Purchase")',
    'migrations.AlterModelTable("order", "{app}_purchase")',
    'migrations.AddIndex("order", models.Index(fields=["total"], name="{app}_i"))',
    'migrations.AddIndex("order", models.Index(fields=["total", "-at"], name="{app}_i"))',
    'migrations.AddIndex("order", models.Index(fields=["total"], name="{app}_i", condition=models.Q(paid=True)))',
    'migrations.AddIndex("order", models.Index(models.functions.Lower("note"), name="{app}_i"))',
    'migrations.RemoveIndex("order", "{app}_at")',
    'migrations.RenameIndex("order", new_name="{app}_at2", old_name="{app}_at")',
    'migrations.AddConstraint("order", models.UniqueConstraint(fields=["number"], name="{app}_u"))',
    'migrations.AddConstraint("order", models.UniqueConstraint(fields=["number"], condition=models.Q(paid=True), name="{app}_u"))',
    'migrations.AddConstraint("order", models.UniqueConstraint(models.functions.Lower("number"), name="{app}_u"))',
    'migrations.AddConstraint("order", models.CheckConstraint(condition=models.Q(total__gte=0), name="{app}_c"))',
    'AddConstraintNotValid("order", models.CheckConstraint(condition=models.Q(total__gte=0), name="{app}_c"))',
    'AddConstraintNotValid("order", models.CheckConstraint(condition=models.Q(total__gte=0), name="{app}_c")), ValidateConstraint("order", "{app}_c")',
    'migrations.AlterUniqueTogether("order", {("number", "total")})',
    'migrations.AlterModelOptions("order", {"ordering": ["at"]})',
    'migrations.DeleteModel("Order")',
    'migrations.CreateModel("Item", [("id", models.BigAutoField(primary_key=True)), ("order", models.ForeignKey("{app}.Order", models.CASCADE))])',
    'migrations.RunSQL("CREATE INDEX {app}_x ON {app}_order (total)")',
    'migrations.RunSQL("ALTER TABLE {app}_order ADD COLUMN x integer")',
    'migrations.RunSQL("ALTER TABLE {app}_order ALTER COLUMN total TYPE bigint")',
    'migrations.SeparateDatabaseAndState(state_operations=[migrations.AddIndex("order", models.Index(fields=["total"], name="{app}_i"))])',
    'migrations.SeparateDatabaseAndState(database_operations=[migrations.AddIndex("order", models.Index(fields=["total"], name="{app}_i"))])',
]
DJANGO_BARE = [
    'AddIndexConcurrently("order", models.Index(fields=["total"], name="{app}_i"))',
    'RemoveIndexConcurrently("order", "{app}_at")',
    'migrations.AddIndex("order", models.Index(fields=["total"], name="{app}_i"))',
]

ALEMBIC_INITIAL = """
CREATE TABLE maker (id integer PRIMARY KEY, name varchar(40));
CREATE TABLE item (
    id integer PRIMARY KEY, name varchar(40), size integer, kind text NOT NULL, price numeric(8, 2), maker_id integer,
    at timestamptz NOT NULL DEFAULT now(), data json, code varchar(10) UNIQUE
);
CREATE INDEX ix_item_kind ON item (kind);
"""
ALEMBIC_FILL = """
INSERT INTO maker SELECT n, 'm' || n FROM generate_series(1, %(rows)s) n;
INSERT INTO item SELECT n, 'n' || n, n, 'k', n, n, now(), '{}', 'c' || n FROM generate_series(1, %(rows)s) n;
"""
ALEMBIC = [
    'op.add_column("item", sa.Column("a", sa.Integer()))',
    'op.add_column("item", sa.Column("a", sa.Integer(), nullable=False, server_default="0"))',
    'op.add_column("item", sa.Column("a", sa.DateTime(timezone=True), server_default=sa.func.now()))',
    'op.add_column("item", sa.Column("a", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))',
    'op.add_column("item", sa.Column("a", sa.Integer(), index=True))',
    'op.add_column("item", sa.Column("a", sa.Integer(), unique=True))',
    'op.add_column("item", sa.Column("a", sa.Integer(), sa.ForeignKey("maker.id")))',
    'op.add_column("item", sa.Column("a", sa.Integer(), sa.Identity()))',
    'op.add_column("item", sa.Column("a", sa.Integer(), sa.Computed("size * 2", persisted=True)))',
    'op.drop_column("item", "size")',
    'op.alter_column("item", "name", nullable=False)',
    'op.alter_column("item", "kind", nullable=True)',
    'op.alter_column("item", "name", type_=sa.String(80))',
    'op.alter_column("item", "name", type_=sa.String(20))',
    'op.alter_column("item", "name", type_=sa.Text())',
    'op.alter_column("item", "size", type_=sa.BigInteger())',
    'op.alter_column("item", "price", type_=sa.Numeric(12, 2))',
    'op.alter_column("item", "price", type_=sa.Numeric(12, 3))',
    'op.alter_column("item", "data", type_=postgresql.JSONB(), postgresql_using="data::jsonb")',
    'op.alter_column("item", "size", server_default="1")',
    'op.alter_column("item", "name", new_column_name="label")',
    'op.create_index("ix_a", "item", ["size"])',
    'op.create_index("ix_a", "item", ["size"], unique=True)',
    'op.create_index("ix_a", "item", [sa.text("lower(name)")])',
    'op.create_index("ix_a", "item", ["size"], postgresql_where=sa.text("size > 3"))',
    'op.drop_index("ix_item_kind", table_name="item")',
    'op.create_unique_constraint("uq_a", "item", ["size"])',
    'op.create_foreign_key("fk_a", "item", "maker", ["maker_id"], ["id"])',
    'op.create_foreign_key("fk_a", "item", "maker", ["maker_id"], ["id"], postgresql_not_valid=True)',
    'op.create_check_constraint("ck_a", "item", "size > 0")',
    'op.create_check_constraint("ck_a", "item", "size > 0", postgresql_not_valid=True)',
    'op.drop_constraint("item_code_key", "item")',
    'op.rename_table("item", "article")',
    'op.drop_table("item")',
    'op.create_table("box", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id")))',
    'op.execute("CREATE INDEX ix_a ON item (size)")',
    'op.execute("ALTER TABLE item ADD COLUMN a integer CHECK (a > 0)")',
    'op.execute("ALTER TABLE item ADD CONSTRAINT ck_a CHECK (size > 0) NOT VALID")',
    'op.batch_alter_table("item").__enter__().create_index("ix_a", ["size"])',
]
