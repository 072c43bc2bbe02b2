# ruff: noqa: E501
"""What squawk's and django-migration-linter's documentation calls bad and good, written anew: a rule, and a migration that it must report or leave alone.

Each is a migration by its own on tables that were there before. SQL, unless it begins with ``django:``.
"""

from __future__ import annotations

INDEX, CONCURRENT, INLINE = "migration-index-not-concurrent", "migration-concurrent-in-transaction", "migration-constraint-validates-inline"
REWRITE, RENAME, REQUIRED, TIMEOUT = "migration-type-rewrite", "migration-rename", "migration-add-required-column", "migration-no-lock-timeout"
DROPS, ONE_WAY, MODEL = "migration-drops-referenced-column", "migration-irreversible", "migration-imports-app-model"

BAD: list[tuple[str, str, str]] = [
    ("squawk adding-required-field", REQUIRED, "ALTER TABLE recipe ADD COLUMN public boolean NOT NULL;"),
    ("squawk adding-not-nullable-field", INLINE, "ALTER TABLE recipe ALTER COLUMN view_count SET NOT NULL;"),
    ("squawk adding-field-with-default", REWRITE, "ALTER TABLE recipe ADD COLUMN token uuid DEFAULT gen_random_uuid();"),
    ("squawk adding-field-with-default", REWRITE, "ALTER TABLE recipe ADD COLUMN lucky double precision DEFAULT random();"),
    ("squawk adding-foreign-key-constraint", INLINE, "ALTER TABLE email ADD CONSTRAINT email_user FOREIGN KEY (user_id) REFERENCES account (id);"),
    ("squawk adding-serial-primary-key-field", REWRITE, "ALTER TABLE note ADD COLUMN id serial PRIMARY KEY;"),
    ("squawk adding-serial-primary-key-field", INDEX, "ALTER TABLE note ADD PRIMARY KEY (number);"),
    ("squawk constraint-missing-not-valid", INLINE, "ALTER TABLE account ADD CONSTRAINT positive CHECK (balance >= 0);"),
    ("squawk constraint-missing-not-valid", INLINE, "BEGIN; ALTER TABLE account ADD CONSTRAINT p CHECK (balance >= 0) NOT VALID; ALTER TABLE account VALIDATE CONSTRAINT p; COMMIT;"),
    ("squawk changing-column-type", REWRITE, "ALTER TABLE recipe ALTER COLUMN edits TYPE text USING edits::text;"),
    ("squawk changing-column-type", REWRITE, "ALTER TABLE recipe ALTER COLUMN view_count TYPE bigint;"),
    ("squawk disallowed-unique-constraint", INDEX, "ALTER TABLE recipe ADD CONSTRAINT recipe_name UNIQUE (name);"),
    ("squawk disallowed-unique-constraint", INDEX, "ALTER TABLE recipe ADD COLUMN slug text CONSTRAINT recipe_slug UNIQUE;"),
    ("squawk renaming-column", RENAME, "ALTER TABLE recipe RENAME COLUMN name TO title;"),
    ("squawk renaming-table", RENAME, "ALTER TABLE recipe RENAME TO dish;"),
    ("squawk require-concurrent-index-creation", INDEX, "CREATE INDEX recipe_name ON recipe (name);"),
    ("squawk require-concurrent-index-creation", INDEX, "CREATE UNIQUE INDEX recipe_name ON recipe (name);"),
    ("squawk require-concurrent-index-deletion", TIMEOUT, "DROP INDEX recipe_edits;"),
    ("squawk ban-concurrent-index-creation-in-transaction", CONCURRENT, "BEGIN; CREATE INDEX CONCURRENTLY recipe_name ON recipe (name); COMMIT;"),
    ("squawk require-timeout-settings", TIMEOUT, "ALTER TABLE recipe ADD COLUMN note text;"),
    ("squawk require-lock-timeout", TIMEOUT, "SET idle_in_transaction_session_timeout = '5s'; ALTER TABLE recipe ADD COLUMN note text;"),
    ("squawk ban-drop-column", DROPS, "ALTER TABLE recipe DROP COLUMN name;"),
    ("squawk ban-drop-table", DROPS, "DROP TABLE recipe;"),
    ("linter NOT_NULL", REQUIRED, 'django: migrations.AddField("recipe", "public", models.BooleanField(default=True))'),
    ("linter NOT_NULL", REQUIRED, 'django: migrations.AddField("recipe", "state", models.CharField(max_length=10, default="new"))'),
    ("linter DROP_COLUMN", DROPS, 'django: migrations.RemoveField("recipe", "name")'),
    ("linter DROP_TABLE", DROPS, 'django: migrations.DeleteModel("Recipe")'),
    ("linter RENAME_COLUMN", RENAME, 'django: migrations.RenameField("recipe", "name", "title")'),
    ("linter RENAME_TABLE", RENAME, 'django: migrations.RenameModel("Recipe", "Dish")'),
    ("linter RENAME_TABLE", RENAME, 'django: migrations.AlterModelTable("recipe", "dish")'),
    ("linter ALTER_COLUMN", REWRITE, 'django: migrations.AlterField("recipe", "edits", models.TextField())'),
    ("linter ADD_UNIQUE", INDEX, 'django: migrations.AlterField("recipe", "name", models.CharField(max_length=40, unique=True))'),
    ("linter ADD_UNIQUE", INDEX, 'django: migrations.AlterUniqueTogether("recipe", {("name", "edits")})'),
    ("linter CREATE_INDEX", INDEX, 'django: migrations.AddIndex("recipe", models.Index(fields=["edits"], name="recipe_edits"))'),
    ("linter CREATE_INDEX_EXCLUSIVE", INDEX, 'django: migrations.AddField("recipe", "chef", models.ForeignKey("kitchen.Chef", models.CASCADE, null=True))'),
    ("linter DROP_INDEX", TIMEOUT, 'django: migrations.RunSQL("DROP INDEX kitchen_recipe_at", migrations.RunSQL.noop)'),
    ("linter REINDEX", INDEX, 'django: migrations.RunSQL("REINDEX TABLE kitchen_recipe", migrations.RunSQL.noop)'),
    ("linter RUNPYTHON_REVERSIBLE", ONE_WAY, "django: migrations.RunPython(forwards)"),
    ("linter RUNSQL_REVERSIBLE", ONE_WAY, 'django: migrations.RunSQL("ANALYZE")'),
    ("linter RUNPYTHON_MODEL_IMPORT", MODEL, "django: migrations.RunPython(with_import, migrations.RunPython.noop)"),
]

