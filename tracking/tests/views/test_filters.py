"""The filter editor, the values that it suggests, and the chips that lead to it."""

from contextlib import ExitStack
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tracking.models import Site
from tracking.reports.dimensions import FILTERABLE
from tracking.tests.factories import SiteFactory
from tracking.tests.pipeline import FIREFOX, GERMAN_ADDRESS, NINE, count, hit
from tracking.tests.reports.strategies import any_text
from tracking.views.report.filter_editor import GROUPS
from tracking.views.report.values import MOST_VALUES
from tracking.views.turns import report_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def visited(site: Site) -> Site:
    """A German who reads two pages and signs up, and two Austrians who read one each."""
    at = now()
    german = {"address": GERMAN_ADDRESS, "user_agent": FIREFOX}
    count(
        [
            hit(site, at, "/docs", **german),
            hit(site, at, "/pricing", **german),
            hit(site, at, "/pricing", name="Sign up", props=(("the plan", "yearly"),), **german),
            hit(site, at, "/pricing"),
            hit(site, at, "/pricing", user_agent=FIREFOX),
        ]
    )
    return site


def editor(site: Site, *said: tuple[str, str]) -> str:
    return f"/sites/{site.public_id}/conditions/?{urlencode(said)}"


def filled_in(client: Client, site: Site, *said: tuple[str, str]) -> str:
    """Where the form leads: the report's query string."""
    answer = client.get(editor(site, *said))
    assert answer.status_code == 302, answer.content.decode()
    url: str = answer.headers["Location"]
    report = f"/sites/{site.public_id}/"
    assert url.startswith(report)
    assert client.get(url).status_code == 200
    return url.removeprefix(report)


def query(*pairs: tuple[str, str]) -> str:
    return f"?{urlencode([('period', '7d'), *pairs])}"


WEEK = ("period", "7d")


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ([("dimension", "page"), ("operator", "is"), ("value", "/a")], "page:is:%2Fa"),
        (
            [("dimension", "page"), ("operator", "is"), ("value", "/a,b"), ("typed", " /c ")],
            "page:is:%2Fa%2Cb,%2Fc",
        ),
        ([("dimension", "country"), ("operator", "is_not"), ("typed", "austria")], "AT"),
        ([("dimension", "weekday"), ("operator", "is"), ("typed", "Monday")], "weekday:is:1"),
        ([("dimension", "city"), ("operator", "is"), ("value", "")], "city:is:"),
        ([("dimension", "title"), ("operator", "is_set"), ("typed", "x")], "title:is_set:"),
        (
            [("dimension", "prop"), ("key", "the plan"), ("operator", "contains"), ("typed", "y")],
            "prop.the%20plan:contains:y",
        ),
        (
            [("dimension", "event"), ("did", "did"), ("operator", "is"), ("typed", "Sign up")],
            "did(event:is:Sign%20up)",
        ),
        (
            [("dimension", "page"), ("did", "did_not"), ("operator", "matches"), ("typed", "/a*")],
            "not(did(page:matches:%2Fa%2A))",
        ),
        # Of what holds for a whole visit, there is no other did.
        (
            [("dimension", "device"), ("did", "did"), ("operator", "is"), ("typed", "Mobile")],
            "device:is:Mobile",
        ),
    ],
)
def test_the_form_leads_to_the_report_with_the_filter(
    client: Client, visited: Site, said: list[tuple[str, str]], condition: str
) -> None:
    expected = condition if ":" in condition else f"country:is_not:{condition}"
    kept = [WEEK, ("metric", "visits"), ("tab", "title"), ("f", "source:is:Direct")]

    found = filled_in(client, visited, *kept, *said)

    pairs = [("metric", "visits"), ("tab", "title"), ("f", "source:is:Direct"), ("f", expected)]
    assert found == query(*pairs)


def test_an_edited_filter_stays_in_its_place(client: Client, visited: Site) -> None:
    filters = [WEEK, ("f", "page:is:/docs"), ("f", "country:is:AT")]
    form = client.get(editor(visited, *filters, ("edit", "0")))
    assert form.context["draft"].values == ("/docs",)
    assert 'value="/docs" checked' in " ".join(form.content.decode().split())

    said = [("dimension", "page"), ("operator", "is_not"), ("value", "/docs"), ("typed", "/x")]
    found = filled_in(client, visited, *filters, ("edit", "0"), *said)

    assert found == query(("f", "page:is_not:%2Fdocs,%2Fx"), ("f", "country:is:AT"))


@pytest.mark.parametrize(
    ("condition", "did", "dimension", "key"),
    [
        ("page:contains:x", "", "page", ""),
        ("did(page:contains:x)", "did", "page", ""),
        ("not(did(prop.the%20plan:contains:x))", "did_not", "prop", "the plan"),
    ],
)
def test_what_the_form_can_say_is_edited_in_it(
    client: Client, site: Site, condition: str, did: str, dimension: str, key: str
) -> None:
    report = client.get(f"/sites/{site.public_id}/?{urlencode({'f': condition})}")
    draft = client.get(report.context["chips"][0]["edit_url"]).context["draft"]

    assert (draft.did, draft.dimension, draft.key) == (did, dimension, key)
    assert (draft.operator, draft.values) == ("contains", ("x",))


