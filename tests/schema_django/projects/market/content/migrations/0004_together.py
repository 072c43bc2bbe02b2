from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0003_together")]

    operations = [
        migrations.RenameIndex("view", new_name="view_page_at", old_fields=["page", "at"]),
        migrations.AlterUniqueTogether("page", {("title", "language")}),
        migrations.AddField("article", "editor", models.ForeignKey("accounts.Member", models.SET_NULL, null=True, related_name="edited")),
        migrations.AddField("article", "languages", models.ManyToManyField("content.Language")),
        migrations.AddField("article", "number", models.PositiveIntegerField(unique=True, null=True)),
        migrations.AddField("article", "state", models.CharField(max_length=9, db_index=True, default="draft", choices=[("draft", "Draft")])),
        migrations.RemoveField("article", "pages"),
        migrations.AlterModelOptions("unmanaged", {"verbose_name": "report"}),
    ]

    dependencies += [("accounts", "0001_initial")]
