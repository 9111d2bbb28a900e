"""When near-identical texts are copies beyond doubt, and what a copy comes to of a text that people have judged."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.events import BaseEvent, Comment, ContactRequest, ForumPost, Invitation, Message
from rules.base import EventContext, Finding, Key, Need, RuleInput, Window
from rules.compared import ON_OWN_PAGE
from rules.measures import Measure, count, distinct
from rules.quotas import Duration, Quota, Reached, counted, in_words, measured
from rules.writings import WRITTEN
from state.requests import Campaign, Contribution, Contributor

_DAY = Duration(86_400)
SENT = (Message, Invitation, ContactRequest)
"""What goes to members, and to nobody else."""
CAMPAIGN = "campaign"
"""The history of what became of one text, whoever wrote it."""


def repeated_by_author(context: EventContext) -> Campaign | None:
    """The campaign by which an author's copies are counted: that of what is shown, where a text only shows others' words."""
    return context.repeated or context.campaign


def author_and_text(context: EventContext) -> Key | None:
    """The key of what an author's copies of one text come to. Who writes above one footer in other words copies nothing."""
    campaign = None if context.shares_footer or context.shares_part else repeated_by_author(context)
    return (context.event.actor_id, campaign.campaign_id) if campaign else None


def where_copied(
    name: str,
    on: type[BaseEvent],
    of: Callable[[EventContext], Sequence[str]],
    by: Callable[[EventContext], Key | None] = author_and_text,
    needs: tuple[Need, ...] = (),
    **more: Any,
) -> Window:
    """The distinct members or places that an author's copies of one text are `of`; the rest as in `measures.distinct`."""
    return distinct(name, on=(on,), of=of, by=by, text_of="author", needs=("copies", *needs), **more)


def copies(name: str, on: type[BaseEvent], of: Callable[[EventContext], bool]) -> Window:
    """An author's copies of one text that are `of` what is counted."""
    return count(name, on=(on,), of=of, by=author_and_text, text_of="author", needs=("copies",))


def is_certain_copy(context: EventContext, least_similarity: float, least_characters: int) -> bool:
    """Whether the text is so like the one that its campaign began with, or so long, that the likeness is no coincidence.

    Short texts of one matter share many of their few words: headlines of one event, announcements of one series.
    """
    campaign, text = repeated_by_author(context), context.writing.whole or context.compared
    if not campaign or not text:
        return False
    return campaign.similarity >= least_similarity or len(text.normalised) >= least_characters


def too_many_copies(rule_input: RuleInput, over: Reached | None, say: Callable[[Reached], str]) -> Finding | None:
    """The finding that somebody repeated one text more often than a quota allows, if so; `say` begins its summary."""
    campaign = repeated_by_author(rule_input.context)
    if not over or not campaign:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        summary=f"{say(over)} within {over.within}; the limit is {over.quota.reach}.",
    )


# --- who wrote it first ---------------------------------------------------------------------------------------------------


def place(context: EventContext) -> tuple[str, ...]:
    """The thread or page of others. Pages stand under their owners' ids, so that owners can be forgotten."""
    match context.event:
        case ForumPost(thread_id=thread):
            return (f"thread {thread}",)
        case Comment(owner_id=owner, actor_id=actor) if owner != actor:
            return (owner,)
    # who comes there reads it; but it takes as many of them as of remarks
    return (f"page {context.event.actor_id}",) if isinstance(context.event, ON_OWN_PAGE) else ()


class Deed(Struct, frozen=True):
    """What the note of `WROTE` says: the event's type, whether its text is disguised, how many strangers and places it reaches
    (0, 1, or 2 for more; an edit none besides, nor one that only holds out what others have copied), how many letters the
    part has by which it counts (`EventContext.part_letters`), and its author.
    """

    surface: str
    is_disguised: bool
    reach: int
    part_letters: int
    author: str

    @classmethod
    def of(cls, contribution: Contribution | Contributor) -> "Deed":
        """What one contribution was."""
        surface, did, author = contribution.note.split(" ", 2)
        reach, _, letters = did.partition(_OF_PART)
        return cls(surface.rstrip(_DISGUISED), surface.endswith(_DISGUISED), int(reach), int(letters or 0), author)


_DISGUISED, _OF_PART = "!", ":"


