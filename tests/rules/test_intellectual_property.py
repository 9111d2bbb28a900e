"""Article 8 judged by itself: breaches, what others published first, and hashes that are alike."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import ForumPost, MediaUpload
from rules.base import EventContext, Finding
from rules.intellectual_property import (
    COPYRIGHT_RISK,
    HASH_BITS,
    CopyrightRiskLimits,
    hash_parts,
    judge_copyright_risk,
)
from rules.quotas import Duration
from state.requests import Campaign, WindowResult
from tests.rules.cases import NOON, context, reading, rule_input

DAY = Duration(86_400)
SHA = "ab" * 32
LIMITS = CopyrightRiskLimits(
    known_files=frozenset({"CD" * 32}),
    breaches_window=DAY,
    files_window=DAY,
    near_bits=3,
    text_characters=200,
    text_similarity=0.9,
    texts_window=DAY,
    everybodys=3,
    passed_on_by=frozenset({"nso"}),
)
LONG = "The children of our school have kept a garden for seven years and every autumn they press their own juice. " * 3


def upload(**fields: Any) -> EventContext:
    defaults = {"media_id": "m", "media_kind": "image", "visibility": "members", "surface": "profile"}
    return context(MediaUpload, campaign=False, **(defaults | fields))


def post(text: str = LONG, similarity: float = 1.0) -> EventContext:
    return msgspec.structs.replace(
        context(ForumPost, forum_id="f", thread_id="t", text=text), campaign=Campaign("c", similarity)
    )


def before(*actors: str, content: str = SHA, since: int = 10, free: bool = False) -> WindowResult:
    """The publications of `actors`, one microsecond after the other, the first `since` before noon; and anna's at noon."""
    earlier = [[NOON - since + n, f"e-{actor}", actor, content, free] for n, actor in enumerate(actors)]
    members = [msgspec.json.encode(one).decode() for one in [*earlier, [NOON, "e1", "anna", content, False]]]
    return WindowResult(len(members), len(members), members=tuple(members))


def judge(context: EventContext, **readings: int | WindowResult) -> Finding | None:
    return judge_copyright_risk(rule_input(context, **({"breaches": 0} | readings)), LIMITS)


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"media_kind": "video"}, 2.0),
        ({"media_kind": "video", "visibility": "private"}, 2.0),
        ({"media_kind": "video", "source_url": "https://video.example/1", "sha256": SHA}, 2.0),
        ({"sha256": "cd" * 32, "visibility": "private"}, 4.0),
        ({"sha256": "cd" * 32, "rights": "licensed"}, 4.0),
        ({"rights": "unknown", "visibility": "public"}, 1.0),
    ],
)
def test_a_breach_by_itself(fields: dict[str, Any], level: float) -> None:
    finding = judge(upload(**fields), breaches=1)
    assert finding and finding.level == level


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"media_kind": "video", "source_url": "https://video.example/1"},
        {"rights": "unknown"},
        {"rights": "unknown", "visibility": "private"},
        {"rights": "own", "visibility": "public"},
        {"sha256": SHA},
    ],
)
def test_an_upload_with_nothing_against_it(fields: dict[str, Any]) -> None:
    assert judge(upload(**fields)) is None


def test_further_breaches_add_up_to_less_than_the_next_severity() -> None:
    two = judge(upload(rights="unknown", visibility="public"), breaches=2)
    many = judge(upload(rights="unknown", visibility="public"), breaches=500)
    assert two and two.level == 1.25 and two.summary.endswith("One of 2 uploads against the article within 24 hours.")
    assert many and many.level < 2


def test_the_file_of_another_member() -> None:
    finding = judge(upload(sha256=SHA.upper()), files=before("ben"))
    assert finding and finding.level == 1.0 and finding.similarity == 1.0
    assert [one.event_id for one in finding.evidence.first] == ["e-ben", "e1"]
    assert finding.episode == ("file", "ben")


