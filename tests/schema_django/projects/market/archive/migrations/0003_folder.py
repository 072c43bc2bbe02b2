import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_box")]

    operations = [
        migrations.AlterField("box", "label", models.CharField(max_length=30, unique=True)),
        migrations.CreateModel(
            "Folder",
            [
                ("id", models.AutoField(primary_key=True)),
                ("box", models.ForeignKey("archive.Box", django.db.models.deletion.CASCADE, null=True)),
                ("title", models.CharField(max_length=40)),
            ],
        ),
        migrations.AddConstraint("folder", models.UniqueConstraint(fields=["box", "title"], name="folder_once")),
    ]
