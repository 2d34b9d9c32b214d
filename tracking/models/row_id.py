"""Primary keys that are made of places in the spool, and need no index beside the table."""

from typing import Any

from django.db import IntegrityError, models
from django.db.backends.base.base import BaseDatabaseWrapper


class RowIdField(models.BigIntegerField[int, int]):
    """A primary key of 64 bits, which whoever writes a row gives it.

    SQLite orders a table's rows by a key whose type is called INTEGER, which has 64 bits as well;
    for one of any other type it keeps an index beside the table.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type."""
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The type of columns that refer to this one: their types' names mean nothing to SQLite."""
        return super().db_type(connection)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """The value as it is written; raises IntegrityError for None.

        SQLite would make up an id, although the column is NOT NULL.
        """
        if value is None:
            raise IntegrityError(f"{self.name} must be given")
        return super().get_db_prep_save(value, connection)
