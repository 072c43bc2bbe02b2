from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0001_initial")]

    operations = [
        migrations.RenameModel("Case", "Box"),
        migrations.AddField("box", "shelf", models.IntegerField(db_index=True, default=0)),
    ]
