from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0005_alter")]

    operations = [
        migrations.AlterField("t8", "x", models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word")),
        migrations.AlterField("t9", "x", models.IntegerField(unique=True)),
    ]
