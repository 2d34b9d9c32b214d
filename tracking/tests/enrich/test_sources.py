import pytest

from tracking.enrich.sources import SourceList
from tracking.records import Origin

PAGE = "https://www.site.example/page"


@pytest.fixture(scope="module")
def sources() -> SourceList:
    return SourceList.load()


REFERRERS = [
    # Nobody, or nothing that a browser sends.
    ("", "Direct", "Direct"),
    ("ftp://blog.example/", "Direct", "Direct"),
    ("about:blank", "Direct", "Direct"),
    ("https://[", "Direct", "Direct"),
    ("https://", "Direct", "Direct"),
    ("android-app://", "Direct", "Direct"),
    ("no address at all", "Direct", "Direct"),
    # The page's own site.
    ("https://site.example/other", "Direct", "Direct"),
    ("https://www.site.example/other?x=1", "Direct", "Direct"),
    ("HTTPS://WWW.Site.Example./", "Direct", "Direct"),
    ("https://site.example:8443/", "Direct", "Direct"),
    ("https://blog.site.example/post", "Direct", "Direct"),
    ("https://othersite.example/", "othersite.example", "Referral"),
    ("https://site.example.org/", "site.example.org", "Referral"),
    # Search engines, their countries and other hosts.
    ("https://www.google.com/", "Google", "Organic Search"),
    ("https://google.com", "Google", "Organic Search"),
    ("https://www.google.com./", "Google", "Organic Search"),
    ("https://www.google.com:443/", "Google", "Organic Search"),
    ("HTTP://WWW.GOOGLE.COM/", "Google", "Organic Search"),
    ("https://www.google.de/", "Google", "Organic Search"),
    ("https://www.google.co.uk/search?q=x", "Google", "Organic Search"),
    ("https://www.google.com.br/", "Google", "Organic Search"),
    ("https://www.google.com.hk/", "Google", "Organic Search"),
    ("https://www.google.cat/", "Google", "Organic Search"),
    ("https://images.google.fr/", "Google Images", "Organic Search"),
    ("https://news.google.com/", "Google News", "Organic Search"),
    ("https://www.bing.com/", "Bing", "Organic Search"),
    ("https://cn.bing.com/", "Bing", "Organic Search"),
    ("https://duckduckgo.com/", "DuckDuckGo", "Organic Search"),
    ("https://html.duckduckgo.com/", "DuckDuckGo", "Organic Search"),
    ("https://de.search.yahoo.com/", "Yahoo!", "Organic Search"),
    ("https://uk.search.yahoo.com/", "Yahoo!", "Organic Search"),
    ("https://search.yahoo.co.jp/", "Yahoo! Japan", "Organic Search"),
    ("https://yandex.com.tr/", "Yandex", "Organic Search"),
    ("https://ya.ru/", "Yandex", "Organic Search"),
    ("https://www.baidu.com/link", "Baidu", "Organic Search"),
    ("https://search.naver.com/", "Naver", "Organic Search"),
    ("https://search.seznam.cz/", "Seznam", "Organic Search"),
    ("https://www.ecosia.org/", "Ecosia", "Organic Search"),
    ("https://search.brave.com/", "Brave", "Organic Search"),
    ("https://www.startpage.com/", "Startpage", "Organic Search"),
    ("https://lite.qwant.com/", "Qwant", "Organic Search"),
    ("https://kagi.com/", "Kagi", "Organic Search"),
    # A search engine's company does more than search.
    ("https://docs.google.com/document", "docs.google.com", "Referral"),
    ("https://aws.amazon.com/", "Amazon Web Services", "Referral"),
    ("https://www.cnn.com/", "CNN", "Referral"),
    # Social networks.
    ("https://www.facebook.com/", "Facebook", "Organic Social"),
    ("https://m.facebook.com/", "Facebook", "Organic Social"),
    ("https://l.facebook.com/l.php", "Facebook", "Organic Social"),
    ("https://lm.facebook.com/", "Facebook", "Organic Social"),
    ("https://l.instagram.com/", "Instagram", "Organic Social"),
    ("https://t.co/abc", "Twitter", "Organic Social"),
    ("https://x.com/", "Twitter", "Organic Social"),
    ("https://mobile.twitter.com/", "Twitter", "Organic Social"),
    ("https://lnkd.in/abc", "LinkedIn", "Organic Social"),
    ("https://www.linkedin.com/feed/", "LinkedIn", "Organic Social"),
    ("https://old.reddit.com/r/x", "reddit", "Organic Social"),
    ("https://out.reddit.com/", "reddit", "Organic Social"),
    ("https://news.ycombinator.com/item?id=1", "Hacker News", "Organic Social"),
    ("https://t.me/channel", "Telegram", "Organic Social"),
    ("https://web.telegram.org/", "Telegram", "Organic Social"),
    ("https://away.vk.com/", "Vkontakte", "Organic Social"),
    ("https://www.pinterest.co.uk/", "Pinterest", "Organic Social"),
    ("https://bsky.app/", "Bluesky", "Organic Social"),
    ("https://l.threads.com/", "Threads", "Organic Social"),
    ("https://mastodon.social/", "Mastodon", "Organic Social"),
    ("https://www.tiktok.com/", "TikTok", "Organic Social"),
    ("https://app.slack.com/", "Slack", "Organic Social"),
    ("https://github.com/some/project", "GitHub", "Organic Social"),
    ("https://unix.stackexchange.com/", "Stack Exchange", "Organic Social"),
    # Videos, shops, mailers, assistants.
    ("https://www.youtube.com/watch", "YouTube", "Organic Video"),
    ("https://m.youtube.com/", "YouTube", "Organic Video"),
    ("https://youtu.be/x", "YouTube", "Organic Video"),
    ("https://player.vimeo.com/", "Vimeo", "Organic Video"),
    ("https://www.twitch.tv/", "Twitch", "Organic Video"),
    ("https://www.dailymotion.com/", "Dailymotion", "Organic Video"),
    ("https://www.amazon.com/", "Amazon", "Organic Shopping"),
    ("https://www.amazon.de/dp/x", "Amazon", "Organic Shopping"),
    ("https://smile.amazon.co.uk/", "Amazon", "Organic Shopping"),
    ("https://www.ebay.com.au/", "eBay", "Organic Shopping"),
    ("https://www.etsy.com/", "Etsy", "Organic Shopping"),
    ("https://de.aliexpress.com/", "AliExpress", "Organic Shopping"),
    ("https://admin.shopify.com/", "Shopify", "Organic Shopping"),
    ("https://shopping.google.com/", "Google Shopping", "Organic Shopping"),
    ("https://mail.google.com/", "Gmail", "Email"),
    ("https://outlook.live.com/", "Outlook", "Email"),
    ("https://mail.yahoo.com/", "Yahoo! Mail", "Email"),
    ("https://mail.yandex.ru/", "Yandex Mail", "Email"),
    ("https://chatgpt.com/", "ChatGPT", "AI Assistants"),
    ("https://claude.ai/", "Claude", "AI Assistants"),
    ("https://www.perplexity.ai/", "Perplexity", "AI Assistants"),
    ("https://gemini.google.com/", "Gemini", "AI Assistants"),
    ("https://copilot.microsoft.com/", "Copilot", "AI Assistants"),
    # Apps.
    ("android-app://com.google.android.gm/", "Gmail", "Email"),
    ("android-app://com.google.android.googlequicksearchbox/", "Google", "Organic Search"),
    (
        "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
        "Google",
        "Organic Search",
    ),
    ("android-app://com.linkedin.android", "LinkedIn", "Organic Social"),
    ("android-app://com.reddit.frontpage/", "reddit", "Organic Social"),
    ("android-app://org.telegram.messenger/", "Telegram", "Organic Social"),
    ("android-app://com.slack", "Slack", "Organic Social"),
    ("android-app://com.facebook.katana/", "Facebook", "Organic Social"),
    ("android-app://com.google.android.youtube/", "YouTube", "Organic Video"),
    ("Android-App://com.openai.chatgpt", "ChatGPT", "AI Assistants"),
    ("android-app://com.example.reader/", "com.example.reader", "Referral"),
    ("android-app://evil.com.slack/", "evil.com.slack", "Referral"),
    # Others.
    ("https://blog.example/post", "blog.example", "Referral"),
    ("https://www.blog.example/post", "blog.example", "Referral"),
    ("https://10.0.0.1/x", "10.0.0.1", "Referral"),
    ("http://[::1]/", "::1", "Referral"),
    ("http://localhost:3000/", "localhost", "Referral"),
    ("https://en.m.wikipedia.org/", "Wikipedia", "Referral"),
    ("https://someone.github.io/", "someone.github.io", "Referral"),
]
LOOK_ALIKES = [
    ("https://google.com.evil.example/", "google.com.evil.example"),
    ("https://www.google.evil/", "google.evil"),
    ("https://google.com.evil/", "google.com.evil"),
    ("https://google.org.uk.evil/", "google.org.uk.evil"),
    ("https://notgoogle.com/", "notgoogle.com"),
    ("https://google.com-search.example/", "google.com-search.example"),
    ("https://google.com@evil.example/", "evil.example"),
    ("https://evil.example\\@google.com/", "evil.example"),
    ("https://evil.example/https://google.com/", "evil.example"),
    ("https://faceboook.com/", "faceboook.com"),
    ("https://facebook.com.login.example/", "facebook.com.login.example"),
    ("https://myfacebook.com/", "myfacebook.com"),
    ("https://amazon.shop/", "amazon.shop"),
    ("https://amazon.com.shop/", "amazon.com.shop"),
    ("https://xn--ggle-0nda.com/", "xn--ggle-0nda.com"),
    ("https://g\u043e\u043egle.com/", "xn--ggle-55da.com"),
    ("https://com.google.android.gm/", "com.google.android.gm"),
    ("https://org.telegram.messenger/", "org.telegram.messenger"),
    ("android-app://google.com/", "google.com"),
]
TAGGED = [
    # (referrer, query, source, channel): what tags name wins over the referrer.
    ("", "utm_source=google&utm_medium=cpc", "Google", "Paid Search"),
    ("", "utm_source=GOOGLE&utm_medium=CPC", "Google", "Paid Search"),
    ("", "utm_source=facebook&utm_medium=paidsocial", "Facebook", "Paid Social"),
    ("", "utm_source=fb&utm_medium=cpm", "Facebook", "Paid Social"),
    ("", "utm_source=ig", "Instagram", "Organic Social"),
    ("", "utm_source=youtube&utm_medium=cpv", "YouTube", "Paid Video"),
    ("", "utm_source=youtube&utm_medium=paid", "YouTube", "Paid Video"),
    ("", "utm_source=amazon&utm_medium=ppc", "Amazon", "Paid Shopping"),
    ("", "utm_source=google&utm_medium=cpc&utm_campaign=Shopping", "Google", "Paid Shopping"),
    ("", "utm_source=google&utm_medium=cpc&utm_campaign=cross-network", "Google", "Cross-network"),
    ("", "utm_source=partner&utm_medium=cpc", "partner", "Paid Other"),
    ("", "utm_source=chatgpt.com", "ChatGPT", "AI Assistants"),
    ("", "utm_source=chatgpt.com&utm_medium=cpc", "ChatGPT", "Paid Other"),
    ("", "utm_source=letter&utm_medium=email", "letter", "Email"),
    ("", "utm_source=newsletter", "newsletter", "Email"),
    ("", "utm_source=x&utm_medium=banner", "x", "Display"),
    ("", "utm_source=x&utm_medium=affiliate", "x", "Affiliates"),
    ("", "utm_source=x&utm_medium=organic", "x", "Organic Search"),
    ("", "utm_source=x&utm_medium=social", "x", "Organic Social"),
    ("", "utm_source=x&utm_medium=video-ad", "x", "Organic Video"),
    ("", "utm_source=x&utm_medium=referral", "x", "Referral"),
    ("", "utm_source=x&utm_medium=audio", "x", "Audio"),
    ("", "utm_source=x&utm_medium=sms", "x", "SMS"),
    ("", "utm_source=x&utm_medium=web-push", "x", "Mobile Push Notifications"),
    ("", "utm_source=x&utm_medium=flyer", "x", "Unassigned"),
    ("", "utm_source=x", "x", "Unassigned"),
    ("", "utm_medium=email", "Direct", "Email"),
    ("", "utm_medium=flyer", "Direct", "Unassigned"),
    ("", "utm_campaign=autumn", "Direct", "Direct"),
    ("", "utm_source=(direct)&utm_medium=(none)", "Direct", "Direct"),
    ("", "utm_source=direct", "Direct", "Direct"),
    ("", "utm_source=news.ycombinator.com", "Hacker News", "Organic Social"),
    ("", "utm_source=www.google.de&utm_medium=cpc", "Google", "Paid Search"),
    ("", "utm_source=google.evil&utm_medium=cpc", "google.evil", "Paid Other"),
    ("", "ref=blog.example", "blog.example", "Referral"),
    ("", "ref=producthunt", "Product Hunt", "Organic Social"),
    ("", "ref=https%3A%2F%2Fwww.blog.example%2Fpost", "blog.example", "Referral"),
    ("", "source=footer", "footer", "Referral"),
    ("", "ref=a&utm_source=google", "Google", "Organic Search"),
    ("https://t.co/x", "utm_source=letter&utm_medium=email", "letter", "Email"),
    ("https://t.co/x", "utm_campaign=autumn", "Twitter", "Organic Social"),
    ("https://t.co/x", "utm_medium=cpc", "Twitter", "Paid Social"),
    ("https://blog.example/", "utm_campaign=autumn", "blog.example", "Referral"),
    ("https://blog.example/", "utm_campaign=autumn-shopping", "blog.example", "Organic Shopping"),
    ("https://www.site.example/", "utm_source=x&utm_medium=email", "x", "Email"),
    # Click ids: the network's name when nothing else names a source; paid but for Facebook's.
    ("", "gclid=x", "Google", "Paid Search"),
    ("", "gbraid=x", "Google", "Paid Search"),
    ("", "wbraid=x", "Google", "Paid Search"),
    ("", "GCLID=x", "Google", "Paid Search"),
    ("", "msclkid=x", "Bing", "Paid Search"),
    ("", "ttclid=x", "TikTok", "Paid Social"),
    ("", "twclid=x", "Twitter", "Paid Social"),
    ("", "li_fat_id=x", "LinkedIn", "Paid Social"),
    ("", "fbclid=x", "Facebook", "Organic Social"),
    ("", "fbclid=x&utm_medium=paid", "Facebook", "Paid Social"),
    ("", "gclid=", "Direct", "Direct"),
    ("https://www.google.com/", "gclid=x", "Google", "Paid Search"),
    ("https://www.bing.com/", "msclkid=x", "Bing", "Paid Search"),
    ("https://www.youtube.com/", "gclid=x", "YouTube", "Paid Video"),
    ("https://blog.example/", "gclid=x", "blog.example", "Paid Search"),
    ("https://en.wikipedia.org/", "gclid=x", "Wikipedia", "Paid Search"),
    ("https://blog.example/", "fbclid=x", "blog.example", "Referral"),
    ("https://www.site.example/", "gclid=x", "Google", "Paid Search"),
    ("", "utm_source=autumn&gclid=x", "autumn", "Paid Search"),
    ("", "utm_source=letter&utm_medium=email&gclid=x", "letter", "Email"),
    ("", "utm_source=letter&utm_medium=display&gclid=x", "letter", "Display"),
    # Parameters that say nothing of the kind.
    ("https://www.google.com/", "x=1&utm_id=7", "Google", "Organic Search"),
    ("https://www.google.com/", "&&=&%", "Google", "Organic Search"),
]


