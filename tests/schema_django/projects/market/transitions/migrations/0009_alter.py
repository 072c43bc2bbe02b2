from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0008_alter")]

    operations = [
        migrations.AlterField("t14", "x", models.IntegerField(db_index=True)),
        migrations.AlterField("t15", "x", models.SlugField(unique=True, max_length=90)),
    ]
