from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0021_alter")]

    operations = [
        migrations.AlterField("t40", "x", models.SlugField(db_index=False)),
        migrations.AlterField("t41", "x", models.ForeignKey("transitions.Other", models.CASCADE)),
    ]
