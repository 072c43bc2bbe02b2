from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0013_alter")]

    operations = [
        migrations.AlterField("t24", "x", models.TextField(db_index=True)),
        migrations.AlterField("t25", "x", models.IntegerField(null=True)),
    ]
