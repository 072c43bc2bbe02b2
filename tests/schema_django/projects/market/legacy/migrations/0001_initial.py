from django.db import connection, migrations, models

from legacy.operations import CreateIfMissing, flags, indexed

NAMES = ["red", "green", "blue"]


class Migration(migrations.Migration):
    initial = True

    operations = [
        CreateIfMissing(
            name="Paint",
            fields=[("id", models.AutoField(primary_key=True)), *[(name, models.IntegerField(default=0)) for name in NAMES]],
        ),
        migrations.CreateModel("Brush", [("id", models.AutoField(primary_key=True)), ("width", models.IntegerField())]),
        *flags("brush", "round", "flat"),
    ]
    operations += [migrations.AddField("brush", name, models.CharField(max_length=5, null=True)) for name in NAMES]
    operations.extend(indexed("paint", NAMES))
    for model, field in (("paint", "red"), ("brush", "width")):
        operations.append(migrations.RunSQL(f"CREATE INDEX legacy_{model}_twice ON legacy_{model} (({field} * 2))"))
    if connection.vendor == "mysql":
        operations.append(migrations.RunSQL("CREATE INDEX legacy_never ON legacy_paint (red)"))
    elif connection.vendor == "postgresql":
        operations += [migrations.RunSQL(["CREATE INDEX legacy_hash ON legacy_paint USING hash (green)", ("COMMENT ON TABLE legacy_paint IS %s", ["paint"])])]
