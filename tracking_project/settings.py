"""Footfall's settings: safe defaults, each value of an operator read once and checked here.

`docs/settings.md` describes every name that is read below; a test compares the two.
"""

import contextlib
import os
import secrets
import tempfile
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from tracking.records import parse_trusted_proxies
from tracking_project.databases import database
from tracking_project.environment import (
    boolean,
    byte_count,
    database_url,
    one_of,
    optional_web_address,
    path,
    port,
    positive,
    read_env_file,
    setting,
    text,
    web_address,
)
from tracking_project.logging import logging_config

# Lets forms, views and query sets say at run time, too, what they are of.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
read_env_file(BASE_DIR / ".env")

# Where everything that Footfall writes lives.
DATA_DIR = setting("DATA_DIR", path, str(BASE_DIR / "var"), expected="a folder") or BASE_DIR / "var"
DATA_DIR.mkdir(parents=True, exist_ok=True)
SPOOL_DIR = (
    setting("SPOOL_DIR", path, "", expected="a folder, one for each host") or DATA_DIR / "spool"
)
SPOOL_SYNC = setting(
    "SPOOL_SYNC", one_of("interval", "hit", "off"), "interval", expected="interval, hit or off"
)
SPOOL_MAX_BYTES = setting(
    "SPOOL_MAX_BYTES", byte_count, "10GB", expected="a number of bytes, like 500MB or 10GB"
)
COLUMNS_DIR = DATA_DIR / "columns"
METRICS_DIR = DATA_DIR / "metrics"
SETUP_CODE_PATH = DATA_DIR / "setup-code.hash"

PORT = setting("PORT", port, "8000", expected="a TCP port, 1 to 65535")
HOST = setting("HOST", text, "127.0.0.1", expected="an address to listen on")
# The Procfile starts the server with as many.
WEB_THREADS = setting("WEB_THREADS", positive, "6", expected="a number of threads, 1 or more")
BASE_URL = setting(
    "BASE_URL",
    web_address,
    f"http://localhost:{PORT}",
    expected="the http or https address at which people reach Footfall",
)
DEBUG = setting("DEBUG", boolean, "false", expected="true or false")

_base = urlsplit(BASE_URL)
IS_SECURE = _base.scheme == "https"
if IS_SECURE and DEBUG:
    raise ImproperlyConfigured(f"DEBUG=true: expected false with BASE_URL={BASE_URL!r}")


def _kept_secret_key() -> str:
    """The key under DATA_DIR, made on the first start and readable by its owner alone."""
    kept = DATA_DIR / "secret-key"
    if not kept.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA_DIR) as new:
            new.write(secrets.token_urlsafe(48))
            new.flush()
            # Another process may be making it too: the first link stands, and is whole.
            with contextlib.suppress(FileExistsError):
                os.link(new.name, kept)
    return kept.read_text()


SECRET_KEY = setting("SECRET_KEY", text, "", expected="a long random text") or _kept_secret_key()

ALLOWED_HOSTS = [_base.hostname or "localhost"]
if not IS_SECURE:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SECURE_SSL_REDIRECT = False  # the proxy that holds the certificate does this
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
# Cookies know no ports: two instances on one host would log each other out.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"footfall_{PORT}_session", f"footfall_{PORT}_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "tracking_project.errors.csrf_failure"

TRUSTED_PROXIES = setting(
    "TRUSTED_PROXIES",
    parse_trusted_proxies,
    "",
    expected="a number of proxies, or networks like 10.0.0.0/8 with commas between them",
)

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "accounts",
    "tracking",
]

MIDDLEWARE = [
    "tracking_project.middleware.RequestContextMiddleware",
    "tracking_project.middleware.CompressionMiddleware",
    "tracking_project.middleware.ErrorPagesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "tracking_project.middleware.ReaderLocaleMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tracking_project.middleware.UserContextMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.FirstAccountMiddleware",
]

