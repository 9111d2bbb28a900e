"""When near-identical texts are copies beyond doubt, and what a copy comes to of a text that people have judged."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from models.events import BaseEvent, Comment, ForumPost, Message
from rules.base import Case, EventTypes, Fact, Finding, Key, Signal, Window
from rules.quotas import Reached, counted, in_words, measured
from state.requests import Campaign

_UPHELD = "upheld_copies"
_DAY = 86_400


def repeated_by_author(fact: Fact) -> Campaign | None:
    """The campaign by which an author's copies are counted: that of what is shown, where a text only shows others' words."""
    return fact.repeated or fact.campaign


def at_author_and_text(fact: Fact, author: str) -> Key | None:
    """Where a window counts copies of a fact's text by an author."""
    campaign = repeated_by_author(fact)
    return (author, campaign.campaign_id) if campaign else None


def copies_by_author(
    name: str,
    on: type[BaseEvent],
    entries: Callable[[Fact], Iterable[tuple[Key, tuple[str, ...]]]],
    *,
    distinct: bool = True,
    spared_by: EventTypes = (),
) -> Window:
    """A window under the keys of `at_author_and_text`; the rest as in `Window`."""
    return Window(
        name=name,
        on=(on,),
        entries=entries,
        at=at_author_and_text,
        distinct=distinct,
        text_of="author",
        spared_by=spared_by,
    )


def is_certain_copy(fact: Fact, least_similarity: float, least_characters: int) -> bool:
    """Whether the text is so like the one that its campaign began with, or so long, that the likeness is no coincidence.

    Short texts of one matter share many of their few words: headlines of one event, announcements of one series.
    """
    campaign, text = repeated_by_author(fact), fact.writing.whole or fact.text
    if not campaign or not text:
        return False
    return campaign.similarity >= least_similarity or len(text.normalised) >= least_characters


def too_many_copies(case: Case, over: Reached | None, say: Callable[[Reached], str]) -> Finding | None:
    """The finding that somebody repeated one text more often than a quota allows, if so; `say` begins its summary."""
    campaign = repeated_by_author(case.fact)
    if not over or not campaign:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        summary=f"{say(over)} within {over.within}; the limit is {over.quota.reach}.",
    )


def _upheld_text(fact: Fact, subject: str) -> Key | None:
    return (subject, fact.campaign.campaign_id) if fact.campaign and fact.campaign.upheld else None


def _upheld_copies(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    """Copies that spread: among friends, and on the own page, people may talk about it. An edit is what it replaces."""
    key, event = _upheld_text(fact, fact.event.actor_id), fact.event
    is_sent = isinstance(event, Message) and fact.strangers
    stands_there = isinstance(event, Comment) and event.owner_id != event.actor_id
    if key and (is_sent or stands_there or isinstance(event, ForumPost)):
        yield key, (getattr(event, "replaces", None) or event.event_id,)


UPHELD_COPIES = Window(
    name="copies of an upheld text that an actor spread",
    on=(Message, ForumPost, Comment),
    entries=_upheld_copies,
    at=_upheld_text,
    text_of="author",
)


def upheld_signal() -> dict[str, Signal]:
    """What `with_upheld_copies` reads."""
    return {_UPHELD: Signal(UPHELD_COPIES, _DAY, 1)}


def with_upheld_copies(case: Case, finding: Finding | None) -> Finding | None:
    """The finding, if any, or one at once where the text spreads what people have upheld: each such copy weighs as much as
    the rule's whole limit. Of one copy a person thinks first.
    """
    copies, campaign = case.readings.get(_UPHELD), case.fact.campaign
    if not copies or not copies.count or not campaign:
        return finding
    told = f"Repeated a text that was upheld as a breach, {counted(copies.count, 'time')} within {in_words(_DAY)}."
    measurement = measured(_UPHELD, copies.count, 1, _DAY)
    if finding:
        return replace(
            finding,
            level=max(finding.level, float(copies.count)),
            measurements=(*finding.measurements, measurement),
            summary=f"{told} {finding.summary}",
        )
    return Finding(
        level=float(copies.count),
        measurements=(measurement,),
        evidence=copies,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        summary=told,
        most_action="review" if copies.count == 1 else "ban_review",
    )
