from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0001_initial")]

    operations = [
        migrations.AlterField("t0", "x", models.PositiveSmallIntegerField(db_column="y")),
        migrations.AlterField("t1", "x", models.SlugField(db_index=False)),
    ]
