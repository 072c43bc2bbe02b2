from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0011_alter")]

    operations = [
        migrations.AlterField("t20", "x", models.TextField(unique=True)),
        migrations.AlterField("t21", "x", models.TextField(db_index=True)),
    ]
