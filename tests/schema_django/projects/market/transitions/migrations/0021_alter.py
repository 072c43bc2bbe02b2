from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0020_alter")]

    operations = [
        migrations.AlterField("t38", "x", models.BigIntegerField(null=True, db_index=True)),
        migrations.AlterField("t39", "x", models.BigIntegerField(null=True, db_index=True)),
    ]
