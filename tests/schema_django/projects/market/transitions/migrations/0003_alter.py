from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0002_alter")]

    operations = [
        migrations.AlterField("t2", "x", models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False)),
        migrations.AlterField("t3", "x", models.BigIntegerField(null=True, db_index=True)),
    ]
