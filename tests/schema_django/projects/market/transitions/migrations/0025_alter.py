from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0024_alter")]

    operations = [
        migrations.AlterField("t46", "x", models.SlugField(db_index=False)),
        migrations.AlterField("t47", "x", models.PositiveIntegerField(unique=True)),
    ]
