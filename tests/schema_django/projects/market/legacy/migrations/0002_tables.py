from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("legacy", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            -- a table that no model knows
            CREATE TABLE legacy_log (
                id bigserial PRIMARY KEY,
                at timestamp with time zone NOT NULL DEFAULT now(),
                kind character varying(20) NOT NULL,
                paint_id integer REFERENCES legacy_paint (id) ON DELETE CASCADE,
                UNIQUE (kind, at)
            );
            CREATE UNIQUE INDEX legacy_log_open ON legacy_log (lower(kind), paint_id) WHERE kind IN ('a', 'b') AND paint_id IS NOT NULL;
            ALTER TABLE legacy_brush ADD COLUMN hair text, ALTER COLUMN width TYPE bigint;
            """,
            migrations.RunSQL.noop,
        ),
    ]
