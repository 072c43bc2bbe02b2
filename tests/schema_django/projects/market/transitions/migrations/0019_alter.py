from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0018_alter")]

    operations = [
        migrations.AlterField("t34", "x", models.TextField(unique=True)),
        migrations.AlterField("t35", "x", models.ForeignKey("transitions.Aim", models.SET_NULL, null=True, db_constraint=False)),
    ]
