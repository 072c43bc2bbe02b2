from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0019_alter")]

    operations = [
        migrations.AlterField("t36", "x", models.CharField(max_length=30, unique=True)),
        migrations.AlterField("t37", "x", models.TextField()),
    ]
