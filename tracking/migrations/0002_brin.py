from django.db import migrations

TIMES = (
    ("tracking_event", "happened_at"),
    ("tracking_engagement", "happened_at"),
    ("tracking_visit", "started_at"),
)


def add_indexes(apps, schema_editor):
    """Rows come in the order of time: on PostgreSQL an index of a few pages finds a range of it."""
    if schema_editor.connection.vendor == "postgresql":
        for table, column in TIMES:
            schema_editor.execute(f"CREATE INDEX {table}_brin ON {table} USING brin ({column})")


def remove_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, _ in TIMES:
            schema_editor.execute(f"DROP INDEX {table}_brin")


class Migration(migrations.Migration):
    dependencies = [("tracking", "0001_initial")]
    operations = [migrations.RunPython(add_indexes, remove_indexes)]