@pytest.mark.parametrize(("referrer", "source", "channel"), REFERRERS)
def test_a_referrer_makes_a_source_and_a_channel(
    sources: SourceList, referrer: str, source: str, channel: str
) -> None:
    origin = sources.origin(referrer, PAGE)

    assert (origin.source, origin.channel) == (source, channel)


@pytest.mark.parametrize(("referrer", "source"), LOOK_ALIKES)
def test_a_host_that_only_looks_like_a_known_one_is_kept_apart(
    sources: SourceList, referrer: str, source: str
) -> None:
    origin = sources.origin(referrer, PAGE)

    assert (origin.source, origin.channel) == (source, "Referral")


@pytest.mark.parametrize(("referrer", "query", "source", "channel"), TAGGED)
def test_tags_and_click_ids_make_a_source_and_a_channel(
    sources: SourceList, referrer: str, query: str, source: str, channel: str
) -> None:
    origin = sources.origin(referrer, f"{PAGE}?{query}#part")

    assert (origin.source, origin.channel) == (source, channel)


@pytest.mark.parametrize(
    ("referrer", "page", "source"),
    [
        ("https://www.site.example/", "https://blog.site.example/", "Direct"),
        ("https://shop.site.example/", "https://blog.site.example/", "shop.site.example"),
        ("https://one.github.io/", "https://two.github.io/", "one.github.io"),
        ("https://www.google.com/", "https://www.google.com/about", "Direct"),
        ("https://blog.example/", "", "blog.example"),
        ("https://blog.example/", "https://[", "blog.example"),
    ],
)
def test_a_host_above_or_below_the_page_s_own_is_no_referrer_and_one_beside_it_is(
    sources: SourceList, referrer: str, page: str, source: str
) -> None:
    assert sources.origin(referrer, page).source == source


