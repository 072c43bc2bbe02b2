from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transitions", "0035_alter")]

    operations = [
        migrations.AlterField("t68", "x", models.OneToOneField("transitions.Aim", models.CASCADE)),
        migrations.AlterField("t69", "x", models.SlugField()),
    ]
