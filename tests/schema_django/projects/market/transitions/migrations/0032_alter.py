from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0031_alter")]

    operations = [
        migrations.AlterField("t60", "x", models.ForeignKey("transitions.Aim", models.CASCADE, db_column="y")),
        migrations.AlterField("t61", "x", models.ForeignKey("transitions.Aim", models.CASCADE)),
    ]
