"""Texts that sell, and addresses that are pushed: what is an incident, and what is a teacher's daily life."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from models.events import Comment, ForumPost, MediaUpload, Message, ProfileUpdate
from rules.base import EventContext
from rules.commercial import RULES, SIGNS, CommercialContentLimits, judge_commercial_content
from rules.policy import load_policy
from tests.rules.cases import context, reading, rule_input
from text.words import read_list

SAMPLES = yaml.safe_load(Path(__file__).with_name("commercial_samples.yaml").read_text("utf-8"))
LIMITS: CommercialContentLimits = load_policy().rules["commercial_content"].limits
OFFER = "Cheap tablets for schools! 50% off, order now at https://tabletmarket.example-shop.com/buy, free delivery"
LINK = "Our class has written about bees, see https://bees-of-brno.cz/spring"
PRAISE = "Very good prices for school trips, 20% off: https://bees-of-brno.cz/spring"
PLACES = "places\n"


def message(text: str, *strangers: str) -> EventContext:
    return context(Message, recipient_ids=strangers or ("ben",), text=text, strangers=strangers or ("ben",))


def entries(of: EventContext, signal: str) -> list[Any]:
    (rule,) = RULES
    return list(rule.signals(LIMITS)[signal].window.entries(of))


def test_an_offer_is_an_incident_whose_summary_names_its_signs() -> None:
    of = message(OFFER)
    found = judge_commercial_content(rule_input(of, texts=1), LIMITS)
    assert found
    assert found.level >= 2
    assert found.summary.startswith("A message to member ben sells or advertises: a call to buy (5), a discount (4)")
    assert f"; together {found.measurements[0].value:g} points, the limit is 6." in found.summary
    assert "example-shop" not in found.summary
    assert [m.name for m in found.measurements] == ["points", "texts"]


def test_every_sign_has_words_for_a_moderator() -> None:
    assert SIGNS.keys() == read_list("commerce.yaml")["points"].keys()


def test_more_offers_weigh_more_and_are_counted_in_the_summary() -> None:
    of = message(OFFER)
    once, often = (judge_commercial_content(rule_input(of, texts=count), LIMITS) for count in (1, 5))
    assert once
    assert often
    assert often.level == once.level + 1
    assert often.summary.endswith(" One of 5 such texts within 24 hours.")


@pytest.mark.parametrize("written", SAMPLES["one offer and its price"])
def test_one_offer_and_its_price_are_enough_in_what_goes_to_strangers(written: str) -> None:
    to_partner = context(Message, recipient_ids=("ben",), text=written)
    assert judge_commercial_content(rule_input(message(written), texts=1), LIMITS)
    assert judge_commercial_content(rule_input(to_partner, texts=1), LIMITS) is None


def put_before_strangers(written: str) -> list[EventContext]:
    return [
        context(ForumPost, forum_id="f", thread_id="t", text=written),
        context(Comment, owner_id="ben", post_id="p", text=written),
    ]


@pytest.mark.parametrize("written", SAMPLES["one offer and its price, where strangers find it"])
def test_one_offer_and_its_price_are_enough_where_strangers_find_them(written: str) -> None:
    for of in put_before_strangers(written):
        assert judge_commercial_content(rule_input(of, texts=1), LIMITS)


def test_one_offer_on_ones_own_page_is_none() -> None:
    of = context(Comment, owner_id="anna", actor_id="anna", post_id="p", text="Llogo un estudi a Reus, 48 euros la nit")
    assert judge_commercial_content(rule_input(of, texts=1), LIMITS) is None


@pytest.mark.parametrize("written", SAMPLES["who sells to pupils and says how to pay"])
def test_a_class_does_not_hide_the_price_of_who_says_how_to_pay(written: str) -> None:
    assert judge_commercial_content(rule_input(message(written), texts=1), LIMITS)


@pytest.mark.parametrize("written", SAMPLES["what a school sells and what is sought, where strangers find it"])
def test_what_a_school_sells_and_who_seeks_a_room_or_reckons_is_no_offer(written: str) -> None:
    for of in put_before_strangers(written):
        assert judge_commercial_content(rule_input(of, texts=1), LIMITS) is None


def test_one_sign_alone_is_no_incident_however_low_the_limit() -> None:
    of = message("Dinner is half price")
    limits = msgspec.structs.replace(LIMITS, points=1.0)
    assert judge_commercial_content(rule_input(of, texts=1), limits) is None
    assert entries(of, "texts") == []


@pytest.mark.parametrize(
    "of",
    [
        context(Message, recipient_ids=("ben",), text=OFFER),
        context(ForumPost, forum_id="f", thread_id="t", text=OFFER),
        context(Comment, owner_id="ben", text=OFFER),
        context(ProfileUpdate, display_name="Anna", bio=OFFER),
        context(MediaUpload, media_id="m", media_kind="image", visibility="public", surface="profile", caption=OFFER),
    ],
    ids=lambda of: of.event.type,
)
def test_offers_are_seen_wherever_members_write(of: EventContext) -> None:
    assert entries(of, "texts") == [(("anna",), ())]


def test_a_heading_is_part_of_the_offer() -> None:
    of = context(
        ForumPost, forum_id="f", thread_id="t", text="See https://tabletmarket.net", thread_title="50% off, order now"
    )
    assert entries(of, "texts") == [(("anna",), ())]


def test_strangers_threads_and_owners_are_those_to_whom_a_place_is_pushed() -> None:
    post = context(ForumPost, forum_id="f", thread_id="t", text=LINK)
    comment = context(Comment, owner_id="ben", text=LINK)
    own_page = context(Comment, owner_id="anna", text=LINK)
    assert entries(message(LINK, "ben", "eva"), "pushed/1d") == [(("anna", "bees-of-brno.cz"), ("ben", "eva"))]
    assert entries(post, "pushed/1d") == [(("anna", "bees-of-brno.cz"), ("f\nt",))]
    assert entries(comment, "pushed/1d") == [(("anna", "bees-of-brno.cz"), ("ben",))]
    assert entries(own_page, "pushed/1d") == []


def test_harmless_places_can_be_pushed_as_much_as_one_likes() -> None:
    of = message("Look at https://www.youtube.com/watch?v=x and https://sub.school.edu.pl/bees", "ben")
    assert entries(of, "pushed/1d") == []


def test_a_bare_link_takes_the_whole_quota_and_advertising_takes_less() -> None:
    bare, praised = message(LINK), message(PRAISE)
    assert judge_commercial_content(rule_input(bare, pushed_at_1d_at_0=11, pushed_at_7d_at_0=11), LIMITS) is None
    found = judge_commercial_content(rule_input(praised, pushed_at_1d_at_0=8, pushed_at_7d_at_0=8), LIMITS)
    assert found
    assert "bees-of-brno.cz before 8 strangers, threads or page owners within 24 hours" in found.summary
    assert judge_commercial_content(rule_input(bare, pushed_at_1d_at_0=12, pushed_at_7d_at_0=12), LIMITS)


def test_advertising_to_fewer_than_half_the_quota_is_not_pushing() -> None:
    assert (
        judge_commercial_content(rule_input(message(PRAISE), pushed_at_1d_at_0=5, pushed_at_7d_at_0=5), LIMITS) is None
    )


def test_a_text_that_sells_by_itself_is_told_once() -> None:
    found = judge_commercial_content(
        rule_input(message(OFFER), texts=1, pushed_at_1d_at_0=20, pushed_at_7d_at_0=20), LIMITS
    )
    assert found
    assert "sells or advertises" in found.summary


def test_accounts_that_advertise_one_place_are_told_together() -> None:
    of = message(PRAISE)
    told = reading(4, note="eva", members=("anna", "ben", "carl", "eva"))
    found = judge_commercial_content(rule_input(of, PLACES, promoters_at_1d_at_0=told), LIMITS)
    assert found
    assert found.subject_id == "eva"
    assert found.members == ("anna", "ben", "carl", "eva")
    assert found.summary == (
        "4 accounts advertised bees-of-brno.cz within 24 hours, in 4 texts; the limit is 4 accounts."
    )


MANY_LINKS = " ".join(f"https://site{n}x.com" for n in range(50))


def test_a_handful_of_the_places_of_one_text_count_and_the_list_that_it_is() -> None:
    of = message(MANY_LINKS, "ben")
    places = [key[1] for key, _ in entries(of, "pushed/1d")]
    assert places == [*(f"site{n}x.com" for n in range(5)), "\nmany"]
    assert [key for key, _ in entries(message(f"{PRAISE} {MANY_LINKS}"), "promoters/1d")] == [
        ("bees-of-brno.cz",),
        *((f"site{n}x.com",) for n in range(4)),
    ]


def test_all_places_of_one_text_are_one_finding_that_names_the_first() -> None:
    pushed = {f"pushed_at_1d_at_{n}": 12 + (n == 2) for n in range(6)}
    found = judge_commercial_content(rule_input(message(MANY_LINKS), **pushed), LIMITS)
    assert found
    assert found.episode == ()
    assert found.summary.startswith(
        "Put links to site2x.com before 13 strangers, threads or page owners within 24 hours"
    )
    assert found.summary.endswith(" The same goes for site0x.com, site1x.com, site3x.com, 2 more.")
    assert [(m.name, m.value) for m in found.measurements] == [("pushed", 13), ("points", 2), ("places", 6)]


def test_decoys_in_front_do_not_hide_what_is_pushed() -> None:
    """Other addresses in each text, and the one that matters behind them: then the lists are what is pushed."""
    found = judge_commercial_content(
        rule_input(message(MANY_LINKS), **{f"pushed_at_1d_at_{n}": 1 for n in range(5)}, pushed_at_1d_at_5=12), LIMITS
    )
    assert found
    assert found.summary.startswith("Put links to more than 5 addresses at a time before 12 strangers")


def test_places_that_are_promoted_together_are_one_finding_in_whatever_order_they_stand() -> None:
    told = reading(4, note="eva", members=("anna", "ben", "carl", "eva"))
    one, other = (
        f"Very good prices, 20% off: {links}"
        for links in ("https://b-x.com https://a-x.com", "https://a-x.com https://b-x.com")
    )
    both = {"promoters_at_1d_at_0": told, "promoters_at_1d_at_1": told}
    found = [judge_commercial_content(rule_input(message(text), PLACES, **both), LIMITS) for text in (one, other)]
    assert [f and f.episode for f in found] == [("a-x.com",)] * 2
    assert found[0]
    assert found[0].summary.endswith(" The same goes for b-x.com.")


def test_only_those_who_advertise_are_counted_as_promoters() -> None:
    assert entries(message(LINK), "promoters/1d") == []
    assert entries(message(PRAISE), "promoters/1d") == [(("bees-of-brno.cz",), ("anna",))]


@pytest.mark.parametrize("written", SAMPLES["advertising"])
def test_advertising_is_seen_in_every_language(written: str) -> None:
    found = judge_commercial_content(rule_input(message(written), texts=1), LIMITS)
    assert found
    assert found.level >= 1


@pytest.mark.parametrize("written", SAMPLES["everyday"])
def test_school_life_is_no_trade(written: str) -> None:
    assert judge_commercial_content(rule_input(message(written), texts=1), LIMITS) is None