GOOD: list[tuple[str, str]] = [
    ("squawk adding-required-field", "SET lock_timeout = '1s'; ALTER TABLE recipe ADD COLUMN public boolean NOT NULL DEFAULT true;"),
    ("squawk adding-required-field", "SET lock_timeout = '1s'; ALTER TABLE recipe ADD COLUMN public boolean;"),
    ("squawk adding-not-nullable-field", "SET lock_timeout = '1s'; ALTER TABLE recipe ADD CONSTRAINT v CHECK (view_count IS NOT NULL) NOT VALID;"),
    ("squawk adding-not-nullable-field", "SET lock_timeout = '1s'; ALTER TABLE proved ALTER COLUMN view_count SET NOT NULL;"),
    ("squawk adding-field-with-default", "SET lock_timeout = '1s'; ALTER TABLE recipe ADD COLUMN public boolean DEFAULT true;"),
    ("squawk adding-field-with-default", "SET lock_timeout = '1s'; ALTER TABLE recipe ADD COLUMN made timestamptz DEFAULT now();"),
    ("squawk adding-foreign-key-constraint", "SET lock_timeout = '1s'; ALTER TABLE email ADD CONSTRAINT u FOREIGN KEY (user_id) REFERENCES account (id) NOT VALID;"),
    ("squawk adding-foreign-key-constraint", "ALTER TABLE email VALIDATE CONSTRAINT waiting;"),
    ("squawk adding-serial-primary-key-field", "SET lock_timeout = '1s'; ALTER TABLE note ADD CONSTRAINT note_pkey PRIMARY KEY USING INDEX note_number;"),
    ("squawk constraint-missing-not-valid", "SET lock_timeout = '1s'; ALTER TABLE account ADD CONSTRAINT positive CHECK (balance >= 0) NOT VALID;"),
    ("squawk changing-column-type", "SET lock_timeout = '1s'; ALTER TABLE recipe ALTER COLUMN name TYPE varchar(200);"),
    ("squawk changing-column-type", "SET lock_timeout = '1s'; ALTER TABLE recipe ALTER COLUMN name TYPE text;"),
    ("squawk disallowed-unique-constraint", "CREATE UNIQUE INDEX CONCURRENTLY recipe_name ON recipe (name);"),
    ("squawk disallowed-unique-constraint", "SET lock_timeout = '1s'; ALTER TABLE note ADD CONSTRAINT note_key UNIQUE USING INDEX note_number;"),
    ("squawk require-concurrent-index-creation", "CREATE INDEX CONCURRENTLY recipe_name ON recipe (name);"),
    ("squawk require-concurrent-index-creation", "CREATE TABLE dish (id bigint PRIMARY KEY, name text); CREATE INDEX dish_name ON dish (name);"),
    ("squawk require-concurrent-index-deletion", "DROP INDEX CONCURRENTLY IF EXISTS recipe_edits;"),
    ("squawk ban-concurrent-index-creation-in-transaction", "CREATE INDEX CONCURRENTLY IF NOT EXISTS recipe_at ON recipe (made);"),
    ("squawk require-timeout-settings", "SET lock_timeout = '1s'; SET statement_timeout = '5s'; ALTER TABLE recipe ADD COLUMN note text;"),
    ("squawk prefer-robust-statements", "CREATE TABLE IF NOT EXISTS dish (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);"),
    ("squawk ban-drop-column", "SET lock_timeout = '1s'; ALTER TABLE recipe DROP COLUMN unused;"),
    ("squawk ban-drop-not-null", "SET lock_timeout = '1s'; ALTER TABLE account ALTER COLUMN balance DROP NOT NULL;"),
    ("linter NOT_NULL", 'django: migrations.AddField("recipe", "public", models.BooleanField(null=True))'),
    ("linter NOT_NULL", 'django: migrations.AddField("recipe", "public", models.BooleanField(db_default=True))'),
    ("linter DROP_COLUMN", 'django: migrations.RemoveField("recipe", "unused")'),
    ("linter RENAME_COLUMN", 'django: migrations.AlterField("recipe", "name", models.CharField(max_length=40, verbose_name="title"))'),
    ("linter ALTER_COLUMN", 'django: migrations.AlterField("recipe", "name", models.CharField(max_length=80))'),
    ("linter CREATE_INDEX", 'django: atomic = False: AddIndexConcurrently("recipe", models.Index(fields=["edits"], name="recipe_edits"))'),
    ("linter CREATE_TABLE", 'django: migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField(db_index=True))])'),
    ("linter RUNPYTHON_REVERSIBLE", "django: migrations.RunPython(forwards, migrations.RunPython.noop)"),
    ("linter RUNSQL_REVERSIBLE", 'django: migrations.RunSQL("ANALYZE", reverse_sql=migrations.RunSQL.noop)'),
    ("linter RUNPYTHON_MODEL_IMPORT", "django: migrations.RunPython(with_get_model, migrations.RunPython.noop)"),
]

