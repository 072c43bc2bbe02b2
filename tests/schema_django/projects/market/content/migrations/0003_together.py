from django.db import connection, migrations, models

STEPS = ["draft", "review", "done"]


def add_languages(apps, schema_editor):
    Language = apps.get_model("content", "Language")
    for code in ("de", "en", "fr"):
        Language.objects.create(code=code)


def add_steps(apps, schema_editor):
    Step = apps.get_model("content", "Step")
    Step.objects.bulk_create([Step(name=name) for name in STEPS])


def index_headline(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    table = apps.get_model("content", "Article")._meta.db_table
    schema_editor.execute(f"CREATE INDEX article_headline ON {table} (lower(headline))")
    with connection.cursor() as cursor:
        for column in ("text", "score"):
            cursor.execute("CREATE INDEX comment_%s ON content_comment (%s)" % (column, column))


class Migration(migrations.Migration):
    dependencies = [("content", "0002_change")]

    operations = [
        migrations.CreateModel("Language", [("code", models.CharField(max_length=5, primary_key=True, serialize=False))]),
        migrations.CreateModel("Step", [("id", models.SmallAutoField(primary_key=True, serialize=False)), ("name", models.CharField(max_length=20))]),
        migrations.RunPython(add_languages, migrations.RunPython.noop),
        migrations.RunPython(code=add_steps, reverse_code=migrations.RunPython.noop),
        migrations.RunPython(index_headline, migrations.RunPython.noop),
        migrations.AlterIndexTogether("view", {("page", "at")}),
        migrations.AlterUniqueTogether("page", {("title", "language"), ("language", "path")}),
    ]
