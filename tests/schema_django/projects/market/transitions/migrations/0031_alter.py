from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0030_alter")]

    operations = [
        migrations.AlterField("t58", "x", models.CharField(max_length=20, db_column="y", unique=True)),
        migrations.AlterField("t59", "x", models.IntegerField(db_index=True)),
    ]
