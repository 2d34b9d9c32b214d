"""Who is a bot, held against samples of real agents."""

from pathlib import Path

import pytest

from tracking.enrich.bots import is_bot

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)


def sample(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


BROWSERS, BOTS = sample("browsers.txt"), sample("bots.txt")


def test_the_samples_are_as_large_as_they_should_be_and_hold_nothing_twice() -> None:
    assert len(set(BROWSERS)) == len(BROWSERS) >= 150
    assert len(set(BOTS)) == len(BOTS) >= 80


@pytest.mark.parametrize("agent", BROWSERS)
def test_no_real_browser_is_taken_for_a_bot(agent: str) -> None:
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", BOTS)
def test_bots_and_tools_are_told(agent: str) -> None:
    assert is_bot(agent)


def test_an_agent_may_have_a_thousand_characters_and_no_more() -> None:
    assert not is_bot(CHROME.ljust(1000, "x"))
    assert is_bot(CHROME.ljust(1001, "x"))


@pytest.mark.parametrize(
    "what",
    [
        *(
            "https://shop.example",
            "www.shop.example",
            "me@shop.example",
            "+http://shop.example/bot",
        ),
        *("\x01", "\n", "\u2028"),
    ],
)
def test_a_browser_names_no_address_and_can_be_printed(what: str) -> None:
    assert not is_bot(f"{CHROME} Shop/1.0")
    assert is_bot(f"{CHROME} Shop/1.0 ({what})")


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0 (;)     ", "Opera/9.80 ( ;;; )", "Mozilla/5.0  (compatible"]
)
def test_a_browser_says_more_than_its_first_word(agent: str) -> None:
    assert is_bot(agent)
    assert not is_bot(agent.partition("(")[0] + "(X11; Linux x86_64; rv:128.0) Gecko")
