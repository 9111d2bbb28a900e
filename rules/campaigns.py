"""Any article: near-identical text by several accounts."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from models.events import Comment, ContactRequest, ForumPost, Invitation, Message
from rules.base import Case, Fact, Finding, Key, Rule, Signal, Window
from rules.compared import COMPARED, ON_OWN_PAGE
from rules.copies import is_certain_copy
from rules.quotas import NEVER, Count, Duration, Quotas, Share, counted, quota_signals, reached

_SURFACES = {
    "message": (1, "messages"),
    "invitation": (1, "invitations"),
    "contact_request": (1, "contact requests"),
    "forum_post": (3, "the forums"),
    "comment": (4, "comments"),
    "profile_update": (1, "profiles"),
    "media_upload": (1, "captions"),
}
"""Where a text may be spread: the article, and how a summary says it."""
_SENT = (Message, Invitation, ContactRequest)
_CAMPAIGN = "campaign"
"""The history of what became of one text, whoever wrote it."""


class CoordinatedCampaignLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct authors of near-identical text: the less certain it is that texts are copies, the more authors it takes.

    `certain_authors` counts only copies that are no coincidence: the same words, or at least `certain_similarity` like the
    text that came first, or of at least `certain_characters`. `authors` counts all copies. Remarks are counted by
    themselves, by `remark_authors`: messages and comments of fewer than `remark_characters` that lead nowhere (no link, no
    address, no number to call), and what stands on the authors' own pages, biographies and captions: colleagues write the same
    of their school. Invitations, requests and subjects count that go to strangers.
    """

    certain_authors: Quotas
    certain_similarity: Share
    certain_characters: Count
    authors: Quotas
    remark_authors: Quotas
    remark_characters: Count


def _signals(limits: CoordinatedCampaignLimits) -> dict[str, Signal]:
    def is_remark(fact: Fact) -> bool:
        text = fact.text.normalised if fact.text else ""
        leads_nowhere = not (fact.text and fact.text.leads_somewhere)
        if isinstance(fact.event, ON_OWN_PAGE):
            return True
        return not isinstance(fact.event, ForumPost) and len(text) < limits.remark_characters and leads_nowhere

    def is_certain(fact: Fact) -> bool:
        return is_certain_copy(fact, limits.certain_similarity, limits.certain_characters)

    remarks = f"remarks under {limits.remark_characters}"
    certain = f"({limits.certain_similarity}, {limits.certain_characters})"
    windows = (
        (
            "authors",
            _window(f"a campaign, without {remarks}", lambda fact: not is_remark(fact)),
            limits.authors,
        ),
        (
            "certain_authors",
            _window(
                f"certain copies {certain}, without {remarks}",
                lambda fact: not is_remark(fact) and is_certain(fact),
                are_certain=True,
            ),
            limits.certain_authors,
        ),
        (
            "same_words_authors",
            _window(f"the same words, without {remarks}", lambda fact: not is_remark(fact), same_words=True),
            limits.certain_authors,
        ),
        ("remark_authors", _window(f"the same {remarks}", is_remark, same_words=True), limits.remark_authors),
    )
    reach = {
        f"{what}/{quota.window}": Signal(window, int(quota.window), NEVER)
        for what, window in (("recipients", RECIPIENTS), ("places", PLACES))
        for _, _, quotas in windows
        for quota in quotas
    }
    return reach | {
        name: signal
        for prefix, window, quotas in windows
        for name, signal in quota_signals(prefix, window, quotas).items()
    }


