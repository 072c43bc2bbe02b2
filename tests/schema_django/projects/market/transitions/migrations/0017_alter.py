from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0016_alter")]

    operations = [
        migrations.AlterField("t30", "x", models.ForeignKey("transitions.Aim", models.CASCADE, null=True, db_index=False)),
        migrations.AlterField("t31", "x", models.ForeignKey("transitions.Other", models.CASCADE)),
    ]
