from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0034_alter")]

    operations = [
        migrations.AlterField("t66", "x", models.PositiveSmallIntegerField(db_column="y")),
        migrations.AlterField("t67", "x", models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y")),
    ]