def _deed(context: EventContext) -> str:
    disguised = _DISGUISED if context.text and context.text.is_disguised else ""
    adds = not (context.holds_out or getattr(context.event, "replaces", None))
    reach = min(len(context.strangers) + len(place(context)), 2) if adds else 0
    part = f"{_OF_PART}{context.part_letters}" if context.shares_part else ""
    return f"{context.event.type}{disguised} {reach}{part} {context.event.actor_id}"


def by_campaign(context: EventContext) -> Key | None:
    """The key of what becomes of a text, or of a part of it, whoever writes it."""
    if not context.campaign:
        return None
    return (context.campaign.campaign_id, "part") if context.shares_part else (context.campaign.campaign_id,)


WROTE = distinct(
    "who wrote a campaign's text, and whether it reached several",
    on=WRITTEN,
    of=lambda context: (context.event.actor_id,),
    by=by_campaign,
    named=True,
    note=_deed,
    text_of="everybody",
    history=CAMPAIGN,
    needs=("copies",),
)
ORIGIN = Measure[Any]("origin", WROTE, within=lambda limits: Quota(2, limits.origin_window))
"""Who wrote it before others."""


def with_origin(rule_input: RuleInput, finding: Finding | None) -> Finding | None:
    """The finding, if any, with whoever wrote the words first and was only copied: who reached one stranger or place at most
    with them, and hides nothing. To that member no verdict on the copies says anything.
    """
    if not finding:
        return None
    reading = ORIGIN.of(rule_input)
    deeds = [Deed.of(one) for one in dict.fromkeys((*reading.first, *reading.last))]
    if not deeds or deeds[0].author == rule_input.subject_id:
        return finding
    own = [deed for deed in deeds if deed.author == deeds[0].author]
    if sum(deed.reach for deed in own) > 1 or any(deed.is_disguised for deed in own):
        return finding
    return replace(finding, origin=deeds[0].author)


# --- what people have upheld ----------------------------------------------------------------------------------------------


def _upheld_text(context: EventContext) -> Key | None:
    is_upheld = context.campaign and context.campaign.upheld and not context.shares_footer
    return (context.event.actor_id, context.campaign.campaign_id) if context.campaign and is_upheld else None


def _spreads_what_was_upheld(context: EventContext) -> tuple[str, ...]:
    """The copy, where it spreads: among friends and on the own page people may talk about it. An edit is what it replaces."""
    event = context.event
    is_sent = isinstance(event, SENT) and context.strangers
    stands_there = isinstance(event, Comment) and event.owner_id != event.actor_id
    if is_sent or stands_there or isinstance(event, ForumPost):
        return (getattr(event, "replaces", None) or event.event_id,)
    return ()


UPHELD_COPIES = distinct(
    "copies of an upheld text that an actor spread",
    on=(*SENT, ForumPost, Comment),
    of=_spreads_what_was_upheld,
    by=_upheld_text,
    text_of="author",
    needs=("copies",),
)
UPHELD = Measure[Any]("upheld_copies", UPHELD_COPIES, within=lambda _: _DAY)
"""What `with_upheld_copies` reads."""


def with_upheld_copies(rule_input: RuleInput, finding: Finding | None) -> Finding | None:
    """The finding, if any, or one at once where the text spreads what people have upheld: each such copy weighs as much as
    the rule's whole limit. Of one copy a person thinks first, and to one stranger or in one place it is slight: many have a
    text that somebody misused.
    """
    upheld, campaign = UPHELD.of(rule_input), rule_input.context.campaign
    if not upheld.count or not campaign:
        return finding
    told = f"Repeated a text that was upheld as a breach, {counted(upheld.count, 'time')} within {in_words(_DAY)}."
    measurement = measured(UPHELD.name, upheld.count, 1, _DAY)
    if finding:
        return replace(
            finding,
            level=max(finding.level, float(upheld.count)),
            measurements=(*finding.measurements, measurement),
            summary=f"{told} {finding.summary}",
        )
    return Finding(
        level=float(upheld.count),
        measurements=(measurement,),
        evidence=upheld,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        summary=told,
        most_severe="low" if upheld.count == 1 and len(rule_input.context.strangers) <= 1 else "critical",
        most_action="review" if upheld.count == 1 else "ban_review",
    )
