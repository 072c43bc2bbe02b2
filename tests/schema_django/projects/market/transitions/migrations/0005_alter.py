from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0004_alter")]

    operations = [
        migrations.AlterField("t6", "x", models.CharField(max_length=20)),
        migrations.AlterField("t7", "x", models.IntegerField(unique=True)),
    ]
