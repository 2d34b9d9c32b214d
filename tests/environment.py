"""The environment that every test runs in; loaded before the settings are."""

import os
import tempfile
from pathlib import Path

for name in (
    "BASE_URL",
    "DEBUG",
    "EMAIL_URL",
    "ERROR_LOG_PATH",
    "PORT",
    "REGISTRATION",
    "SPOOL_DIR",
    "WEB_THREADS",
):
    os.environ.pop(name, None)
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="footfall-tests-")
Path(os.environ["DATA_DIR"], "static").mkdir()
os.environ["PASSWORD_HASHING"] = "fast"
# The browser's driver keeps an event loop in its thread, where Django would refuse the database to
# every later test. Nothing here runs in that loop.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
