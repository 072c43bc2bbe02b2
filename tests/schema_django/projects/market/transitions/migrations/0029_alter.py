from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0028_alter")]

    operations = [
        migrations.AlterField("t54", "x", models.CharField(max_length=20, db_index=True)),
        migrations.AlterField("t55", "x", models.PositiveSmallIntegerField(db_column="y")),
    ]
