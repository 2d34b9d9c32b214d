"""Lifelike hits from a fixed seed: few pages, sources and agents make most of the traffic."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from tracking.records import Hit
from tracking.spool.writer import SpoolWriter

PAGES, SOURCES, EVENTS_A_VISITOR = 2000, 200, 5
ACTIVE = 1000
WRITTEN_AT_ONCE = 5000
SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 14; SM-S{model}B",
    "Linux; Android 13; Pixel {model}",
)


def zipf_weights(count: int) -> list[float]:
    """Cumulative weights 1, 1/2, 1/3 ..., for `random.choices`."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def agent(number: int) -> str:
    """One of any number of browsers' agents, each different from all others."""
    system = SYSTEMS[number % len(SYSTEMS)].format(model=100 + number // 7 % 800)
    version = f"{100 + number % 43}.0.{number}.{number % 97}"
    return (
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{version} Safari/537.36"
    )


def hits(
    sites: list[str],
    count: int,
    begin: datetime,
    *,
    agents: int = 10_000,
    new_agent_share: float | None = None,
    seed: int = 1,
) -> Iterator[Hit]:
    """`count` hits in the order of time, a thousand a second, five of each visitor.

    Visitors' agents are zipf-distributed over `agents`; with `new_agent_share`, that share of hits
    is of visitors with one hit and an agent that none before had, and all others have the same few.
    """
    chance = random.Random(seed)
    pages, sources, kinds = zipf_weights(PAGES), zipf_weights(SOURCES), zipf_weights(agents)
    agent_of: list[int] = []
    for number in range(count):
        newest = number // EVENTS_A_VISITOR
        while len(agent_of) <= newest:
            [kind] = chance.choices(range(agents), cum_weights=kinds)
            agent_of.append(kind if new_agent_share is None else kind % 20)
        # A visitor's hits lie within seconds, mixed with those of others.
        person = chance.randrange(max(0, newest - 2 * ACTIVE), newest + 1)
        agent_number = agent_of[person]
        if new_agent_share is not None and chance.random() < new_agent_share:
            agent_number = 1_000_000 + number
        [page] = chance.choices(range(PAGES), cum_weights=pages)
        [source] = chance.choices(range(SOURCES), cum_weights=sources)
        yield Hit(
            site=sites[person % len(sites)],
            at=begin + timedelta(milliseconds=number),
            name="pageview" if number % 20 else "Sign up",
            url=f"https://site.example/section/page-{page}" + ("?utm_source=a" * (page % 50 == 49)),
            referrer=f"https://source-{source}.example/" if source % 3 else "https://google.com/",
            user_agent=agent(agent_number),
            address=f"{20 + person % 100}.{person // 100 % 250}.{person // 25_000 % 250}.7",
            language="de",
            title=f"Page {page}",
            screen="Desktop",
            props=(("plan", "yearly"),) if not number % 20 else (),
        )


def spool(folder: Path, found: Iterator[Hit]) -> None:
    """Write hits to a spool folder, as a server process would."""
    writer = SpoolWriter(folder)
    some = []
    for hit in found:
        some.append(hit)
        if len(some) == WRITTEN_AT_ONCE:
            writer.append_many(some)
            some = []
    writer.append_many(some)
    writer.close()
