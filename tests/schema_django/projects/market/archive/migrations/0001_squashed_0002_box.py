from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("archive", "0001_initial"), ("archive", "0002_box")]
    initial = True

    operations = [
        migrations.CreateModel("Case", [("id", models.AutoField(primary_key=True)), ("label", models.CharField(max_length=20, unique=True))]),
        migrations.RenameModel("Case", "Box"),
        migrations.AddField("box", "place", models.IntegerField(db_index=True, default=0)),
        migrations.RenameField("box", "place", "shelf"),
    ]