SQL_FIRST = """
CREATE TABLE account (id bigserial PRIMARY KEY, balance integer NOT NULL);
CREATE TABLE email (id bigserial PRIMARY KEY, user_id bigint);
ALTER TABLE email ADD CONSTRAINT waiting FOREIGN KEY (user_id) REFERENCES account (id) NOT VALID;
CREATE TABLE recipe (id bigserial PRIMARY KEY, name varchar(40), edits integer, view_count integer, unused text, made timestamptz);
CREATE INDEX recipe_edits ON recipe (edits);
CREATE TABLE note (number integer NOT NULL, text text);
CREATE UNIQUE INDEX note_number ON note (number);
CREATE TABLE proved (id bigserial PRIMARY KEY, view_count integer, CONSTRAINT v CHECK (view_count IS NOT NULL));
"""
READER = '''
import psycopg


def names(connection: psycopg.Connection):
    return connection.execute("SELECT name FROM recipe WHERE id = %s", (1,)).fetchone()
'''
DJANGO_FIRST = '''
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel("Chef", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Recipe",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=40)),
                ("edits", models.IntegerField(null=True)),
                ("unused", models.TextField(null=True)),
                ("at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["at"], name="kitchen_recipe_at")]},
        ),
    ]
'''
MODELS = '''
from django.db import models


class Chef(models.Model):
    id = models.BigAutoField(primary_key=True)


class Recipe(models.Model):
    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40)
    edits = models.IntegerField(null=True)
    at = models.DateTimeField(null=True)
'''
DJANGO_HEAD = '''
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from kitchen.models import Recipe


def forwards(apps, schema_editor):
    pass


def with_import(apps, schema_editor):
    Recipe.objects.filter(pk=1).update(edits=1)


def with_get_model(apps, schema_editor):
    apps.get_model("kitchen", "Recipe").objects.filter(pk=1).update(edits=1)


class Migration(migrations.Migration):
    dependencies = [("kitchen", "0001_initial")]
'''
