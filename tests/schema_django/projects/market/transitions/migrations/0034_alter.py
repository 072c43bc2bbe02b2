from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0033_alter")]

    operations = [
        migrations.AlterField("t64", "x", models.PositiveSmallIntegerField(db_column="y")),
        migrations.AlterField("t65", "x", models.SlugField(db_index=False)),
    ]
