"""Article 9, impersonation: names that pretend to be the platform, its support, or another member.

What is left out, because it cannot be seen in one event and the windows that it adds to: a fresh account that carries a
colleague's name in plain letters and writes to that colleague's contacts *afterwards*. Messages carry no names, so it is seen
only when the account saves its profile again. Reports and the rules of article 1 and 5 look at such accounts. Bare
namesakes are never reported: two teachers who share a common name are not impersonating.
"""

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

import msgspec
from msgspec import Struct

from models.events import ProfileUpdate, to_microseconds
from rules.base import EventContext, Finding, Key, Rule, RuleInput, Window
from rules.measures import Measure, declare, event_as
from rules.messages import STRANGERS_MESSAGED
from rules.quotas import Duration, Quota, Share, counted, in_words, measured
from rules.writings import events_by_actor
from state.requests import MICROSECONDS, Contribution, WindowResult
from text.names import Vocabulary, is_disguised, plain, skeleton
from text.reading import TextReading

LEAST_NAME_WORDS = 2
LEAST_NAME_LETTERS = 8
"""Shorter names, and first names alone, are everybody's."""
DISGUISE = 1.0
"""What look-alike letters add to the level: nobody writes his own name so."""
WHOLE_TITLE = 2.0
"""The level of a name that leaves no doubt about whom it pretends to be: `eTwinning Support`, not `Support`."""
_DIGEST_BYTES = 12
_PLATFORM, _PROGRAMME, _SERVICE, _ROLE, _TITLE, _BESIDE = "platform", "programme", "service", "role", "title", "beside"


class Protected(Struct, frozen=True, forbid_unknown_fields=True):
    """Whom nobody may pretend to be.

    `platform`: names of the platform and of those who run it. `programmes`: what belongs to schools as well as to them
    (`Erasmus`). `services`: what its staff is called. `roles`: what is staff beside the name of a platform or programme only
    (`help`, `security`, the national agencies). `titles`: full names of its organisations. `beside`: words that change nothing
    (`team`, `official`, names of countries). A display name is protected when it is made of these words only, and has a
    platform or service among them or a programme with a role; or has a title or a service of the platform in it ("Maria,
    eTwinning Support"). An organisation when it is one of the latter two: members may well name the platform as where they
    are at home.
    """

    platform: tuple[str, ...]
    programmes: tuple[str, ...]
    services: tuple[str, ...]
    roles: tuple[str, ...]
    titles: tuple[str, ...]
    beside: tuple[str, ...]


class Takeover(Struct, frozen=True, forbid_unknown_fields=True):
    """The name *and* organisation of another account, taken on by one that is at most `account_age` old and has written to
    `strangers`.
    """

    account_age: Duration
    strangers: Quota


class ImpersonationLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """`likeness`: from where on (0 to 1) a longer word is a protected one, misspelt. `names_window`: how long the names of
    other accounts are remembered. `names_window` also counts how often one account takes a protected name.
    """

    protected: Protected
    likeness: Share
    names_window: Duration
    takeover: Takeover


# --- what a profile says -----------------------------------------------------------------------------------------------


@cache
def _vocabulary(protected: Protected, likeness: float) -> Vocabulary:
    kinds = (
        (_PLATFORM, protected.platform),
        (_PROGRAMME, protected.programmes),
        (_SERVICE, protected.services),
        (_ROLE, protected.roles),
        (_TITLE, protected.titles),
        (_BESIDE, protected.beside),
    )
    return Vocabulary([(kind, phrase) for kind, phrases in kinds for phrase in phrases], likeness)


class _Pretence(Struct, frozen=True):
    """A profile that names a protected identity: where, whether it `is` that name or only `names` it, and how bad that is."""

    where: str
    how: str
    whom: str
    level: float
    disguised: bool


