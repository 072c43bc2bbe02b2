from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0036_alter")]

    operations = [
        migrations.AlterField("t70", "x", models.IntegerField()),
    ]
