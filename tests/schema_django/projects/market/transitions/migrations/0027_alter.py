from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0026_alter")]

    operations = [
        migrations.AlterField("t50", "x", models.IntegerField(unique=True)),
        migrations.AlterField("t51", "x", models.ForeignKey("transitions.Aim", models.CASCADE)),
    ]
