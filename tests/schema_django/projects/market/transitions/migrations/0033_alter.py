from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0032_alter")]

    operations = [
        migrations.AlterField("t62", "x", models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False)),
        migrations.AlterField("t63", "x", models.IntegerField(null=True)),
    ]
