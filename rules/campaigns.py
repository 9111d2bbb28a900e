"""Any article: near-identical text by several accounts."""

from collections.abc import Iterable

from msgspec import Struct

from models.events import Comment, ForumPost, Message
from rules.base import Case, Fact, Finding, Key, Rule, Signal, Window
from rules.copies import is_certain_copy
from rules.quotas import Count, Quotas, Share, quota_signals, reached

_ARTICLES = {"message": 1, "forum_post": 3, "comment": 4}
_SURFACES = {1: "messages", 3: "the forums", 4: "comments"}


def _authors(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if fact.campaign:
        yield (fact.campaign.campaign_id,), (fact.event.actor_id,)


def _author_and_surface(fact: Fact) -> str:
    return f"{_ARTICLES[fact.event.type]} {fact.event.actor_id}"


AUTHORS = Window(
    name="authors of a campaign",
    on=(Message, ForumPost, Comment),
    entries=_authors,
    at=lambda fact, subject: (fact.campaign.campaign_id,) if fact.campaign else None,
    named=True,
    note=_author_and_surface,
)


def _same_words(fact: Fact, _: str = "") -> Key | None:
    return (fact.text.digest.hex(),) if fact.campaign and fact.text and fact.text.digest else None


def _authors_of_same_words(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _same_words(fact):
        yield key, (fact.event.actor_id,)


AUTHORS_OF_SAME_WORDS = Window(
    name="authors of the same words",
    on=AUTHORS.on,
    entries=_authors_of_same_words,
    at=_same_words,
    named=True,
    note=_author_and_surface,
)


class CoordinatedCampaignLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct authors of near-identical text: the less certain it is that texts are copies, the more authors it takes.

    `certain_authors` counts only copies that are no coincidence: the same words, or at least `certain_similarity` like the
    text that came first, or of at least `certain_characters`. `authors` counts all.
    """

    certain_authors: Quotas
    certain_similarity: Share
    certain_characters: Count
    authors: Quotas


def _signals(limits: CoordinatedCampaignLimits) -> dict[str, Signal]:
    return (
        quota_signals("authors", AUTHORS, limits.authors)
        | quota_signals("certain_authors", _certain_authors(limits), limits.certain_authors)
        | quota_signals("same_words_authors", AUTHORS_OF_SAME_WORDS, limits.certain_authors)
    )


def _certain_authors(limits: CoordinatedCampaignLimits) -> Window:
    def certain(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        sure = is_certain_copy(fact, limits.certain_similarity, limits.certain_characters)
        return _authors(fact) if sure else ()

    return Window(
        name=f"authors of certain copies ({limits.certain_similarity}, {limits.certain_characters})",
        on=AUTHORS.on,
        entries=certain,
        at=AUTHORS.at,
        named=True,
        note=_author_and_surface,
    )


def judge_coordinated_campaign(case: Case, limits: CoordinatedCampaignLimits) -> Finding | None:
    """Several accounts with one text. The first author seen stands for the campaign, the others are accomplices."""
    counted = (
        reached("authors", limits.authors, case.readings),
        reached("certain_authors", limits.certain_authors, case.readings),
        reached("same_words_authors", limits.certain_authors, case.readings),
    )
    over = max((one for one in counted if one), key=lambda one: one.level, default=None)
    campaign = case.fact.campaign
    if not over or not campaign:
        return None
    article, first_author = over.reading.first[0].note.split(" ", 1)
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        subject_id=first_author,
        article=int(article),
        members=over.reading.members,
        summary=f"{over.reading.count} accounts published the same or nearly the same text within {over.within}, "
        f"{over.reading.events} times in all, first in {_SURFACES[int(article)]}; the limit is {over.quota.reach} accounts.",
    )


COORDINATED_CAMPAIGN = Rule(
    slug="coordinated_campaign",
    article=1,
    on=(Message, ForumPost, Comment),
    limits=CoordinatedCampaignLimits,
    signals=_signals,
    judge=judge_coordinated_campaign,
    subjects=lambda fact: (fact.campaign.campaign_id,) if fact.campaign else (),
)

RULES = (COORDINATED_CAMPAIGN,)
