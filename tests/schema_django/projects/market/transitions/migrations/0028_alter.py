from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0027_alter")]

    operations = [
        migrations.AlterField("t52", "x", models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word")),
        migrations.AlterField("t53", "x", models.TextField(unique=True)),
    ]
