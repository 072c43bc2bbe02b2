from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0010_alter")]

    operations = [
        migrations.AlterField("t18", "x", models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False)),
        migrations.AlterField("t19", "x", models.ForeignKey("transitions.Aim", models.CASCADE, to_field="word")),
    ]
