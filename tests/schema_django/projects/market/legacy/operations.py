from django.db import migrations, models


class CreateIfMissing(migrations.CreateModel):
    """Creates a model whose table is not there yet."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        if table not in schema_editor.connection.introspection.table_names():
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def flags(model, *names):
    """Boolean columns."""
    return [migrations.AddField(model, name, models.BooleanField(default=False)) for name in names]


def indexed(model, fields):
    operations = []
    for field in fields:
        operations.append(migrations.AddIndex(model, models.Index(fields=[field], name=f"legacy_{model}_{field}")))
    return operations
