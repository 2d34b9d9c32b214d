"""What does a page's query say of the link that led there? Campaign tags and click ids."""

from dataclasses import dataclass
from urllib.parse import unquote_plus

from tracking.enrich.channels import SEARCH, SOCIAL
from tracking.enrich.pages import readable

LONGEST_TEXT = 500
MOST_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class Network:
    """Who adds a click id: its name and kind, and whether each click that has one was paid for."""

    name: str
    kind: str
    paid: bool = True


CLICK_IDS = {
    "gclid": Network("Google", SEARCH),
    "gbraid": Network("Google", SEARCH),
    "wbraid": Network("Google", SEARCH),
    "msclkid": Network("Bing", SEARCH),
    "ttclid": Network("TikTok", SOCIAL),
    "twclid": Network("Twitter", SOCIAL),
    "li_fat_id": Network("LinkedIn", SOCIAL),
    # Facebook adds it to every link that leaves it, not to advertisements alone.
    "fbclid": Network("Facebook", SOCIAL, paid=False),
}
_TEXTS = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "campaign",
    "utm_content": "content",
    "utm_term": "term",
    "source": "referrer",
    "ref": "referrer",
}


@dataclass(frozen=True, slots=True)
class Tags:
    """Campaign tags as written; `referrer` is what `source` or `ref` says; empty when missing."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    referrer: str = ""
    network: Network | None = None


def read_tags(query: str) -> Tags | None:
    """The tags among a query's first 200 parameters; None when there are none.

    Of a name that is repeated the first value that isn't empty counts. Texts are cut at 500
    characters.
    """
    texts: dict[str, str] = {}
    network = None
    for pair in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
        name, _, value = pair.partition("=")
        name = (unquote_plus(name) if "%" in name else name).casefold()
        field = _TEXTS.get(name)
        if field and not texts.get(field):
            texts[field] = readable(unquote_plus(value))[:LONGEST_TEXT].strip()
        elif value and network is None:
            network = CLICK_IDS.get(name)
    if network is None and not any(texts.values()):
        return None
    return Tags(**texts, network=network)
