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