ROOT_URLCONF = "tracking_project.urls"
WSGI_APPLICATION = "tracking_project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES: dict[str, Any] = {
    "default": database(
        setting(
            "DATABASE_URL",
            database_url,
            "",
            expected="nothing for SQLite, or postgresql://user:password@host:5432/name",
        ),
        DATA_DIR / "footfall.sqlite3",
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Throttles count here, and several processes must see the same counts.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "footfall_cache",
    }
}
# E003 and W001 ask for memcached or Redis, whose counters are atomic. A count that is lost when
# two attempts meet only lets one more attempt through, and no second service has to run for it.
# W005, W008 and W021: what other hosts of the domain do, and how plain http is answered, is for
# whoever runs the proxy that holds the certificate.
SILENCED_SYSTEM_CHECKS = [
    *("django_ratelimit.E003", "django_ratelimit.W001"),
    *("security.W005", "security.W008", "security.W021"),
]

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "tracking:sites"
LOGOUT_REDIRECT_URL = "accounts:login"
REGISTRATION = setting(
    "REGISTRATION",
    one_of("invited", "open", "closed"),
    "invited",
    expected="invited, open or closed",
)
PASSWORD_HASHING = setting(
    "PASSWORD_HASHING", one_of("strong", "fast"), "strong", expected="strong (Argon2) or fast"
)
_HASHERS = {
    "strong": [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ],
    "fast": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}
if IS_SECURE and PASSWORD_HASHING == "fast":  # noqa: S105 - the name of a choice
    raise ImproperlyConfigured(f"PASSWORD_HASHING=fast: expected strong with BASE_URL={BASE_URL!r}")
PASSWORD_HASHERS = _HASHERS[PASSWORD_HASHING]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
FOOTFALL_ADMIN_EMAIL = setting(
    "FOOTFALL_ADMIN_EMAIL", text, "", expected="the first account's e-mail address"
)
FOOTFALL_ADMIN_PASSWORD = setting(
    "FOOTFALL_ADMIN_PASSWORD", text, "", expected="the first account's password"
)

EMAIL_URL = setting(
    "EMAIL_URL", text, "consolemail://", expected="a URL like smtp+tls://user:password@host:587"
)
try:
    vars().update(environ.Env.email_url_config(EMAIL_URL))
except (ImproperlyConfigured, KeyError, ValueError) as error:
    raise ImproperlyConfigured("EMAIL_URL: expected a URL like smtp+tls://user@host:587") from error
DEFAULT_FROM_EMAIL = SERVER_EMAIL = setting(
    "FROM_EMAIL", text, f"footfall@{_base.hostname}", expected="the sender of mails"
)
EMAIL_TIMEOUT = 10
ADMINS = [
    parseaddr(address)
    for address in setting(
        "ADMINS", text, "", expected="addresses that get a mail of each error"
    ).split(",")
    if address.strip()
]

STORE_IP = setting(
    "STORE_IP", one_of("no", "anonymised", "full"), "no", expected="no, anonymised or full"
)
GEO_PROVIDER = setting("GEO_PROVIDER", one_of("file", "http"), "file", expected="file or http")
GEO_URL = setting(
    "GEO_URL", optional_web_address, "", expected="an address, with {ip} where the address goes"
)
if GEO_PROVIDER == "http" and "{ip}" not in GEO_URL:
    raise ImproperlyConfigured(f"GEO_URL={GEO_URL!r}: expected an address with {{ip}} in it")
GEOIP_DATABASE = setting(
    "GEOIP_DATABASE", path, "", expected="the path of an MMDB file, or nothing"
)
if GEOIP_DATABASE and not GEOIP_DATABASE.is_file():
    raise ImproperlyConfigured(f"GEOIP_DATABASE={str(GEOIP_DATABASE)!r}: expected a file")
DATACENTRE_RANGES = setting(
    "DATACENTRE_RANGES", path, "", expected="the path of a file of networks, one a line, or nothing"
)
if DATACENTRE_RANGES and not DATACENTRE_RANGES.is_file():
    raise ImproperlyConfigured(f"DATACENTRE_RANGES={str(DATACENTRE_RANGES)!r}: expected a file")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Hits have an endpoint of their own with a limit of its own; no page here takes files.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

ERROR_LOG_PATH = setting("ERROR_LOG_PATH", path, "", expected="the path of a file, or nothing")
LOG_FORMAT = setting("LOG_FORMAT", one_of("text", "json"), "text", expected="text or json")
LOGGING = logging_config(ERROR_LOG_PATH, mail_admins=bool(ADMINS), log_format=LOG_FORMAT)
METRICS_TOKEN = setting(
    "METRICS_TOKEN", text, "", expected="a long random text, which readers of /metrics send"
)
