from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0029_alter")]

    operations = [
        migrations.AlterField("t56", "x", models.PositiveSmallIntegerField(db_column="y")),
        migrations.AlterField("t57", "x", models.TextField(unique=True)),
    ]
