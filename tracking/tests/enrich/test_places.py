import logging
import threading

import pytest
import requests
import responses

from tracking.enrich.places import HttpPlaces, MmdbPlaces
from tracking.records import Place

URL = "http://geo.example/{ip}"
ADDRESS = "84.112.1.1"
VIENNA = {
    "country_code": "AT",
    "country_name": "Austria",
    "region_name": "Vienna",
    "city": "Vienna",
    "zip_code": "1010",
    "latitude": 48.2,
    "longitude": 16.4,
}


def test_the_shipped_database_knows_countries_and_leaves_the_rest_empty() -> None:
    found = MmdbPlaces().find([ADDRESS, "2001:4860:4860::8888", "10.0.0.1", "nonsense", ""])

    assert found[ADDRESS] == Place(country="AT")
    assert found["2001:4860:4860::8888"].country == "US"
    assert found["10.0.0.1"] == found["nonsense"] == found[""] == Place()


def test_a_city_database_tells_region_city_and_degrees() -> None:
    class City:
        def get(self, _address: str) -> dict[str, object]:
            return {
                "country": {"iso_code": "AT"},
                "subdivisions": [{"names": {"en": "Vienna"}}],
                "city": {"names": {"en": "Vienna"}},
                "location": {"latitude": 48.2, "longitude": 16.4},
            }

    places = MmdbPlaces()
    places._database = City()  # type: ignore[assignment]
    assert places.find([ADDRESS])[ADDRESS] == Place("AT", "Vienna", "Vienna", 48.2, 16.4)
    City.get = lambda *_: None  # type: ignore[method-assign, assignment]
    assert places.find(["84.112.1.2"])["84.112.1.2"] == Place()


@responses.activate
def test_a_service_is_asked_once_for_each_address() -> None:
    responses.get("http://geo.example/84.112.1.1", json=VIENNA)
    places = HttpPlaces(URL)

    for _ in range(3):
        found = places.find([ADDRESS, "10.0.0.1"])
    assert found[ADDRESS] == Place("AT", "Vienna", "Vienna", 48.2, 16.4)
    assert found["10.0.0.1"] == Place()
    assert len(responses.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "http://elsewhere.example/"}},
        {"body": "not json"},
        {"json": []},
        {"json": {"country_code": 5}},
        {"json": {"country_code": "AUT"}},
        {"body": b"x" * 70_000},
        {"body": requests.ConnectionError("down")},
    ],
)
@responses.activate
def test_a_service_that_talks_nonsense_leaves_the_place_empty_and_is_remembered(
    answer: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    responses.get("http://geo.example/84.112.1.1", **answer)
    now = [0.0]
    places = HttpPlaces(URL, clock=lambda: now[0])

    with caplog.at_level(logging.WARNING):
        assert places.find([ADDRESS])[ADDRESS] == Place()
        assert places.find([ADDRESS])[ADDRESS] == Place()
        assert len(responses.calls) == 1
        now[0] = 301.0
        places.find([ADDRESS])
    assert len(responses.calls) == 2
    assert len(caplog.messages) == 2


@responses.activate
def test_odd_names_and_degrees_are_left_out() -> None:
    odd = VIENNA | {"city": 5, "region_name": "a\nb", "latitude": 91, "longitude": True}
    responses.get("http://geo.example/84.112.1.1", json=odd)

    assert HttpPlaces(URL).find([ADDRESS])[ADDRESS] == Place(country="AT")


@responses.activate
def test_the_log_says_it_once_a_minute_and_the_cache_is_bounded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpPlaces, "KEPT", 2)
    places = HttpPlaces(URL, clock=lambda: 0.0)
    with caplog.at_level(logging.WARNING):
        for last in range(5):
            places.find([f"84.112.1.{last}"])

    assert len(caplog.messages) == 1
    assert len(places._kept) == 2


def test_a_slow_service_costs_the_budget_at_most(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:

    released = threading.Event()
    places = HttpPlaces(URL, budget_seconds=0.01)

    def slow(_address: str) -> Place:
        released.wait(10)
        return Place("AT")

    monkeypatch.setattr(places, "_fetched", slow)
    assert places.find([ADDRESS])[ADDRESS] == Place()
    released.set()
    places._threads.shutdown()
    assert "not answered" in caplog.text
    assert places._remembered(ADDRESS) == Place("AT")
