from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0003_alter")]

    operations = [
        migrations.AlterField("t4", "x", models.ForeignKey("transitions.Aim", models.CASCADE)),
        migrations.AlterField("t5", "x", models.IntegerField(db_index=True)),
    ]
