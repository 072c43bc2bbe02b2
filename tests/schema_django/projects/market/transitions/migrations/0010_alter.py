from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0009_alter")]

    operations = [
        migrations.AlterField("t16", "x", models.OneToOneField("transitions.Aim", models.CASCADE)),
        migrations.AlterField("t17", "x", models.CharField(max_length=20, db_index=True)),
    ]
