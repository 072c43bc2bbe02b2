
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('shopcat', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Partnership',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('address', models.GenericIPAddressField(null=True)),
                ('raw', models.BinaryField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.IntegerField()),
                ('arrived', models.DateField()),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='shopcat.variant')),
            ],
        ),
        migrations.CreateModel(
            name='Movement',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.IntegerField()),
                ('reason', models.CharField(db_index=True, max_length=30)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='stock.batch')),
            ],
        ),
        migrations.CreateModel(
            name='Shop',
            fields=[
                ('place', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, related_name='as_shop', serialize=False, to='stock.place')),
                ('opened', models.DateField(null=True)),
            ],
            bases=('stock.place',),
        ),
        migrations.CreateModel(
            name='Warehouse',
            fields=[
                ('place_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='stock.place')),
                ('capacity', models.PositiveIntegerField()),
            ],
            bases=('stock.place',),
        ),
        migrations.CreateModel(
            name='Supplier',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=60, unique=True)),
                ('partners', models.ManyToManyField(through='stock.Partnership', to='stock.supplier')),
                ('places', models.ManyToManyField(to='stock.place')),
            ],
        ),
        migrations.AddField(
            model_name='partnership',
            name='one',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='stock.supplier'),
        ),
        migrations.AddField(
            model_name='partnership',
            name='other',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='partnerships', to='stock.supplier'),
        ),
        migrations.CreateModel(
            name='Supply',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.CharField(max_length=40, null=True)),
                ('supplier', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='supplies', to='stock.supplier')),
            ],
        ),
        migrations.CreateModel(
            name='Depot',
            fields=[
                ('warehouse_ptr', models.OneToOneField(auto_created=True, on_delete=django.db.models.deletion.CASCADE, parent_link=True, primary_key=True, serialize=False, to='stock.warehouse')),
                ('code', models.CharField(max_length=5, unique=True)),
            ],
            bases=('stock.warehouse',),
        ),
        migrations.AddField(
            model_name='batch',
            name='warehouse',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='stock.warehouse'),
        ),
        migrations.AlterUniqueTogether(
            name='batch',
            unique_together={('warehouse', 'variant', 'arrived')},
        ),
    ]
