
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('search', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='document',
            name='document_coalesce',
        ),
        migrations.AlterField(
            model_name='booking',
            name='room',
            field=models.CharField(max_length=10, unique=True),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(models.OrderBy(django.db.models.functions.comparison.Coalesce('subtitle', 'title'), descending=True, nulls_last=True), name='document_coalesced'),
        ),
    ]
