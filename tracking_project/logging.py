"""Where log records go, and what each of them carries of the request."""

import fcntl
import json
import logging
import os
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

KEPT_DAYS = 7
LONGEST_URL = 500
# Links that were mailed let their bearer in.
SECRET_PATHS = re.compile(r"(/accounts/(?:confirm|invitation|reset)/)[^?]*")
FORMATTERS = {"text": "TabbedFormatter", "json": "JsonFormatter"}
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class RequestContext:
    """What log records say of the request they belong to; the user's id is -1 for anonymous."""

    url: str = "-"
    method: str = "-"
    client_address: str = "-"
    user_id: int = -1


NO_REQUEST = RequestContext()
current_request: ContextVar[RequestContext] = ContextVar("request", default=NO_REQUEST)


def logged_url(url: str) -> str:
    """A URL as it may stand in a log: without what would let its reader in, and not endless."""
    return SECRET_PATHS.sub(r"\1...", url)[:LONGEST_URL]


class RequestContextFilter(logging.Filter):
    """Adds url, method, client_address and user_id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record through, with the context of the request, if there is one."""
        context = current_request.get()
        record.url = context.url
        record.method = context.method
        record.client_address = context.client_address
        record.user_id = context.user_id
        return True


class TabbedFormatter(logging.Formatter):
    """One line a record, its parts with tabs between them; a traceback follows on lines below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, in which nobody's text can begin another line or another part."""
        return "\t".join(CONTROLS.sub(" ", str(part)) for part in _parts(record).values())

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """The traceback, indented: what an exception quotes can't look like a line of its own."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {CONTROLS.sub(' ', line)}" for line in lines)


class JsonFormatter(logging.Formatter):
    """One line a record, a JSON object in ASCII; a traceback is one of its parts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; JSON writes whatever could end it as an escape."""
        record.message = record.getMessage()
        parts = _parts(record)
        if record.exc_info:
            parts["traceback"] = self.formatException(record.exc_info)
        return json.dumps(parts)


def _parts(record: logging.LogRecord) -> dict[str, str | int]:
    at = datetime.fromtimestamp(record.created, UTC)
    return {
        "at": f"{at:%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03}Z",
        "level": record.levelname,
        "logger": record.name,
        "url": getattr(record, "url", "-"),
        "method": getattr(record, "method", "-"),
        "client_address": getattr(record, "client_address", "-"),
        "user_id": getattr(record, "user_id", -1),
        "message": record.message,
    }


class DailyFileHandler(logging.Handler):
    """Appends to a file that is put aside at midnight UTC, and kept for a week.

    Several processes may share it: each record is one write to the file of its day, and who
    first writes on a new day renames the old one, under a lock.
    """

    def __init__(self, filename: str) -> None:
        super().__init__()
        self.path = Path(filename)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; a failure is reported as logging does, never raised."""
        try:
            line = (self.format(record) + "\n").encode("utf-8", "replace")
            with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._put_aside(record.created)
                descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(descriptor, line)
                finally:
                    os.close(descriptor)
        except OSError:
            self.handleError(record)

    def _put_aside(self, at: float) -> None:
        try:
            written = _day(self.path.stat().st_mtime)
        except FileNotFoundError:
            return
        if written == _day(at):
            return
        self.path.rename(self.path.with_name(f"{self.path.name}.{written}"))
        oldest = f"{self.path.name}.{_day(at - timedelta(days=KEPT_DAYS).total_seconds())}"
        for old in self.path.parent.glob(f"{self.path.name}.????-??-??"):
            if old.name < oldest:
                old.unlink()


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))


class QuietReporter(ExceptionReporter):
    """An error mail with the traceback and the request's address, and nothing else.

    Django's own lists every setting and everything in the request's environment.
    """

    def get_traceback_text(self) -> SafeString:
        """The mail's body."""
        path = logged_url(self.request.get_full_path()) if self.request else "no request"
        data = self.get_traceback_data()
        frames = [
            f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["function"]}'
            for frame in data.get("frames", [])
        ]
        lines = [path, "", *frames, str(data.get("exception_type", ""))]
        return mark_safe("\n".join(lines))  # the mail is plain text


def logging_config(
    error_log_path: Path | None, *, mail_admins: bool, log_format: str = "text"
) -> dict[str, Any]:
    """The LOGGING setting: the console, and a file and mails of errors where they are asked for.

    `log_format` is `text` or `json`.
    """
    handlers: dict[str, Any] = {"console": _handler("logging.StreamHandler", "INFO")}
    if error_log_path:
        handlers["errors"] = _handler(
            "tracking_project.logging.DailyFileHandler", "ERROR", filename=str(error_log_path)
        )
    if mail_admins:
        handlers["mail"] = _handler(
            "django.utils.log.AdminEmailHandler",
            "ERROR",
            reporter_class="tracking_project.logging.QuietReporter",
        )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": "tracking_project.logging.RequestContextFilter"}},
        "formatters": {"chosen": {"()": f"tracking_project.logging.{FORMATTERS[log_format]}"}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "INFO"},
        # Django's own handlers would say everything a second time.
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # Anybody can ask for a host that is not ours: no reason to mail somebody.
            "django.security.DisallowedHost": {"handlers": ["console"], "propagate": False},
        },
    }


def _handler(name: str, level: str, **options: Any) -> dict[str, Any]:
    return {
        "class": name,
        "level": level,
        "formatter": "chosen",
        "filters": ["request"],
        **options,
    }
