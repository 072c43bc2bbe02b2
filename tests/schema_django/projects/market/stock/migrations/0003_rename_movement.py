from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0002_change")]

    operations = [
        migrations.RenameModel("Movement", "StockMovement"),
        migrations.RenameField("stockmovement", "amount", "quantity"),
        migrations.RenameField(model_name="supplier", old_name="places", new_name="locations"),
    ]
