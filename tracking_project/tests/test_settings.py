"""What an operator sets is checked at the start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


def started(tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import tracking_project.settings as s; print(s.ALLOWED_HOSTS)"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PORT": "eighty"}, "PORT='eighty': expected a TCP port"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS='0': expected a number of threads"),
        ({"WEB_THREADS": "many"}, "WEB_THREADS='many': expected a number of threads"),
        ({"PORT": "70000"}, "PORT='70000': expected a TCP port"),
        ({"DEBUG": "perhaps"}, "DEBUG='perhaps': expected true or false"),
        ({"BASE_URL": "example.org"}, "BASE_URL='example.org': expected the http or https"),
        ({"BASE_URL": "https://a.example", "DEBUG": "yes"}, "DEBUG=true: expected false"),
        (
            {"BASE_URL": "https://a.example", "PASSWORD_HASHING": "fast"},
            "PASSWORD_HASHING=fast: expected strong",
        ),
        ({"REGISTRATION": "maybe"}, "REGISTRATION='maybe': expected invited, open or closed"),
        ({"TRUSTED_PROXIES": "proxy"}, "TRUSTED_PROXIES='proxy': expected a number"),
        ({"GEO_PROVIDER": "http"}, "GEO_URL='': expected an address with {ip}"),
        ({"GEOIP_DATABASE": "/no/such/file"}, "GEOIP_DATABASE='/no/such/file': expected a file"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT='xml': expected text or json"),
        ({"EMAIL_URL": "carrier-pigeon"}, "EMAIL_URL: expected a URL"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    answer = started(tmp_path, **environ)

    assert answer.returncode != 0
    assert words in answer.stderr


def test_the_secret_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    assert started(tmp_path).returncode == 0
    key = tmp_path / "secret-key"
    first = key.read_text()
    assert started(tmp_path).returncode == 0

    assert len(first) >= 48
    assert key.read_text() == first
    assert key.stat().st_mode & 0o777 == 0o600


def test_an_instance_with_an_https_address_answers_only_to_it(tmp_path: Path) -> None:
    answer = started(
        tmp_path, BASE_URL="https://stats.example.org", ADMINS="a@example.org", DEBUG="off"
    )
    assert answer.stdout == "['stats.example.org']\n"
