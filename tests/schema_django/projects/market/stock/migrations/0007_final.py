
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stock', '0006_indexes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='place',
            name='id',
            field=models.BigAutoField(primary_key=True, serialize=False),
        ),
    ]
