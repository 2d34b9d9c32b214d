"""Is it a machine that reads pages by itself?"""

from functools import cache, lru_cache

import ua_parser
from crawlerdetect import CrawlerDetect

CACHED_AGENTS = 20_000
# Real browsers' agents are between about 40 and 400 characters long.
SHORTEST_AGENT = 12
LONGEST_AGENT = 1000


@lru_cache(maxsize=CACHED_AGENTS)
def is_bot(user_agent: str) -> bool:
    """Whether this agent is a crawler's, a tool's, or no browser's at all."""
    if not SHORTEST_AGENT <= len(user_agent) <= LONGEST_AGENT or not user_agent.isprintable():
        return True
    device = ua_parser.parse_device(user_agent)
    if device is not None and device.family == "Spider":
        return True
    return bool(_detector().isCrawler(user_agent))


@cache
def _detector() -> CrawlerDetect:
    # Building one compiles thousands of patterns.
    return CrawlerDetect()
