"""What a server that anybody can reach gets sent, over real sockets."""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.instance import Instance, wait_for
from tracking.tests.pipeline import CHROME


def status_of(instance: Instance, request: bytes) -> int:
    """The status that raw bytes on a socket get."""
    with socket.create_connection(("127.0.0.1", instance.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1000)
    return int(answer.split()[1])


def posted(instance: Instance, site: str, body: bytes | Iterator[bytes]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    try:
        connection.request("POST", f"/t/{site}", body, {"User-Agent": CHROME})
        return connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        # The server may answer and close before it has read ten megabytes.
        return connection.getresponse().status if connection.sock else 413
    finally:
        connection.close()


@pytest.mark.processes
def test_bad_input_gets_a_4xx_a_line_at_most_and_stores_nothing(instance: Instance) -> None:
    site = instance.manage(
        "add_site", "https://site.example", "--owner", "admin@example.org"
    ).strip()
    instance.start()
    page = {"u": "https://site.example/"}
    head = f"POST /t/{site} HTTP/1.1\r\nHost: localhost\r\n".encode()
    lines_before = instance.log.read_text().count("\n")

    answers = {
        "garbage": posted(instance, site, b"\x8a" * 1024),
        "10 MB": posted(instance, site, b" " * 10_000_000),
        "chunked garbage": posted(instance, site, iter([b"not", b"json"])),
        "shorter than it says": status_of(instance, head + b"Content-Length: 900\r\n\r\n{}"),
        "invalid UTF-8": posted(instance, site, b'{"u": "https://site.example/\xff"}'),
        "NUL": posted(instance, site, b'{"u": "https://site.example/\\u0000"}'),
        "a date": posted(instance, site, json.dumps(page | {"at": "9999-01-01"}).encode()),
    }
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    connection.request("GET", f"/t/{site}.gif?" + "&".join(["a=1"] * 10_000))
    answers["10,000 parameters"] = connection.getresponse().status
    connection.close()

    assert answers.pop("10 MB") == 413
    assert all(400 <= status < 500 for status in answers.values()), answers
    assert instance.log.read_text().count("\n") - lines_before <= len(answers) + 1

    assert posted(instance, site, iter([b'{"u": "https://si', b'te.example/chunked"}'])) == 202

    def counted() -> list[str]:
        report = instance.manage("report", site, "--by", "page", "--format", "json")
        return [row["page"] for row in json.loads(report)["rows"]]

    wait_for("the one good hit to be counted", lambda: counted() != [])
    assert counted() == ["/chunked"]

    for option, text in (("--period", "never"), ("--filter", "not(" * 10_000), ("--after", "\\")):
        with pytest.raises(subprocess.CalledProcessError) as failed:
            instance.manage("report", site, "--by", "page", option, text)
        said = failed.value.stderr.splitlines()
        assert len(said) == 1, said
        assert said[0].startswith(f"CommandError: {option.removeprefix('--')}: ")
