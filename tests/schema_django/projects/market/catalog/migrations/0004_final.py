
import accounts.fields
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('shopcat', '0003_brand'),
    ]

    operations = [
        migrations.AlterField(
            model_name='product',
            name='price',
            field=accounts.fields.MoneyField(decimal_places=4, max_digits=14),
        ),
    ]