@pytest.mark.parametrize(
    ("fields", "others"),
    [
        ({}, before()),
        ({}, before("anna", "ben")),  # it was anna's first
        ({}, before("ben", "cleo", "dora")),  # everybody's
        ({}, before("ben", free=True)),
        ({}, before("ben", since=-5)),  # ben's came later, though it was read earlier
        ({"rights": "licensed"}, before("ben")),
    ],
)
def test_files_that_are_no_theft(fields: dict[str, Any], others: WindowResult) -> None:
    assert judge(upload(sha256=SHA, **fields), files=others) is None


def test_everybodys_is_counted_in_members() -> None:
    assert judge(upload(sha256=SHA), files=before("ben", "ben", "ben", "cleo"))


@pytest.mark.parametrize(("last_digits", "found"), [("87", True), ("80", True), ("78", False)])
def test_the_distance_decides_not_the_equal_part(last_digits: str, found: bool) -> None:
    finding = judge(
        upload(perceptual_hash="F0E1D2C3B4A59687"), pictures_at_3=before("ben", content="f0e1d2c3b4a596" + last_digits)
    )
    assert bool(finding) == found


def test_the_distance_is_told() -> None:
    finding = judge(upload(perceptual_hash="f0e1d2c3b4a59687"), pictures_at_0=before("ben", content="f0e1d2c3b4a59684"))
    assert finding and "(they differ in 2 bits of 64)" in finding.summary and finding.similarity == 1 - 2 / 64


def test_a_long_text_of_another_member() -> None:
    finding = judge(post(), texts=before("ben", content="c"))
    assert finding and finding.level == 1.0 and finding.campaign_id == "c"
    assert judge(post(), texts=before("anna", "ben", content="c")) is None


@pytest.mark.parametrize(
    "context", [post(LONG[:90]), post(similarity=0.8), post(LONG + " https://garden.example.org/story")]
)
def test_texts_that_are_short_or_different_or_have_a_source_are_not_even_counted(context: EventContext) -> None:
    window = COPYRIGHT_RISK.signals(LIMITS)["texts"].window
    assert list(window.entries(post()))
    assert not list(window.entries(context))
    assert window.at(context, "anna") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"perceptual_hash": "0" * 16},
        {"perceptual_hash": "f" * 16},
        {"perceptual_hash": "f0e1d2c3b4a59687", "media_kind": "document"},
        {"perceptual_hash": "f0e1d2c3b4a59687", "visibility": "private"},
        {},
    ],
)
def test_pictures_that_say_nothing_are_not_compared(fields: dict[str, Any]) -> None:
    window = COPYRIGHT_RISK.signals(LIMITS)["pictures/0"].window
    assert list(window.entries(upload(perceptual_hash="f0e1d2c3b4a59687")))
    assert not list(window.entries(upload(**fields)))


@given(
    st.integers(0, 2**HASH_BITS - 1),
    st.integers(0, 10).flatmap(
        lambda most: st.tuples(st.just(most), st.sets(st.integers(0, HASH_BITS - 1), max_size=most))
    ),
)
def test_hashes_within_the_distance_have_a_part_in_common(bits: int, change: tuple[int, set[int]]) -> None:
    most, flipped = change
    other = bits ^ sum(1 << place for place in flipped)
    parts = list(zip(hash_parts(bits, most), hash_parts(other, most), strict=True))
    assert len(parts) == most + 1
    assert any(one == another for one, another in parts)


@given(st.integers(0, 2**HASH_BITS - 1), st.integers(0, 10), st.integers(0, HASH_BITS - 1))
def test_every_bit_is_in_a_part(bits: int, most: int, place: int) -> None:
    assert list(hash_parts(bits, most)) != list(hash_parts(bits ^ (1 << place), most))


def test_a_breach_is_graver_than_a_copy() -> None:
    context = upload(media_kind="video", sha256=SHA)
    finding = judge(context, breaches=reading(1), files=before("ben"))
    assert finding and finding.episode == ("video",)
