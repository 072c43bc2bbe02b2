from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0015_alter")]

    operations = [
        migrations.AlterField("t28", "x", models.IntegerField(null=True)),
        migrations.AlterField("t29", "x", models.ForeignKey("transitions.Aim", models.CASCADE)),
    ]
