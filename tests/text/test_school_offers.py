"""Offers to schools, most of which name no price, and what a school books, asks and gives away: they share their words."""

from pathlib import Path

import pytest
import yaml

from rules.commercial import CommercialContentLimits, sells
from rules.policy import load_policy
from text.commerce import CommerceReading, commerce_of
from text.reading import read_texts

SAMPLES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("school_offers.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def limits() -> CommercialContentLimits:
    limits = load_policy().rules["commercial_content"].limits
    assert isinstance(limits, CommercialContentLimits)
    return limits


def _each(part: str) -> list[str]:
    return [text for texts in SAMPLES[part].values() for text in texts]


def read(text: str) -> CommerceReading:
    return commerce_of(text, read_texts([text])[0].undisguised)


@pytest.mark.parametrize("text", _each("offers"))
def test_who_offers_something_to_schools_or_a_paid_course_sells(text: str, limits: CommercialContentLimits) -> None:
    assert sells(read(text), limits)


@pytest.mark.parametrize("text", _each("school_life"))
def test_who_books_asks_or_gives_away_sells_nothing(text: str, limits: CommercialContentLimits) -> None:
    assert not sells(read(text), limits)


def test_who_addresses_schools_and_offers_nothing_has_no_sign() -> None:
    assert not read("We have prepared a video for your school, write to us.").signs


def test_a_hotel_for_a_mobility_is_no_offer_for_readers_of_other_languages_either() -> None:
    reading = read("J'ai réservé l'hôtel pour la mobilité, 45 euros la nuit, petit déjeuner compris.")
    assert "buy" not in {sign.name for sign in reading.signs}