def _pretence(
    display_name: TextReading, organisation: TextReading | None, protected: Protected, likeness: float
) -> _Pretence | None:
    vocabulary = _vocabulary(protected, likeness)
    for where, written in (("display name", display_name), ("organisation", organisation)):
        kinds = vocabulary.kinds_in(written.seen) - {_BESIDE} if written else frozenset()
        sure = _is_staff(kinds)
        if written and (sure or (where == "display name" and _is_protected(kinds))):
            disguised = _is_disguised(written)
            level = (WHOLE_TITLE if sure else 1.0) + DISGUISE * disguised
            return _Pretence(where, "is", _whom(kinds), level, disguised)
    for kinds in vocabulary.kinds_within(display_name.seen):
        if _is_staff(kinds):
            disguised = _is_disguised(display_name)
            return _Pretence("display name", "names", _whom(kinds), 1.0 + DISGUISE * disguised, disguised)
    return None


def _is_staff(kinds: frozenset[str]) -> bool:
    """Whether words of these kinds leave no doubt: a title, or a service or role of the platform or a programme."""
    return _TITLE in kinds or not (kinds.isdisjoint((_PLATFORM, _PROGRAMME)) or kinds.isdisjoint((_SERVICE, _ROLE)))


def _is_protected(kinds: frozenset[str]) -> bool:
    """Whether a name of these kinds only is protected. A role by itself is a word, and some people's name."""
    return _ROLE not in kinds and not kinds.isdisjoint((_PLATFORM, _SERVICE))


def _is_disguised(name: TextReading) -> bool:
    return is_disguised(name.seen, veiled=name.veiled)


def _whom(kinds: frozenset[str]) -> str:
    if _TITLE in kinds:
        return "a national or central support organisation"
    if kinds.isdisjoint((_PLATFORM, _PROGRAMME)):
        return "the staff"
    return "the platform" if kinds.isdisjoint((_SERVICE, _ROLE)) else "the platform's staff"


def _pretence_of(context: EventContext, limits: ImpersonationLimits) -> _Pretence | None:
    profile = event_as(context, ProfileUpdate)
    if profile.verified or not context.heading:
        return None
    return _pretence(context.heading, context.writing.beside, limits.protected, limits.likeness)


def _name_key(context: EventContext, _: str = "") -> Key | None:
    """The skeleton of the name, its words in any order: some write their surname first."""
    words = sorted(skeleton(context.heading.seen)) if context.heading else []
    enough = len(words) >= LEAST_NAME_WORDS and sum(map(len, words)) >= LEAST_NAME_LETTERS
    return (_digest(" ".join(words)),) if enough else None


def _digest(name: str) -> str:
    """What names are compared by, so that none is remembered."""
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest() if name else ""


# --- what is counted ---------------------------------------------------------------------------------------------------


class _Bearer(Struct, frozen=True, array_like=True):
    """One saving of a profile, as the window of its name remembers it: `name` and `school` (the organisation) by digest."""

    time: int
    event_id: str
    actor: str
    name: str
    school: str


_bearer_of = msgspec.json.Decoder(_Bearer).decode


def _bearer(context: EventContext) -> _Bearer:
    profile, organisation = event_as(context, ProfileUpdate), context.writing.beside
    return _Bearer(
        context.time,
        profile.event_id,
        profile.actor_id,
        _digest(plain(context.heading.seen) if context.heading else ""),
        _digest(" ".join(skeleton(organisation.seen)) if organisation else ""),
    )