def _window(
    what: str, counts: Callable[[Fact], bool], *, same_words: bool = False, are_certain: bool = False
) -> Window:
    """The authors of `what`: those of facts that count, under what they share, a campaign or the very words.

    Where copies are certain, campaigns that turn out to be one are counted as one. Chains of short texts, each of which is
    somewhat like the next, are what newsrooms write of one event.
    """
    key_of = _same_words if same_words else _campaign

    def at(fact: Fact, _: str) -> Key | None:
        return key_of(fact) if fact.campaign and counts(fact) else None

    def entries(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
        if _reaches_somebody(fact) and (key := at(fact, "")):
            yield key, (fact.event.actor_id,)

    return Window(
        name=f"authors, with where they wrote, of {what}",
        on=COMPARED,
        entries=entries,
        at=at,
        named=True,
        note=_author_and_surface,
        text_of="everybody" if are_certain else None,
        history="words" if same_words else _CAMPAIGN,
    )


def _reaches_somebody(fact: Fact) -> bool:
    """Partners are asked with the words that the last ones were, and an answer has the subject of what it answers."""
    goes_along = isinstance(fact.event, Invitation | ContactRequest) or fact.is_heading
    return not (goes_along and isinstance(fact.event, _SENT)) or bool(fact.strangers)


def _campaign(fact: Fact) -> Key | None:
    return (fact.campaign.campaign_id,) if fact.campaign else None


def _recipients(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if fact.campaign and isinstance(fact.event, Message | Invitation):
        yield (fact.campaign.campaign_id,), fact.event.recipient_ids
    if fact.campaign and isinstance(fact.event, ContactRequest):
        yield (fact.campaign.campaign_id,), (fact.event.recipient_id,)


def _places(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    """Pages stand under their owners' ids, so that owners can be forgotten."""
    if fact.campaign and isinstance(fact.event, ForumPost):
        yield (fact.campaign.campaign_id,), (f"thread {fact.event.thread_id}",)
    if fact.campaign and isinstance(fact.event, Comment):
        yield (fact.campaign.campaign_id,), (fact.event.owner_id,)


RECIPIENTS = Window(
    name="members a campaign's text was sent to",
    on=_SENT,
    entries=_recipients,
    at=lambda fact, _: _campaign(fact),
    text_of="everybody",
    history=_CAMPAIGN,
)
PLACES = Window(
    name="threads and pages a campaign's text stands in",
    on=(ForumPost, Comment),
    entries=_places,
    at=lambda fact, _: _campaign(fact),
    text_of="everybody",
    history=_CAMPAIGN,
)


def _same_words(fact: Fact) -> Key | None:
    return (fact.text.digest.hex(),) if fact.text and fact.text.digest else None


def _author_and_surface(fact: Fact) -> str:
    return f"{fact.event.type} {fact.event.actor_id}"


def judge_coordinated_campaign(case: Case, limits: CoordinatedCampaignLimits) -> Finding | None:
    """Several accounts with one text. The first author seen stands for the campaign, the others are accomplices."""
    counted = (
        reached("authors", limits.authors, case.readings),
        reached("certain_authors", limits.certain_authors, case.readings),
        reached("same_words_authors", limits.certain_authors, case.readings),
        reached("remark_authors", limits.remark_authors, case.readings),
    )
    over = max((one for one in counted if one), key=lambda one: one.level, default=None)
    campaign = case.fact.campaign
    if not over or not campaign:
        return None
    surface, first_author = over.reading.first[0].note.split(" ", 1)
    article, where = _SURFACES[surface]
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id,),
        subject_id=first_author,
        article=article,
        members=over.reading.members,
        summary=f"{over.reading.count} accounts published the same or nearly the same text within {over.within}, "
        f"{over.reading.events} times in all{_where(case, over.quota.window)}, first in {where}; "
        f"the limit is {over.quota.reach} accounts.",
    )


def _where(case: Case, window: Duration) -> str:
    """To how many members the campaign's text was sent and in how many places it stands, in words."""
    sent, places = case.readings[f"recipients/{window}"], case.readings[f"places/{window}"].count
    least = "at least " if sent.at_least else ""
    to = f" to {least}{counted(sent.count, 'member')}" if sent.count else ""
    at = f" in {counted(places, 'thread')} or page{'' if places == 1 else 's'}" if places else ""
    return f",{to}{' and' if to and at else ''}{at}" if to or at else ""


COORDINATED_CAMPAIGN = Rule(
    slug="coordinated_campaign",
    article=1,
    on=COMPARED,
    limits=CoordinatedCampaignLimits,
    signals=_signals,
    judge=judge_coordinated_campaign,
    lists=("greetings", "courtesies"),
    subjects=lambda fact: (fact.campaign.campaign_id,) if fact.campaign else (),
    headings=True,
)

RULES = (COORDINATED_CAMPAIGN,)
