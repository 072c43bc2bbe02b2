from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0006_alter")]

    operations = [
        migrations.AlterField("t10", "x", models.OneToOneField("transitions.Aim", models.CASCADE)),
        migrations.AlterField("t11", "x", models.IntegerField(null=True)),
    ]
