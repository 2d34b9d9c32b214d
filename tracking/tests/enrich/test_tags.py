from tracking.enrich.tags import Tags, read_tags


def test_a_query_without_tags_has_none() -> None:
    assert read_tags("a=1&b=2") is None
    assert read_tags("utm_source=&utm_id=5&gclid=") is None
    assert read_tags("utm_source=%20&utm_medium=%00") is None


def test_of_a_repeated_tag_the_first_that_says_something_counts() -> None:
    assert read_tags("utm_source=&utm_source=a&utm_source=b") == Tags(source="a")


def test_names_are_read_in_any_case_and_encoding_and_values_as_written() -> None:
    assert read_tags("UTM_Source=A&utm%5Fmedium=B+c") == Tags(source="A", medium="B c")


def test_octets_that_are_no_text_and_controls_do_no_harm() -> None:
    tags = read_tags("utm_source=a%00b&utm_medium=%FF&utm_campaign=%ED%A0%80x")
    assert tags is not None
    assert tags.source == "ab"
    for text in (tags.medium, tags.campaign):
        assert text.encode()
        assert "\0" not in text


def test_letters_are_composed() -> None:
    assert read_tags("utm_source=u%CC%88ber") == Tags(source="\u00fcber")


def test_a_tag_has_500_characters_at_most() -> None:
    assert read_tags("utm_source=" + "x" * 500) == Tags(source="x" * 500)
    assert read_tags("utm_source=" + "x" * 501) == Tags(source="x" * 500)


def test_the_first_200_parameters_are_read() -> None:
    assert read_tags("x&" * 199 + "utm_source=a") == Tags(source="a")
    assert read_tags("x&" * 200 + "utm_source=a") is None


def test_the_first_click_id_names_the_network() -> None:
    tags = read_tags("fbclid=a&gclid=b")
    assert tags is not None
    assert tags.network is not None
    assert (tags.network.name, tags.network.paid) == ("Facebook", False)
