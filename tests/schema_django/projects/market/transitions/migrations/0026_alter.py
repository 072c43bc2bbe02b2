from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0025_alter")]

    operations = [
        migrations.AlterField("t48", "x", models.PositiveIntegerField()),
        migrations.AlterField("t49", "x", models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False)),
    ]
