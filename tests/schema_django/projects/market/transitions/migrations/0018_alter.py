from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0017_alter")]

    operations = [
        migrations.AlterField("t32", "x", models.ForeignKey("transitions.Other", models.CASCADE)),
        migrations.AlterField("t33", "x", models.CharField(max_length=30, unique=True)),
    ]
