
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('room', models.CharField(max_length=10)),
                ('during', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('seats', django.contrib.postgres.fields.ranges.IntegerRangeField(null=True)),
                ('cancelled', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GistIndex(fields=['during'], name='booking_during')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('cancelled', False)), expressions=[('during', '&&')], name='booking_overlap'), models.CheckConstraint(condition=models.Q(('room__startswith', 'R'), ('cancelled', True), _connector='OR'), name='booking_room')],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, size=None)),
                ('matrix', django.contrib.postgres.fields.ArrayField(base_field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None), null=True, size=None)),
                ('data', models.JSONField(default=dict)),
                ('vector', django.contrib.postgres.search.SearchVectorField(null=True)),
                ('title', models.CharField(max_length=100)),
                ('subtitle', models.CharField(max_length=100, null=True)),
                ('at', models.DateTimeField()),
                ('length', models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Length('title'), output_field=models.IntegerField())),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['words'], name='search_docu_words_ef7766_gin'), django.contrib.postgres.indexes.GinIndex(fields=['data'], name='document_data', opclasses=['jsonb_path_ops']), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('vector__isnull', False)), fields=['vector'], name='document_vector'), django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='search_docu_at_ae19ff_brin'), django.contrib.postgres.indexes.HashIndex(fields=['title'], name='document_title_hash'), models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('title'), name='text_pattern_ops'), name='document_upper'), models.Index(django.db.models.functions.comparison.Coalesce('subtitle', 'title'), name='document_coalesce')],
            },
        ),
    ]