@pytest.mark.parametrize(
    "condition", ["not(page:is:/a)", "or(page:is:/a;page:is:/b)", "did(and(page:is:/a;hour:is:1))"]
)
def test_what_is_nested_deeper_can_only_be_taken_away(
    client: Client, site: Site, condition: str
) -> None:
    report = client.get(f"/sites/{site.public_id}/?{urlencode({'f': condition})}")
    (chip,) = report.context["chips"]

    assert set(chip) == {"words", "remove_url"}
    assert client.get(editor(site, ("f", condition), ("edit", "0"))).status_code == 400


def test_a_chip_of_what_visits_did_is_turned_around(client: Client, site: Site) -> None:
    did, did_not = "did(event:is:Sign%20up)", "not(did(event:is:Sign%20up))"
    for condition, turned in ((did, did_not), (did_not, did)):
        url = f"/sites/{site.public_id}/{query(('f', condition), ('f', 'hour:is:1'))}"
        chip = client.get(url).context["chips"][0]
        assert chip["turn_url"] == query(("f", turned), ("f", "hour:is:1"))


@pytest.mark.parametrize(
    ("codes", "shown"),
    [("DE,AT,FR", "Germany, Austria, France"), ("DE,AT,FR,IT", "Germany, Austria and 2 more")],
)
def test_long_lists_of_values_are_cut_and_whole_in_the_title(
    client: Client, site: Site, codes: str, shown: str
) -> None:
    text = client.get(f"/sites/{site.public_id}/?f=country:is:{codes}").content.decode()

    assert f"<b>{shown}</b>" in text
    whole = "Country is Germany, Austria, France" + (", Italy" if "IT" in codes else "")
    assert f'title="{whole}"' in text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([("dimension", "page"), ("operator", "is")], "Choose or type at least one value."),
        ([("dimension", "prop"), ("operator", "is"), ("typed", "x")], "Say which property"),
        ([("dimension", "page"), ("operator", "is"), ("typed", "\0")], "nothing can have"),
        (
            [
                *(("f", f"page:is_not:{n}") for n in range(20)),
                *(("dimension", "page"), ("operator", "is"), ("typed", "x")),
            ],
            "expected 1 to 20 conditions",
        ),
    ],
)
def test_a_form_that_says_no_filter_comes_back_and_says_why(
    client: Client, site: Site, said: list[tuple[str, str]], words: str
) -> None:
    answer = client.get(editor(site, *said))

    assert answer.status_code == 422
    assert words in answer.content.decode()


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ([("dimension", "time")], "dimension"),
        ([("dimension", "mood")], "dimension"),
        ([("dimension", "page"), ("operator", "like")], "operator"),
        ([("dimension", "page"), ("did", "maybe")], "did"),
        ([("edit", "0")], "edit"),
        ([("f", "page:is:/a"), ("edit", "1")], "edit"),
        ([("f", "page:is:/a"), ("edit", "-1")], "edit"),
        ([("period", "never")], "period"),
        ([("q", "x")], "q"),
    ],
)
def test_what_no_form_sends_is_refused_by_name(
    client: Client, site: Site, said: list[tuple[str, str]], parameter: str
) -> None:
    answer = client.get(editor(site, *said))

    assert answer.status_code == 400
    assert f"<code>{parameter}: " in answer.content.decode()


params = st.lists(
    st.tuples(
        st.sampled_from(["edit", "dimension", "key", "did", "operator", "value", "typed", "show"]),
        st.sampled_from(["0", "page", "prop", "did", "is", "contains"]) | any_text,
    ),
    max_size=6,
)


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=params)
def test_whatever_the_form_sends_it_is_taken_or_refused(
    client: Client, visited: Site, pairs: list[tuple[str, str]]
) -> None:
    said = urlencode([("f", "page:is:/a"), *pairs], errors="surrogatepass")
    answer = client.get(f"/sites/{visited.public_id}/conditions/?{said}")

    assert answer.status_code in {200, 302, 400, 422}


def test_every_dimension_is_offered_once() -> None:
    offered = [name for _, names in GROUPS for name in names]
    assert sorted(offered) == sorted([*FILTERABLE, "prop"])


def test_without_scripts_a_button_shows_the_values(client: Client, visited: Site) -> None:
    said = [("dimension", "page"), ("operator", "is"), ("value", "/docs"), ("typed", "/mine")]
    answer = client.get(editor(visited, *said, ("show", "1")))

    assert answer.status_code == 200
    assert answer.context["draft"].values == ("/docs", "/mine")
    assert [one.text for one in answer.context["values"]] == ["/pricing"]


def test_without_scripts_the_button_shows_the_keys_of_properties(
    client: Client, visited: Site
) -> None:
    said = [("dimension", "prop"), ("operator", "is"), ("show", "1")]
    text = " ".join(client.get(editor(visited, *said)).content.decode().split())
    assert '<option value="the plan"></option>' in text
    assert "Keys of this site: the plan" in text
    assert "There are no other values" not in text

    quiet = client.get(editor(visited, ("period", "yesterday"), *said)).content.decode()
    assert "No event of this period has properties." in quiet
    with_key = client.get(editor(visited, *said, ("key", "the plan")))
    assert [one.text for one in with_key.context["values"]] == ["(unknown)", "yearly"]
    assert with_key.context["keys"] == []


