"""What a rule is made of: the windows that it asks for, the limits that it judges by, and a pure function that judges.

A rule module under `rules/` holds limits (a Struct, filled from the policy), windows (what is counted) and for each rule
one `Rule`. Declaring a signal is all it takes to have it counted: the engine makes one plan of the signals of all rules.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from itertools import compress, product
from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from models.events import (
    BaseEvent,
    ContactRequest,
    ContactResponse,
    Event,
    Invitation,
    InvitationResponse,
    Message,
)
from models.incidents import Action, Measurement, Severity
from state.requests import ACTS, Answered, Campaign, WindowResult
from text.reading import NOTHING_WRITTEN, TextReading, Writing

Key = tuple[str, ...]
Need = Literal["writing", "copies", "strangers", "fellows", "answers"]
"""What an event may lack so that it adds nothing to a window: anything written, a campaign that it belongs to or repeats,
strangers, fellows, answers.
"""
NEEDS: tuple[Need, ...] = ("writing", "copies", "strangers", "fellows", "answers")
_HAS = {has: frozenset(compress(NEEDS, has)) for has in product((False, True), repeat=len(NEEDS))}


class EventContext(Struct, frozen=True, kw_only=True):
    """An event with what was known of it at its time: what rules judge.

    `event` has nothing in its written fields any more: what a reader sees of them is `writing`. `strangers` are the
    recipients whom the actor did not know, without the actor, each once; `fellows` are known through nothing but the
    conversation that the message is in. `campaign` is None for a text that is too short
    to be compared, and for events whose texts are not compared. `answers` are those that count by this event: its own, if
    it answers a question that was seen; those that had been waiting for the question that it is. `reporter_weight` is
    what a report weighs by its reporter's record. `united` are
    the ids of campaigns that became part of `campaign` through this very text; `heading_campaign` and `heading_united` are
    those of the subject or title.

    Of a text that only shows what somebody else wrote (`engine.quotations`) `writing` and `campaign` are those of the author's
    own part, and `repeated` is the campaign of what is shown: who shows one text to many repeats it all the same.
    `cites`: the copy is of words in quotation marks that nobody is known to have written here, posted in public, harmless.
    `holds_out`: it shows to a few the author's own words, which others have written since.

    With `shares_footer` nothing but the footer of the text has been written before, and `campaign` is the footer's. It is the
    campaign of what stands above a footer else. With `part_letters` only a long part of the text has been written before, in
    `campaign`: so many letters of words that are more than politeness. With `framed` all that it has of the campaign stands
    above or below words of the author's own.
    """

    event: Event
    time: int
    strangers: tuple[str, ...] = ()
    fellows: tuple[str, ...] = ()
    writing: Writing = NOTHING_WRITTEN
    campaign: Campaign | None = None
    answers: tuple[Answered, ...] = ()
    reporter_weight: float = 1.0
    merged: tuple[str, ...] = ()
    repeated: Campaign | None = None
    cites: bool = False
    holds_out: bool = False
    heading_campaign: Campaign | None = None
    heading_merged: tuple[str, ...] = ()
    is_heading: bool = False
    below: TextReading | None = None
    shares_footer: bool = False
    part_letters: int = 0
    framed: bool = False

    @property
    def shares_part(self) -> bool:
        """Whether it is the event by a long part of its text."""
        return self.part_letters > 0

    @property
    def has(self) -> frozenset[Need]:
        """What windows may ask for that it has."""
        writing = self.writing
        return _HAS[
            writing is not NOTHING_WRITTEN and bool(writing.parts or writing.whole),
            bool(self.campaign or self.repeated),
            bool(self.strangers),
            bool(self.fellows),
            bool(self.answers),
        ]

    @property
    def parts(self) -> tuple["EventContext", ...]:
        """The event itself; its heading alone where that is compared: its `text` is the heading, what stands `below` it is the
        event's text; and the event by a long part of its text that others wrote, where there is one.
        """
        campaign = self.campaign
        if not self.heading_campaign and not (campaign and campaign.shares):
            return (self,)
        return (self, *self._heading_alone, *self._long_part)

    @property
    def _long_part(self) -> tuple["EventContext", ...]:
        if not self.campaign or not self.campaign.shares or self.shares_footer or self.cites:
            return ()
        campaign_id, similarity, letters = self.campaign.shares
        campaign = Campaign(campaign_id, similarity)
        return (replace(self, campaign=campaign, merged=(), repeated=None, part_letters=letters),)

    @property
    def _heading_alone(self) -> tuple["EventContext", ...]:
        if not self.heading_campaign:
            return ()
        heading = replace(
            self,
            writing=Writing(text=self.heading, language=self.writing.language),
            campaign=self.heading_campaign,
            merged=self.heading_merged,
            repeated=None,
            cites=False,
            holds_out=False,
            is_heading=True,
            below=self.text,
            shares_footer=False,
            framed=False,
        )
        return (heading,)

    @property
    def text(self) -> TextReading | None:
        """The reading of the text itself; None where there is none."""
        return self.writing.text

    @property
    def compared(self) -> TextReading | None:
        """What of the text the campaign is of."""
        text = self.text
        return (text.footer if self.shares_footer else text.above or text) if text else None

    @property
    def heading(self) -> TextReading | None:
        """The reading of the subject, the title or the name over it."""
        return self.writing.heading


EventTypes = tuple[type[BaseEvent], ...]

ACQUAINTING: EventTypes = (Message, Invitation, InvitationResponse, ContactRequest, ContactResponse)
"""Events by which members come to know each other: whoever judges without them may take acquaintances for strangers."""


def nobody(_: EventContext) -> str:
    """The note of a window that keeps none."""
    return ""


def by_subject(_: EventContext, subject: str) -> Key:
    """The key of a window that counts by the subject itself, and nothing else."""
    return (subject,)


Entries = Callable[[EventContext], Iterable[tuple[Key, tuple[str, ...]]]]


class Window(Struct, frozen=True, kw_only=True):
    """Something that is counted over time, under keys: by actor, by actor and text, by target.

    `on`: the event types that it looks at. `entries`: what an event adds, as (key, members) pairs; members are counted
    distinctly, unless `distinct` is false: then events are counted, and there are no members. `at`: under which key the
    subject of an event is read, None when not at all. `own` says that entries are the actor's own doing, so that an exempt
    actor adds nothing. `named`: members must be named in an incident. `note` is kept with each event (short; sealed in
    the store). `text_of` says of windows of one text whose copies they count: keys are then (campaign id) or (author,
    campaign id), and a campaign takes in what was counted of one that turns out to be part of it; with "holding" only where
    their texts hold together (`state.requests.Campaign`). `spared_by` are events that would have kept an entry out, had they
    been judged before it. `history`: where entries stand (`state.requests.StoredWindow`), by default with what the member has
    done with whom keys begin. Of `pairs` events are
    counted that are about a member: entries bring the members under the key of the first of the pair, and `at` names both.
    With `at_own` the actor is read under the key that `entries` give, where they give one.
    With `exempt_only` it counts nothing but what exempt actors do (with `own` false). An event that lacks one of the `needs`
    adds nothing, and `entries` are not asked.
    The name is the window's identity in the store: change it when the meaning of the entries changes.
    """

    name: str
    on: tuple[type[BaseEvent], ...]
    entries: Entries
    at: Callable[[EventContext, str], Key | None]
    distinct: bool = True
    own: bool = True
    named: bool = False
    note: Callable[[EventContext], str] = nobody
    text_of: Literal["everybody", "holding", "author"] | None = None
    spared_by: EventTypes = ()
    history: str = ACTS
    pairs: bool = False
    at_own: bool = False
    exempt_only: bool = False
    needs: tuple[Need, ...] = ()


class Signal(Struct, frozen=True):
    """A window read over a length of time (seconds). Evidence is fetched when the count reaches `sample_from`: a rule of whose
    signals none has reached it is not asked. One of `rules.quotas.NEVER` only weighs others.

    With `each` it is read under several keys instead of the window's own `at`; the readings are named `<signal>/0`,
    `<signal>/1` and so on. `after`: it is read only where the signal of that name has reached its `sample_from`, and counts
    nothing elsewhere. `beside`: windows of the same history and key, which some signal reads, too; the reading tells what each
    contributor brought there (`state.requests.Contributor`).
    """

    window: Window
    seconds: int
    sample_from: int
    each: Callable[[EventContext, str], Sequence[Key]] | None = None
    after: str = ""
    beside: tuple[Window, ...] = ()


class Finding(Struct, frozen=True, kw_only=True):
    """What a rule says of one event and one subject.

    `level` is how far the limit is reached (1 = just reached); it drives severity, confidence and revisions. `evidence`
    is the reading that shows it best. `episode` tells one episode of the subject from another (the campaign, the target).
    `subject_id` and `article` are the input's and the rule's unless the evidence says otherwise; they are fixed when the
    episode opens. `members` are all accounts that took part, for a breach that takes several. `words` are those of
    the text that led to a finding about its words, `language` the list of words by which they were known. `copied_from`
    is who wrote the words that others spread, `origin` too: to that member a verdict on the copies says nothing.
    `most_severe` and `most_action` are the gravest that may follow, whatever the policy says of the level.
    """

    level: float
    measurements: tuple[Measurement, ...]
    summary: str
    evidence: WindowResult
    episode: Key = ()
    subject_id: str | None = None
    article: int | None = None
    members: tuple[str, ...] = ()
    similarity: float | None = None
    campaign_id: str | None = None
    words: tuple[str, ...] = ()
    language: str = ""
    copied_from: str | None = None
    origin: str | None = None
    most_severe: Severity = "critical"
    most_action: Action = "ban_review"


Limits = TypeVar("Limits")
Judge = Callable[["RuleInput", Limits], "Finding | None"]


class WindowResults(Protocol):
    """The results of a rule's signals: a mapping, or what derives each when it is read."""

    def get(self, name: str, default: WindowResult, /) -> WindowResult:
        """The one of that name, if it was asked for."""
        ...


