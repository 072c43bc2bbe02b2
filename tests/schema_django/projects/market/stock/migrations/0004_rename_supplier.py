from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stock", "0003_rename_movement")]

    operations = [
        migrations.RenameModel(old_name="Supplier", new_name="Vendor"),
        migrations.RenameField("supply", "supplier", "vendor"),
    ]
