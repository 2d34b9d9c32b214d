"""How the database is spoken to: SQLite unless an address of PostgreSQL is given."""

from pathlib import Path
from typing import Any

KEPT_OPEN_SECONDS = 600
# Nothing waits longer than this for a database that does not answer.
CONNECT_SECONDS = 5


def database(postgresql: dict[str, Any], sqlite_path: Path) -> dict[str, Any]:
    """Django's settings of the database, given what an address of PostgreSQL told, or nothing."""
    if not postgresql:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sqlite_path,
            "CONN_MAX_AGE": KEPT_OPEN_SECONDS,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    options = {"connect_timeout": CONNECT_SECONDS} | postgresql.get("OPTIONS", {})
    return postgresql | {
        "CONN_MAX_AGE": KEPT_OPEN_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
