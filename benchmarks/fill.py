"""Fills a database with copies of what it has, each on earlier days and of other visitors."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import sys

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - needs Django to be set up

from tracking.models import Event, Visit  # noqa: E402

# Far above any spool file's number that ingest will come to.
FIRST_COPY = 1 << 20
EARLIER = {
    "sqlite": ("date({0}, '-{1} days')", "date({0}, '-{1} days') || substr({0}, 11)"),
    "postgresql": ("{0} - {1}", "{0} - interval '{1} days'"),
}


def main(events: int) -> None:
    """Copy until there are about as many events."""
    copies = events // Event.objects.count() - 1
    with transaction.atomic(), connection.cursor() as cursor:
        for number in range(1, copies + 1):
            for model in (Visit, Event):
                cursor.execute(_copy_statement(model, number))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(Event.objects.count())


def _copy_statement(model: type[Visit | Event], number: int) -> str:
    shift = (FIRST_COPY + number) << 32
    day, moment = EARLIER[connection.vendor]
    columns, values = [], []
    for field in model._meta.fields:
        name = field.column
        value = name
        if name in {"id", "visit_id"}:
            value = f"{name} + {shift}"
        elif name == "visitor":
            # Other random numbers, still of 64 bits.
            value = f"(visitor / 3 + {number * 7_919_000_000_017})"
        elif name == "day":
            value = day.format(name, number % 365)
        elif field.get_internal_type() == "DateTimeField":
            value = moment.format(name, number % 365)
        columns.append(name)
        values.append(value)
    table = model._meta.db_table
    limit = f" WHERE id < {FIRST_COPY << 32}"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}{limit}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
