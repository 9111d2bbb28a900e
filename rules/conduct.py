"""Article 7, threats, bullying, harassment: what words threaten and call somebody, and what many or tireless accounts do."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from models.events import Comment, ContactResponse, InvitationResponse, Message, Report
from rules.base import ACQUAINTING, EventContext, Finding, Key, Rule, RuleInput, Window
from rules.measures import Measure, declare
from rules.quotas import Count, Duration, Quota, Share, counted, in_words, measured
from rules.track_record import is_told_in_shadow
from rules.writings import WRITTEN, events_by_actor, one_of, others, where
from state.requests import MICROSECONDS, RECEIVED, Contribution, WindowResult
from text.hostility import PEACEFUL, AbuseKind, Hostility, ThreatKind

Weight = Annotated[float, Meta(gt=0)]


# --- threat ------------------------------------------------------------------------------------------------------------

_THREATS: Mapping[ThreatKind, str] = {
    "violence_to_you": "announces violence against the person addressed",
    "violence_to_group": "announces violence against a group of people",
    "incitement": "calls for violence against people",
    "intimidation": "intimidates the person addressed",
    "wish": "wishes death or harm on people",
}


class ThreatLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """The level of each kind of threat (a kind that is not named is not looked for), what each further text within
    `texts_window` adds to it, and the share of it that remains where it was said with a laugh.
    """

    weights: Mapping[ThreatKind, Weight]
    laughed: Share
    further: Annotated[float, Meta(ge=0)]
    texts_window: Duration


def _threat(limits: ThreatLimits, context: EventContext) -> ThreatKind | None:
    kind = context.writing.hostility.threat
    return kind if kind in limits.weights else None


MOST_SHOWN = 3
"""Whoever was attacked once could threaten anybody below "Listen:" else."""
DIGEST_BYTES = 6
"""Of the words of an attack: few may collide, and whoever finds some gains nothing."""
ATTACKERS = Measure[Any](
    "attackers",
    lambda _: HOSTILE_ACCOUNTS,
    within=lambda limits: limits.texts_window,
    each=lambda _, context, subject: ((subject,),) if context.writing.hostility.may_quote else (),
)
"""Who attacked the actor before: whose words may be quoted."""
THREATS = Measure[ThreatLimits](
    "texts",
    lambda limits: events_by_actor(
        "threats by actor", WRITTEN, lambda context: _threat(limits, context) is not None, needs=("writing",)
    ),
    within=lambda limits: limits.texts_window,
)


def judge_threat(rule_input: RuleInput, limits: ThreatLimits) -> Finding | None:
    """One text that threatens. How serious it is a person sees; the level only says what kind it is."""
    kind = _threat(limits, rule_input.context)
    if not kind:
        return None
    language = rule_input.context.writing.hostility.threat_in
    return _words_found(
        rule_input, THREATS.of(rule_input), _THREATS[kind], kind, limits.weights[kind], limits, language
    )


def _words_found(
    rule_input: RuleInput,
    texts: WindowResult,
    what: str,
    kind: str,
    weight: float,
    limits: "ThreatLimits | AbusiveLanguageLimits",
    language: str,
) -> Finding | None:
    hostility = rule_input.context.writing.hostility
    if hostility.passed_on and not rule_input.context.strangers:
        return None
    attacks = _attacks_on_subject(rule_input) if hostility.may_quote else ()
    attackers = frozenset(attack.actor for attack in attacks)
    if attackers and _shown_to_all_or_back(rule_input.context, attackers, texts, repeated=_repeats(hostility, attacks)):
        return None
    if hostility.framed or attackers:
        weight = min(weight, 1.0)  # marks alone show no quotation, and words around them may mean one
    level = weight * (limits.laughed if hostility.joked else 1.0) + limits.further * others(texts)
    if level < 1:
        return None
    laughing = ", with a laugh" if hostility.joked else ", in quotation marks" if hostility.marked else ""
    return Finding(
        level=level,
        measurements=(measured(kind, 1, 1), measured("texts", texts.count, 1, limits.texts_window)),
        evidence=texts,
        words=hostility.words,
        language=language,
        summary=f"{where(rule_input.context)} {what}{laughing}.{one_of(texts, 'such texts', limits.texts_window)}",
    )


def _shown_to_all_or_back(
    context: EventContext, attackers: frozenset[str], texts: WindowResult, *, repeated: bool
) -> bool:
    """Whether what the actor was sent is held out to those who sent it, or shown to acquaintances, or in public with words
    about it; or is but the subject that comes along with an answer, or stands below the line that says what it is, or has
    the very words that were sent (`repeated`), as a quotation to one: in the first `MOST_SHOWN` of the actor's `texts` with
    such words.
    """
    hostility, few = context.writing.hostility, texts.count <= MOST_SHOWN
    if (hostility.answered or hostility.announced) and few:
        return True
    if isinstance(context.event, Message):
        addressed = _addressed(context)
        if bool(addressed) and (attackers.issuperset(addressed) or not context.strangers):
            return True
        # one who is asked for help needs no word about it; several who get it without a word are threatened with it
        return repeated and few and (hostility.framed or (hostility.marked and len(addressed) == 1))
    return hostility.framed or (repeated and few and not _addressed(context))


class Attack(Struct, frozen=True):
    """Who attacked a member, and digests of the words: as the note of `HOSTILE_ACCOUNTS` has it."""

    actor: str
    words: frozenset[str]

    @classmethod
    def read(cls, note: str) -> "Attack":
        """With what `_attack` wrote."""
        words, _, actor = note.partition(" ")
        return cls(actor, frozenset(words.split(",")))


def _attack(context: EventContext) -> str:
    return f"{','.join(sorted(_digests(context.writing.hostility)))} {context.event.actor_id}"


def _digests(hostility: Hostility) -> frozenset[str]:
    """Of the words that threaten or insult, however they are cased, spaced and pointed. The words nobody need keep."""
    letters = ("".join(filter(str.isalnum, words.casefold())) for words in hostility.words)
    return frozenset(blake2b(each.encode(), digest_size=DIGEST_BYTES).hexdigest() for each in letters)


def _repeats(hostility: Hostility, attacks: Iterable[Attack]) -> bool:
    """Whether one of those who attacked has sent the very words."""
    said = _digests(hostility)
    return any(said <= attack.words for attack in attacks)


def _attacks_on_subject(rule_input: RuleInput) -> tuple[Attack, ...]:
    """What was done to the subject, as far as that is counted: in messages to few, and on the own page."""
    result = ATTACKERS.of(rule_input, number=0)
    noted = (
        *(Attack.read(one.note) for one in _seen(result)),
        *(Attack(member, frozenset()) for member in result.members),
    )
    return tuple(attack for attack in noted if attack.actor)


THREAT = Rule(
    slug="threat",
    of_text=True,
    article=7,
    on=WRITTEN,
    limits=ThreatLimits,
    signals=declare(THREATS, ATTACKERS),
    judge=judge_threat,
    lists=("hostility", "romanised", "warnings"),
    words_alone=True,
)

# --- abusive_language --------------------------------------------------------------------------------------------------

_ABUSES: Mapping[AbuseKind, str] = {
    "group_abuse": "insults a group of people",
    "insult": "insults the person addressed",
}


class AbusiveLanguageLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """The level of each kind of abuse (a kind that is not named is not looked for), what each further text within
    `texts_window` adds to it, and the share of it that remains where it was said with a laugh.
    """

    weights: Mapping[AbuseKind, Weight]
    laughed: Share
    further: Annotated[float, Meta(ge=0)]
    texts_window: Duration


def _abuse(limits: AbusiveLanguageLimits, context: EventContext) -> AbuseKind | None:
    kind = context.writing.hostility.abuse
    return kind if kind in limits.weights else None


ABUSES = Measure[AbusiveLanguageLimits](
    "texts",
    lambda limits: events_by_actor(
        "abusive texts by actor", WRITTEN, lambda context: _abuse(limits, context) is not None, needs=("writing",)
    ),
    within=lambda limits: limits.texts_window,
)


def judge_abusive_language(rule_input: RuleInput, limits: AbusiveLanguageLimits) -> Finding | None:
    """One text that insults a person or a group. Rude words that are aimed at nobody do not count."""
    kind = _abuse(limits, rule_input.context)
    if not kind:
        return None
    language = rule_input.context.writing.hostility.abuse_in
    return _words_found(rule_input, ABUSES.of(rule_input), _ABUSES[kind], kind, limits.weights[kind], limits, language)


ABUSIVE_LANGUAGE = Rule(
    slug="abusive_language",
    of_text=True,
    article=7,
    on=WRITTEN,
    limits=AbusiveLanguageLimits,
    signals=declare(ABUSES, ATTACKERS),
    judge=judge_abusive_language,
    lists=("hostility", "romanised", "warnings"),
    words_alone=True,
)

# --- harassment --------------------------------------------------------------------------------------------------------

PERSONAL_RECIPIENTS = 3
"""A message to more is no letter to one of them. Whom it pesters with many others is article 1's matter."""
ANSWERED_RECIPIENTS = 20
"""An answer to a whole conversation is an answer to everybody in it."""
_DAY = 24 * 3600 * MICROSECONDS