def test_a_referrer_is_kept_readable_without_scheme_port_and_query(sources: SourceList) -> None:
    def kept(referrer: str) -> str:
        return sources.origin(referrer, PAGE).referrer

    assert kept("https://www.blog.example:8080/post/?secret=1#part") == "blog.example/post"
    assert kept("https://blog.example/%C3%BCber") == "blog.example/\u00fcber"
    assert kept("https://blog.example") == kept("https://blog.example/") == "blog.example"
    assert len(kept("https://blog.example/" + "x" * 3000)) == 500


def test_an_origin_keeps_the_referrer_and_the_tags_as_written(sources: SourceList) -> None:
    origin = sources.origin(
        "https://t.co/x",
        f"{PAGE}?utm_source=Autumn%20Letter&utm_medium=E-Mail&utm_campaign=a%2Bb+c&utm_content=top"
        "&utm_term=z%00",
    )

    assert origin == Origin(
        referrer="t.co/x",
        source="Autumn Letter",
        channel="Email",
        utm_source="Autumn Letter",
        utm_medium="E-Mail",
        utm_campaign="a+b c",
        utm_content="top",
        utm_term="z",
    )


def test_a_source_that_ref_names_is_no_campaign_tag(sources: SourceList) -> None:
    assert sources.origin("", f"{PAGE}?ref=blog.example").utm_source == ""


def test_forged_referrers_are_told(sources: SourceList) -> None:
    assert sources.is_spam("http://0-0.fr/")
    assert sources.is_spam("http://www.sub.0-0.fr/x?y=1")
    assert not sources.is_spam("https://blog.example/")
    assert not sources.is_spam("")


def test_the_own_list_names_only_known_kinds_and_each_tag_a_known_name(
    sources: SourceList,
) -> None:
    kinds = {"search", "social", "video", "shopping", "email", "assistant", "referral"}
    assert {source.kind for source in sources.hosts.values()} == kinds
    assert sources.names["ig"].name == "Instagram"
    assert sources.names["google+"].name == "Google+"


def test_every_name_is_of_one_kind(sources: SourceList) -> None:
    named = {(source.name, source.kind) for source in sources.hosts.values()}

    assert len(named) == len({name for name, _ in named})
