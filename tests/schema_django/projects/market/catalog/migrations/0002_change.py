
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shopcat', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='product',
            name='weight',
            field=models.DecimalField(decimal_places=3, max_digits=8, null=True),
        ),
        migrations.AlterField(
            model_name='tag',
            name='word',
            field=models.CharField(db_index=True, max_length=20),
        ),
        migrations.AlterField(
            model_name='variant',
            name='color',
            field=models.CharField(db_column='colour', max_length=20),
        ),
        migrations.AlterField(
            model_name='variant',
            name='ean',
            field=models.CharField(max_length=13, null=True, unique=True),
        ),
        migrations.AlterField(
            model_name='variant',
            name='size',
            field=models.IntegerField(null=True),
        ),
    ]
