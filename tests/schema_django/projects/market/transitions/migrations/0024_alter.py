from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0023_alter")]

    operations = [
        migrations.AlterField("t44", "x", models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y")),
        migrations.AlterField("t45", "x", models.ForeignKey("transitions.Other", models.CASCADE)),
    ]
