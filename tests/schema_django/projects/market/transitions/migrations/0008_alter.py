from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0007_alter")]

    operations = [
        migrations.AlterField("t12", "x", models.IntegerField(db_index=True)),
        migrations.AlterField("t13", "x", models.CharField(max_length=20, db_column="y", unique=True)),
    ]
