"""Where log records go, and what each of them carries of the request."""

from pathlib import Path
from typing import Any


def logging_config(error_log_path: Path | None, *, mail_admins: bool) -> dict[str, Any]:
    """The LOGGING setting."""
    return {"version": 1, "disable_existing_loggers": False}
