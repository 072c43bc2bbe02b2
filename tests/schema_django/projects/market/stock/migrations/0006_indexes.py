from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0005_tables")]

    operations = [
        migrations.AlterUniqueTogether("batch", {("warehouse", "variant")}),
        migrations.AddIndex("batch", models.Index(fields=["arrived", "-amount"], name="batch_arrived")),
        migrations.RemoveField("stockmovement", "position"),
        migrations.AlterField("depot", "code", models.CharField(max_length=5, db_index=True)),
        migrations.AlterField("shop", "opened", models.DateTimeField(null=True)),
    ]
