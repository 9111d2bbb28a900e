"""Article 9 judged by itself: protected names, look-alikes of members, and names that are taken over."""

from typing import Any

import msgspec
import pytest

from models.events import ProfileUpdate, from_microseconds
from rules.base import EventContext, Finding
from rules.impersonation import (
    BEARERS,
    IMPERSONATION,
    ImpersonationLimits,
    Protected,
    Takeover,
    _digest,
    judge_impersonation,
)
from rules.quotas import Duration, Quota
from state.requests import MICROSECONDS, WindowResult
from tests.rules.cases import NOON, context, rule_input

DAY = Duration(86_400)
DAYS = 86_400 * MICROSECONDS
LIMITS = ImpersonationLimits(
    protected=Protected(
        platform=("eTwinning",),
        programmes=("Erasmus+",),
        services=("support", "help desk", "Wsparcie"),
        roles=("help", "National Agency", "Agenția Națională", "INDIRE"),
        titles=("National Support Organisation",),
        beside=("team", "Poland"),
    ),
    likeness=0.85,
    names_window=Duration(90 * DAY),
    takeover=Takeover(account_age=Duration(30 * DAY), strangers=Quota(10, DAY)),
)
NAMES = BEARERS.signals(LIMITS)["bearers"].window


def profile(display_name: str, **fields: Any) -> EventContext:
    return context(ProfileUpdate, display_name=display_name, **fields)


def bearers(*others: tuple[str, int, str, str]) -> WindowResult:
    """Other accounts as (actor, days before noon, plain name, organisation's skeleton)."""
    members = [
        msgspec.json.encode([NOON - days * DAYS, f"e-{actor}", actor, _digest(name), _digest(organisation)]).decode()
        for actor, days, name, organisation in others
    ]
    return WindowResult(len(members) + 1, len(members) + 1, members=tuple(members))


def judge(
    context: EventContext, protected: int = 1, strangers: int = 0, others: WindowResult | None = None
) -> Finding | None:
    readings: dict[str, int | WindowResult] = {
        "bearers": others or WindowResult(0),
        "protected": protected,
        "strangers": strangers,
    }
    return judge_impersonation(rule_input(context, **readings), LIMITS)


@pytest.mark.parametrize(
    ("name", "organisation", "level"),
    [
        ("Support", None, 1.0),
        ("eTwinning", None, 1.0),
        ("eTwinning Poland", None, 1.0),
        ("Wsparcie eTwinning", None, 2.0),
        ("National Support Organisation", None, 2.0),
        ("Suppоrt", None, 2.0),  # a Cyrillic о
        ("eTwinning Suppоrt", None, 3.0),
        ("Maria, eTwinning help desk", None, 1.0),
        ("Maria from the National Support Organisation", None, 1.0),
        ("eTwinning Help", None, 2.0),
        ("INDIRE eTwinning Poland", None, 2.0),
        ("Agenția Națională Erasmus+", None, 2.0),
        ("Erasmus+ Support", None, 2.0),
        ("Anna, Erasmus+ National Agency", None, 1.0),
        ("Maria Nowak", "eTwinning Support", 2.0),
        ("Maria Nowak", "National Support Organisation Poland", 2.0),
    ],
)
def test_protected_names(name: str, organisation: str | None, level: float) -> None:
    finding = judge(profile(name, organisation=organisation))
    assert finding and finding.level == level


@pytest.mark.parametrize(
    ("name", "organisation"),
    [
        ("Maria Nowak", "eTwinning"),
        ("Maria Nowak", "Support"),
        ("Maria Nowak", "eTwinning School of Lyon"),
        ("Maria Support", None),
        ("Support teacher", None),
        ("eTwinning group of Lyon", None),
        ("Poland", None),
        ("Team Poland", None),
        ("Help", None),
        ("Indire", None),
        ("Erasmus+ Team", None),
        ("Help Support", None),
        ("Erasmus Meyer", None),
        ("Maria Nowak", "National Agency"),
        ("", None),
    ],
)
def test_names_that_are_somebodys_own(name: str, organisation: str | None) -> None:
    assert judge(profile(name, organisation=organisation)) is None
    window = IMPERSONATION.signals(LIMITS)["protected"].window
    assert not list(window.entries(profile(name, organisation=organisation)))


def test_who_is_verified_may_be_called_so() -> None:
    assert judge(profile("eTwinning Support", verified=True)) is None
    assert judge(profile("Аnna Meyer", verified=True), others=bearers(("ben", 3, "anna meyer", ""))) is None
    assert judge(profile("eTwinning Support", verified=False))


def test_another_members_name_in_look_alike_letters() -> None:
    finding = judge(profile("Аnna Meyer"), others=bearers(("cleo", 9, "anna meyer", ""), ("ben", 3, "anna meyer", "")))
    assert finding and finding.level == 1.0
    assert [one.event_id for one in finding.evidence.first] == ["e-cleo", "e1"]
    assert finding.measurements[0].value == 2


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Anna Meyer", bearers(("ben", 3, "anna meyer", ""))),
        ("Anna Meyer", bearers(("ben", 3, "аnna meyer", ""))),  # the other one is disguised
        ("Аnna Meyer", bearers(("anna", 3, "anna meyer", ""))),  # the account's own earlier name
        ("Аnna Meyer", bearers(("ben", -3, "anna meyer", ""))),  # later
        ("Аnna Meyer", bearers(("ben", 3, "аnna meyer", ""))),  # in the same letters
        ("Аnna Meyer", bearers()),
    ],
)
def test_namesakes(name: str, others: WindowResult) -> None:
    assert judge(profile(name), others=others) is None


def test_a_first_name_alone_is_everybodys() -> None:
    assert not list(NAMES.entries(profile("Alexandra")))
    assert not list(NAMES.entries(profile("Al Li")))
    assert NAMES.at(profile("Al Li"), "anna") is None


def test_surname_first_is_the_same_name() -> None:
    assert NAMES.at(profile("MEYER Anna"), "anna") == NAMES.at(profile("Anna Meyer"), "anna")


SCHOOL = {"organisation": "Liceo Rossi"}
YOUNG = {"actor_registered_at": from_microseconds(NOON - 2 * DAYS)}
OLD = {"actor_registered_at": from_microseconds(NOON - 31 * DAYS)}
MODEL = bearers(("ben", 60, "anna meyer", "llceo rossl"))


def test_a_young_account_with_name_and_school_of_another_that_writes_to_strangers() -> None:
    finding = judge(profile("Anna Meyer", **SCHOOL, **YOUNG), strangers=15, others=MODEL)
    assert finding and finding.level == 1.5


@pytest.mark.parametrize(
    ("fields", "strangers", "others"),
    [
        (SCHOOL | YOUNG, 9, MODEL),
        (SCHOOL | OLD, 15, MODEL),
        (SCHOOL, 15, MODEL),  # nobody knows how old it is
        (YOUNG, 15, MODEL),
        (SCHOOL | YOUNG, 15, bearers(("ben", 60, "anna meyer", ""))),
        (YOUNG, 15, bearers(("ben", 60, "anna meyer", ""))),  # neither names a school
        (SCHOOL | YOUNG, 15, bearers(("ben", 1, "anna meyer", "llceo rossl"))),  # known only after the account was made
        (SCHOOL | YOUNG, 15, bearers(("anna", 60, "anna meyer", "llceo rossl"))),
    ],
)
def test_a_name_that_is_not_taken_over(fields: dict[str, Any], strangers: int, others: WindowResult) -> None:
    assert judge(profile("Anna Meyer", **fields), strangers=strangers, others=others) is None
