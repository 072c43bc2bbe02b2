from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0012_alter")]

    operations = [
        migrations.AlterField("t22", "x", models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False)),
        migrations.AlterField("t23", "x", models.TextField()),
    ]