def suggested(client: Client, site: Site, dimension: str, *said: tuple[str, str]) -> list[str]:
    answer = client.get(f"/sites/{site.public_id}/values/{dimension}/?{urlencode(said)}")
    assert answer.status_code == 200
    return [one.text for one in answer.context["values"]]


def test_values_of_most_visitors_come_first_within_period_and_filters(
    client: Client, visited: Site
) -> None:
    assert suggested(client, visited, "page") == ["/pricing", "/docs"]
    assert suggested(client, visited, "page", ("q", "DOC")) == ["/docs"]
    assert suggested(client, visited, "page", ("f", "country:is:AT")) == ["/pricing"]
    assert suggested(client, visited, "page", ("period", "yesterday")) == []
    assert suggested(client, visited, "prop.the%2520plan") == ["(unknown)", "yearly"]
    realtime = suggested(client, visited, "page", ("period", "realtime"), ("metric", "visits"))
    assert realtime == ["/pricing", "/docs"]


def test_countries_are_found_by_the_name_that_people_read(client: Client, visited: Site) -> None:
    assert suggested(client, visited, "country") == ["Austria", "Germany"]
    assert suggested(client, visited, "country", ("q", "GERM")) == ["Germany"]
    answer = client.get(f"/sites/{visited.public_id}/values/country/?q=germ")
    assert 'data-value="DE"' in answer.content.decode()


def test_hours_are_found_as_people_read_them(client: Client, site: Site) -> None:
    count([hit(site, NINE)])
    day = ("period", f"{NINE:%Y-%m-%d}..{NINE:%Y-%m-%d}")
    assert suggested(client, site, "hour", day, ("q", "9:")) == ["9:00"]
    assert suggested(client, site, "hour", day, ("q", "8:")) == []


def test_keys_of_properties_are_suggested_within_period_and_filters(
    client: Client, visited: Site
) -> None:
    count([hit(visited, now(), name="Buy", props=(("Colour", "red"), ("size", "l")))])
    assert suggested(client, visited, "property") == ["Colour", "size", "the plan"]
    assert suggested(client, visited, "property", ("q", "COL")) == ["Colour"]
    assert suggested(client, visited, "property", ("f", "country:is:DE")) == ["the plan"]
    assert suggested(client, visited, "property", ("period", "yesterday")) == []


def test_values_are_at_most_twenty(client: Client, site: Site) -> None:
    count([hit(site, now(), f"/{n}") for n in range(MOST_VALUES + 1)])
    assert len(suggested(client, site, "page")) == MOST_VALUES


def test_values_are_escaped(client: Client, site: Site) -> None:
    count([hit(site, now(), title='"><script>')])
    text = client.get(f"/sites/{site.public_id}/values/title/").content.decode()

    assert "&quot;&gt;&lt;script&gt;" in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("values/time/", "can't be filtered by"),
        ("values/mood/", "can't be filtered by"),
        ("values/prop./", "is none of"),
        ("values/page/?q=%00", "nothing can have"),
        ("values/page/?period=never", "expected"),
        ("values/page/?edit=0", ""),
    ],
)
def test_values_of_nothing_are_refused(client: Client, site: Site, path: str, words: str) -> None:
    answer = client.get(f"/sites/{site.public_id}/{path}")

    assert answer.status_code == 400
    assert words in answer.content.decode().replace("&#x27;", "'")


def test_values_wait_for_a_turn_like_all_parts(client: Client, visited: Site) -> None:
    url = f"/sites/{visited.public_id}/values/page/"
    with ExitStack() as others:
        for _ in range(max(1, settings.WEB_THREADS // 3)):
            others.enter_context(report_turn())
        answer = client.get(url)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    assert client.get(url).status_code == 200


@pytest.mark.parametrize("path", ["conditions/", "values/page/"])
def test_filters_of_someone_elses_site_do_not_exist(client: Client, site: Site, path: str) -> None:
    other = SiteFactory()
    assert client.get(f"/sites/{other.public_id}/{path}").status_code == 404
    assert client.get(f"/sites/{site.public_id}+{other.public_id}/{path}").status_code == 404


def test_several_sites_are_filtered_together(client: Client, visited: Site) -> None:
    second = SiteFactory(owner=visited.owner)
    count([hit(second, now(), "/second")])
    key = f"{visited.public_id}+{second.public_id}"

    answer = client.get(f"/sites/{key}/values/page/")
    assert [one.text for one in answer.context["values"]] == ["/pricing", "/docs", "/second"]
    said = urlencode({"dimension": "page", "operator": "is", "typed": "/second"})
    led_to = client.get(f"/sites/{key}/conditions/?{said}")
    assert led_to.headers["Location"] == f"/sites/{key}/?period=30d&f=page%3Ais%3A%252Fsecond"