def _addressed(context: EventContext, most: int = PERSONAL_RECIPIENTS) -> tuple[str, ...]:
    """Whom a text is meant for or about, without its author."""
    match context.event:
        case Message(recipient_ids=recipients):
            others = recipients if len(recipients) <= most else ()
        case Comment(owner_id=owner):
            others = (owner,)
        case Report(reported_id=reported):
            others = (reported,)
        case _:
            others = ()
    return tuple(other for other in dict.fromkeys(others) if other != context.event.actor_id)


def _sent(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if recipients := _addressed(context):
        yield (context.event.actor_id,), recipients


def _answers(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    match context.event:
        case ContactResponse(requester_id=asker) | InvitationResponse(inviter_id=asker):
            answered: tuple[str, ...] = (asker,)
        case _:
            answered = _addressed(context, ANSWERED_RECIPIENTS)
    if answered:
        yield (context.event.actor_id,), answered


def _from_actor(context: EventContext, subject: str) -> Key | None:
    return (context.event.actor_id, subject) if isinstance(context.event, Message) else None


def _to_actor(context: EventContext, subject: str) -> Key | None:
    return (subject, context.event.actor_id) if isinstance(context.event, Message) else None


MESSAGES_TO_ONE = Window(
    name="messages of actor to one member", on=(Message,), entries=_sent, at=_from_actor, distinct=False, pairs=True
)
ANSWERS_FROM_ONE = Window(
    name="what a member answered whom",
    on=(Message, Comment, ContactResponse, InvitationResponse),
    entries=_answers,
    at=_to_actor,
    distinct=False,
    own=False,  # the answer of a member whose role is exempt is an answer all the same
    pairs=True,
)


def _is_hostile(context: EventContext) -> bool:
    """Whether it attacks somebody in earnest, by words of a language in which such findings may be told. What stands in marks
    among other words, or above an answer, does not count: those who hold out to somebody what he has written are no crowd.
    """
    hostility = context.writing.hostility
    if hostility == PEACEFUL or hostility.joked or hostility.framed or hostility.answered:
        return False
    threatens = bool(hostility.threat) and not is_told_in_shadow(THREAT.slug, hostility.threat_in)
    return threatens or (bool(hostility.abuse) and not is_told_in_shadow(ABUSIVE_LANGUAGE.slug, hostility.abuse_in))


def _attacked(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if _is_hostile(context):
        for target in _addressed(context):
            yield (target,), (context.event.actor_id,)


HOSTILE_ACCOUNTS: Window = Window(
    name="accounts hostile to member, and their words",
    # a report tells what somebody else has written
    on=(Message, Comment),
    entries=_attacked,
    # most write to somebody in peace, and nobody need look who else has not
    at=lambda context, subject: (subject,) if _is_hostile(context) else None,
    named=True,
    note=_attack,
    history=RECEIVED,
    needs=("writing",),
)


class Unanswered(Struct, frozen=True, forbid_unknown_fields=True):
    """So many messages, on so many days, without an answer."""

    messages: Count
    days: Count


class HarassmentLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Messages to one member who never answers, within `window`: `strangers` to strangers, `acquaintances` to others. And how
    many accounts that threaten or insult one member are many.
    """

    strangers: Unanswered
    acquaintances: Unanswered
    window: Duration
    accounts: tuple[Quota, ...]


SENT = Measure[HarassmentLimits](
    "sent",
    MESSAGES_TO_ONE,
    within=lambda limits: Quota(min(limits.strangers.messages, limits.acquaintances.messages), limits.window),
)
ANSWERS = Measure[HarassmentLimits](
    # whether a member ever answered matters only to whom so much was written
    "answers",
    ANSWERS_FROM_ONE,
    within=lambda limits: limits.window,
    after=SENT,
)
ACCOUNTS = Measure[HarassmentLimits]("accounts", HOSTILE_ACCOUNTS, within=lambda limits: limits.accounts)


def judge_harassment(rule_input: RuleInput, limits: HarassmentLimits) -> Finding | None:
    """One account that does not let go, or many that turn on one. The case is the member's who suffers it."""
    return _many_upon_one(rule_input, limits) or _unanswered(rule_input, limits)


def _many_upon_one(rule_input: RuleInput, limits: HarassmentLimits) -> Finding | None:
    over = ACCOUNTS.reached(rule_input, limits)
    if not over or not _is_hostile(rule_input.context):
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        episode=("many",),
        subject_id=Attack.read(over.result.first[0].note).actor,
        members=over.result.members,
        summary=f"{over.result.count} accounts threatened or insulted member {rule_input.subject_id} within {over.within}; "
        f"the limit is {over.quota.reach}.",
    )


def _unanswered(rule_input: RuleInput, limits: HarassmentLimits) -> Finding | None:
    since = _since_the_answer(SENT.of(rule_input), ANSWERS.of(rule_input), rule_input.context.time)
    limit = limits.strangers if rule_input.subject_id in rule_input.context.strangers else limits.acquaintances
    days = len({one.time // _DAY for one in (*since.first, *since.last)})
    if since.count < limit.messages or days < limit.days:
        return None
    actor = rule_input.context.event.actor_id
    return Finding(
        level=since.count / limit.messages,
        measurements=(
            measured("unanswered_messages", since.count, limit.messages, limits.window),
            measured("days", days, limit.days, limits.window),
        ),
        evidence=since,
        episode=("unanswered", actor),
        subject_id=actor,
        summary=f"Wrote {since.count} messages on {days} days within {in_words(limits.window)} to member "
        f"{rule_input.subject_id}, who answered none of them; the limit is {limit.messages} on {counted(limit.days, 'day')}.",
    )


def _since_the_answer(sent: WindowResult, answers: WindowResult, now: int) -> WindowResult:
    """The messages after the latest answer. Of more than twenty some in the middle are not seen: then at least so many."""
    answered = max((one.time for one in _seen(answers) if one.time <= now), default=None)
    if answered is None:
        return sent
    first = tuple(one for one in sent.first if one.time > answered)
    last = tuple(one for one in sent.last if one.time > answered)
    unseen = sent.count - len(set(_seen(sent)))
    count = len({*first, *last}) + (unseen if first else 0)
    return msgspec.structs.replace(sent, count=count, events=count, first=first, last=last)


def _seen(reading: WindowResult) -> tuple[Contribution, ...]:
    return (*reading.first, *reading.last)


HARASSMENT = Rule(
    slug="harassment",
    article=7,
    on=(Message, Comment, Report),
    limits=HarassmentLimits,
    signals=declare(SENT, ANSWERS, ACCOUNTS),
    judge=judge_harassment,
    lists=("hostility", "romanised", "warnings"),
    subjects=_addressed,
    # an answer ends what is unanswered, and an acquaintance may write more often
    spared_by=(*ACQUAINTING, Comment),
)

RULES = (THREAT, ABUSIVE_LANGUAGE, HARASSMENT)