class RuleInput(Struct, frozen=True):
    """What a rule judges: one event, one subject, and the results of the rule's signals by their names; `declared` are the
    names of all of these, read here or not (`rules.measures` asks for no other).
    """

    context: EventContext
    subject_id: str
    results: WindowResults
    declared: Container[str] = frozenset()


def the_actor(context: EventContext) -> tuple[str, ...]:
    """The usual subject."""
    return (context.event.actor_id,)


class Rule(Struct, Generic[Limits], frozen=True, kw_only=True):
    """One breach of the code of conduct. `signals` declares what the judge will read, given the policy's limits.

    `spared_by` are events that may have kept the judge from a finding, had they been judged before, besides those that its
    windows name. What it finds without them (`RawRecord.without`) is told in shadow. `lists` are the kinds of words
    (`text.languages.KINDS`) by which it knows a breach or an innocent: where a language has none of them, it sees less.
    `words_alone`: nothing but words leads to a finding, so that no more than `review` follows where the record
    (`rules.track_record`) proves no more. `headings`: it judges subjects and titles that are compared as it does texts,
    each as an event of its own (`EventContext.parts`). `of_text`: it is about what one text says, so that who dismisses it
    says so of that text.
    """

    slug: str
    article: int
    on: tuple[type[BaseEvent], ...]
    limits: type[Limits]
    signals: Callable[[Limits], dict[str, Signal]]
    judge: Judge[Limits]
    subjects: Callable[[EventContext], Iterable[str]] = field(default=the_actor)
    spared_by: EventTypes = ()
    lists: tuple[str, ...] = ()
    words_alone: bool = False
    headings: bool = False
    of_text: bool = False