def _names(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _name_key(context):
        yield key, (msgspec.json.encode(_bearer(context)).decode(),)


PROTECTED = Measure[ImpersonationLimits](
    "protected",
    lambda limits: events_by_actor(
        "protected names taken by actor", (ProfileUpdate,), lambda context: _pretence_of(context, limits) is not None
    ),
    within=lambda limits: limits.names_window,
)
BEARERS = Measure[ImpersonationLimits](
    "bearers",
    Window(
        name="accounts that bear a name, by digest",
        on=(ProfileUpdate,),
        entries=_names,
        at=_name_key,
        own=False,
        named=True,
        history="a name",
    ),
    within=lambda limits: Quota(2, limits.names_window),
)
STRANGERS = Measure[ImpersonationLimits](
    "strangers", STRANGERS_MESSAGED, within=lambda limits: limits.takeover.strangers
)


# --- judging -----------------------------------------------------------------------------------------------------------


def judge_impersonation(rule_input: RuleInput, limits: ImpersonationLimits) -> Finding | None:
    """A protected name; or another member's, in disguise or taken over together with the organisation."""
    if event_as(rule_input.context, ProfileUpdate).verified:
        return None
    return _protected(rule_input, limits) or _another_member(rule_input, limits)


def _protected(rule_input: RuleInput, limits: ImpersonationLimits) -> Finding | None:
    pretence = _pretence_of(rule_input.context, limits)
    if not pretence:
        return None
    disguised = ", in look-alike letters" if pretence.disguised else ""
    passes = "passes for" if pretence.how == "is" else "says that it belongs to"
    taken = PROTECTED.of(rule_input)
    return Finding(
        level=pretence.level,
        measurements=(measured("protected_names", taken.count, 1, limits.names_window),),
        evidence=taken,
        episode=("protected",),
        summary=f"The {pretence.where} of an account that is not verified {passes} {pretence.whom}{disguised}.",
    )


def _another_member(rule_input: RuleInput, limits: ImpersonationLimits) -> Finding | None:
    own = _bearer(rule_input.context)
    bearers = sorted(map(_bearer_of, BEARERS.of(rule_input).members), key=lambda bearer: bearer.time)
    before = [bearer for bearer in bearers if bearer.time < own.time and bearer.actor != own.actor]
    disguised = rule_input.context.heading is not None and _is_disguised(rule_input.context.heading)
    if disguised and (model := next((one for one in before if one.name != own.name), None)):
        return Finding(
            level=1.0,
            measurements=(measured("accounts_before", len({one.actor for one in before}), 1, limits.names_window),),
            evidence=_evidence(model, own),
            episode=("member", model.actor),
            summary=f"Took a name that to the eye is the one of member {model.actor}, but is written in look-alike letters.",
        )
    return _takeover(rule_input, limits, own, before)


def _takeover(
    rule_input: RuleInput, limits: ImpersonationLimits, own: _Bearer, before: list[_Bearer]
) -> Finding | None:
    registered = rule_input.context.event.actor_registered_at
    strangers, limit = STRANGERS.of(rule_input), limits.takeover.strangers
    if registered is None or strangers.count < limit.reach:
        return None
    born = to_microseconds(registered)
    if own.time - born > limits.takeover.account_age * MICROSECONDS:
        return None
    model = next((b for b in before if b.school and b.school == own.school and b.time < born), None)
    if not model:
        return None
    return Finding(
        level=strangers.count / limit.reach,
        measurements=(measured("strangers", strangers.count, limit.reach, limit.window),),
        evidence=_evidence(model, own),
        episode=("member", model.actor),
        summary=f"A new account with the name and organisation of member {model.actor} wrote to "
        f"{counted(strangers.count, 'stranger')} within {in_words(limit.window)}; the limit is {limit.reach}.",
    )


def _evidence(model: _Bearer, own: _Bearer) -> WindowResult:
    """Only the two profiles: the window may hold namesakes who have nothing to do with it."""
    shown = tuple(Contribution(one.time, one.event_id, "") for one in (model, own))
    return WindowResult(count=2, events=2, first=shown, last=shown)


IMPERSONATION = Rule(
    slug="impersonation",
    article=9,
    on=(ProfileUpdate,),
    limits=ImpersonationLimits,
    signals=declare(PROTECTED, BEARERS, STRANGERS),
    judge=judge_impersonation,
)

RULES = (IMPERSONATION,)
