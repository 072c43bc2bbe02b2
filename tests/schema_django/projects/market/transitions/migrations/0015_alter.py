from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0014_alter")]

    operations = [
        migrations.AlterField("t26", "x", models.CharField(max_length=20, db_column="y", unique=True)),
        migrations.AlterField("t27", "x", models.SlugField(unique=True, max_length=90)),
    ]
