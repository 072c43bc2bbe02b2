
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0005_order'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='unmanaged',
            options={'managed': False, 'verbose_name': 'report'},
        ),
    ]
