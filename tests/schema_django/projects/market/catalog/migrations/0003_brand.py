from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shopcat", "0002_change")]

    operations = [
        migrations.AlterField("brand", "slug", models.SlugField(max_length=70, unique=True)),
        migrations.RenameField("brand", "slug", "key"),
        migrations.RenameModel("Tag", "Keyword"),
        migrations.RenameField("product", "similar", "alike"),
        migrations.AlterField("product", "price", models.DecimalField(max_digits=14, decimal_places=4)),
        migrations.AlterField("variant", "size", models.SmallIntegerField(default=0)),
        migrations.AlterModelTable("productdocument", "catalog_documents"),
    ]
