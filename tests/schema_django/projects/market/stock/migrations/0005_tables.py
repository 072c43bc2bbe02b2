from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0004_rename_supplier")]

    operations = [
        migrations.AlterModelTable("warehouse", "stock_house"),
        migrations.AlterModelTable("vendor", "vendors"),
        migrations.AlterModelTable(name="batch", table=None),
        migrations.AlterField("place", "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    ]
