
import accounts.fields
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Brand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('slug', models.SlugField(unique=True)),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('changed', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=80)),
                ('slug', models.SlugField(unique=True)),
                ('code', accounts.fields.CodeField(null=True)),
                ('price', accounts.fields.MoneyField(decimal_places=2, max_digits=12)),
                ('active', models.BooleanField(default=True)),
                ('weight', models.FloatField(null=True)),
                ('launched', models.DateField(null=True)),
                ('sku', models.CharField(max_length=24)),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='%(app_label)s_%(class)s_set', related_query_name='%(class)s', to=settings.AUTH_USER_MODEL)),
                ('brand', models.ForeignKey(db_column='brand_slug', on_delete=django.db.models.deletion.PROTECT, to='shopcat.brand', to_field='slug')),
                ('related', models.ManyToManyField(to='shopcat.product')),
                ('similar', models.ManyToManyField(related_name='similar_to', to='shopcat.product')),
            ],
            options={
                'ordering': ['-created'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('slug', models.SlugField(unique=True)),
                ('position', models.PositiveIntegerField(default=0)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='shopcat.category')),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=20, unique=True)),
            ],
            options={
                'db_table': 'catalog_tags',
            },
        ),
        migrations.CreateModel(
            name='Bundle',
            fields=[
                ('product_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='shopcat.product')),
                ('discount', models.DecimalField(decimal_places=2, max_digits=5)),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
            },
            bases=('shopcat.product',),
        ),
        migrations.AddField(
            model_name='product',
            name='categories',
            field=models.ManyToManyField(related_name='products', to='shopcat.category'),
        ),
        migrations.CreateModel(
            name='ProductDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('changed', models.DateTimeField(auto_now=True)),
                ('file', models.FileField(upload_to='documents')),
                ('picture', models.FileField(null=True, upload_to='pictures')),
                ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='%(app_label)s_%(class)s_set', related_query_name='%(class)s', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shopcat.product')),
            ],
            options={
                'ordering': ['-created'],
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='product',
            name='tags',
            field=models.ManyToManyField(db_table='catalog_tagging', to='shopcat.tag'),
        ),
        migrations.CreateModel(
            name='Variant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('color', models.CharField(max_length=20)),
                ('size', models.PositiveSmallIntegerField()),
                ('ean', models.CharField(db_index=True, max_length=13, null=True)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='shopcat.product')),
            ],
        ),
        migrations.CreateModel(
            name='BundleItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveBigIntegerField(default=1)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bundle_items', to='shopcat.product')),
                ('bundle', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='shopcat.bundle')),
            ],
        ),
        migrations.AddField(
            model_name='bundle',
            name='products',
            field=models.ManyToManyField(related_name='bundles', through='shopcat.BundleItem', through_fields=('bundle', 'product'), to='shopcat.product'),
        ),
        migrations.AddConstraint(
            model_name='category',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('parent', 'position'), name='category_position'),
        ),
        migrations.AddIndex(
            model_name='productdocument',
            index=models.Index(fields=['changed'], name='shopcat_productdocument_chg'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['brand', '-price'], name='shopcat_pro_brand_s_3545df_idx'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('active', True)), fields=['name'], name='product_active_name'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(django.db.models.functions.text.Lower('name'), models.OrderBy(models.F('price'), descending=True), name='product_lower_name'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['price'], include=('name', 'active'), name='product_price_covering'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['slug'], name='product_slug_pattern', opclasses=['varchar_pattern_ops']),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.UniqueConstraint(condition=models.Q(('sku', ''), _negated=True), fields=('sku',), name='product_sku'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('sku'), models.F('brand'), name='product_sku_brand'),
        ),
        migrations.AddConstraint(
            model_name='product',
            constraint=models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='product_price'),
        ),
        migrations.AlterUniqueTogether(
            name='variant',
            unique_together={('product', 'color', 'size')},
        ),
        migrations.AlterOrderWithRespectTo(
            name='bundleitem',
            order_with_respect_to='bundle',
        ),
    ]
