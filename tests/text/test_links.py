"""Where links point, who answers for the place, and what only looks like a link."""

import pytest

from tests.growth import assert_in_proportion
from text.links import MAX_LINKS, links_of, registrable_domain


@pytest.mark.parametrize(
    ("written", "host", "domain"),
    [
        ("see https://www.shop.example.co.uk/a?b=1", "shop.example.co.uk", "example.co.uk"),
        ("see WWW.Example.COM", "example.com", "example.com"),
        ("(example.com/buy)", "example.com", "example.com"),
        ("hxxp://example[.]com/x", "example.com", "example.com"),
        ("example (dot) com/x", "example.com", "example.com"),
        ("write to example dot com", "example.com", "example.com"),
        ("https://bank.example.org@evil.example.com/", "evil.example.com", "example.com"),
        ("text before:https://example.com:8080/x", "example.com", "example.com"),
        ("https://школа.рф/урок", "школа.рф", "школа.рф"),
        ("ｅｘａｍｐｌｅ.com/x", "example.com", "example.com"),
    ],
)
def test_links_are_read_as_people_write_them(written: str, host: str, domain: str) -> None:
    (link,) = links_of(written)
    assert (link.host, link.domain) == (host, domain)


@pytest.mark.parametrize(
    "written",
    [
        "write to anna@example.com",
        "That was great.It is over",
        "Go home.So do I",
        "see report.pdf and main.py",
        "at 10.30 or 3.5.2026",
        "e.g. this, etc.",
        "node.js and main.rs",
        "",
    ],
)
def test_mail_addresses_files_and_sentences_are_no_links(written: str) -> None:
    assert links_of(written) == ()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("https://a.b.example.com/x", "example.com"),
        ("https://anna.wordpress.com/x", "anna.wordpress.com"),
        ("https://anna.github.io/x", "anna.github.io"),
        ("https://bit.ly/3abc", "bit.ly/3abc"),
        ("https://t.co/3abc/", "t.co/3abc"),
    ],
)
def test_the_place_is_who_answers_for_it(written: str, place: str) -> None:
    assert links_of(written)[0].place == place


@pytest.mark.parametrize(
    ("written", "page"),
    [
        ("https://a.b.example.com/x", "example.com"),
        ("https://anna.wordpress.com/x", "anna.wordpress.com"),
        ("https://www.youtube.com/watch?t=3&v=Film1&utm_source=x", "youtube.com/watch?v=Film1"),
        ("https://padlet.com/anna/wall/?from=1#top", "padlet.com/anna/wall"),
        ("https://bit.ly/3abc", None),
        ("https://t.co/3abc/", None),
        ("https://t.me/anna", None),
        ("https://www.etsy.com/shop/anna", None),
    ],
)
def test_the_page_is_whose_it_is_where_an_address_can_tell(written: str, page: str | None) -> None:
    assert links_of(written)[0].page == page


def test_a_link_has_a_path_and_parameters_in_lower_case() -> None:
    (link,) = links_of("https://example.com/Shop/Bags?Ref=Anna&amp;b=2#top")
    assert link.path == ["shop", "bags"]
    assert link.parameters == [("ref", "Anna"), ("b", "2")]


def test_what_ends_in_no_public_suffix_has_no_domain() -> None:
    assert registrable_domain("co.uk") is None
    assert registrable_domain("intranet.local") is None


def test_a_text_of_links_alone_gives_only_the_first_of_them() -> None:
    assert len(links_of(" ".join(f"https://example{n}.com" for n in range(1_000)))) == MAX_LINKS


@pytest.mark.parametrize("unit", ["a.", "www.", "[.] ", "http://", "((", " dot ", "a@", "-."])
def test_no_text_takes_long(unit: str) -> None:
    assert_in_proportion(links_of, unit * (20_000 // len(unit)))
