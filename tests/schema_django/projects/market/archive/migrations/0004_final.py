
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('archive', '0003_folder'),
    ]

    operations = [
        migrations.AlterField(
            model_name='box',
            name='id',
            field=models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID'),
        ),
        migrations.AlterField(
            model_name='box',
            name='shelf',
            field=models.IntegerField(db_index=True),
        ),
        migrations.AlterField(
            model_name='folder',
            name='id',
            field=models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID'),
        ),
    ]
