from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0004_together")]
    run_before = [("search", "0001_initial")]

    operations = [
        migrations.AlterOrderWithRespectTo("comment", "article"),
        migrations.CreateModel(
            name="Doomed",
            fields=[
                ("id", models.AutoField(primary_key=True)),
                ("word", models.CharField(max_length=3, unique=True)),
                ("languages", models.ManyToManyField("content.Language")),
            ],
        ),
        migrations.AddIndex("doomed", models.Index(fields=["word"], name="doomed_word")),
        migrations.DeleteModel("Doomed"),
    ]
