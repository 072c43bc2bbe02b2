from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0022_alter")]

    operations = [
        migrations.AlterField("t42", "x", models.SlugField()),
        migrations.AlterField("t43", "x", models.SlugField()),
    ]
