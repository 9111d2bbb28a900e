"""Which texts only show what somebody else wrote, for a batch in the order of its events.

What a text sets apart as others' words (`text.parts`) is a quotation only where it is one: where another wrote it before, and
the author got it, in a message or in the place where it is shown, or warns of it, or asks somebody about it. Whoever wrote
it, too, quotes nobody; and what somebody shows to many, or many to very many, is spread.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from msgspec import Struct

from models.events import Comment, Event, ForumPost, Message, recipients_of
from rules.compared import MIN_BESIDE_CHARACTERS, teaching_weight
from state.campaigns import campaign_id_of, has_founded
from state.quotations import HELD_OUT, SHOWN_ONLY, Source, Sources, Written
from state.requests import Campaign, Text
from text.hostility import PEACEFUL
from text.likeness import FRAMED, letters_of
from text.parts import LEAST_SAID
from text.reading import TextReading, Writing

MOST_SHOWN, MOST_WARNED, MOST_BY_ALL = 3, 7, 30
"""To how many strangers and places somebody may show what another wrote (a help desk, a thread, a colleague); to how many who
warns of it; and to how many all members together. Beyond that it spreads.
"""
MOST_UNSENT, MOST_UNSENT_BY_ALL = 1, 5
"""To how many somebody may show what another wrote, with a question, who never got it here (he may have got it by mail, or on
a wall); and how many all members together may have shown it to by then. Beyond that only to whom it was shown before. To one
sends it on without a word who got it.
"""
_IN_PUBLIC = "public\n"
"""Who has got what somebody wrote, and did not only show, where everybody may read it. No member or place is called so."""
LONG_QUESTION = 30
"""Characters of a question that several do not come to ask in the same words, as they do "Is this true?"."""
REMARK_CHARACTERS = 100
"""So long may a question or a warning be that victims write in the same words above what they show."""
_SOURCE = re.compile(r"[\W\d_]*(?:--|[—–])\s[^\n]{0,100}(?:\n[^\n]{0,100}){0,2}")
"""Numbers of what is quoted, and where it comes from;"""
_LONGEST_SOURCE = 400
"""characters of both at most."""
_INTRODUCES = re.compile(r"[:：]\s*(?:[\[(]?\d{1,3}/\d{1,3}[\])]?)?$")
_INTRODUCES_PART = re.compile(r"[:：]\s*[\[(]?\d{1,3}/\d{1,3}[\])]?\s*$", re.MULTILINE)
"""How a line ends that says what follows it; and so that it is a part of several: `[2/6]`."""
OFFERING = 7
"""Points of selling from which on a few words or a footer are an advertisement: more than one sign has, however heavy, or than
a link, "visit", and a number to call have together.
"""


class Matched(Struct, frozen=True):
    """What the index of texts says of one form of a text; `united` became part of the campaign through it."""

    campaign: Campaign
    merged: tuple[str, ...]
    is_new: bool
    """Whether the event itself has founded the campaign."""


class Forms(Struct, frozen=True):
    """The forms of a text that the index was asked for: all of it, the author's own part, and what is set apart as others'.
    `asked` is the last of them as it was asked for; of a message to one that says what others wrote, and nothing else, it is
    the whole. Of a text with a footer `whole` is what stands above the `footer`.
    """

    whole: Matched | None
    own: Matched | None = None
    claimed: Matched | None = None
    asked: Text | None = None
    footer: Matched | None = None

    @property
    def all(self) -> list[Matched]:
        """Those that have a campaign."""
        return [form for form in (self.whole, self.own, self.claimed, self.footer) if form]


class Judged(Struct, frozen=True):
    """What counts of an event's text: as in `rules.base.EventContext`. `shows`: it only shows what others wrote; `cites`: it
    says in public that somebody has said it, who may never have written here; `holds_out`: it shows the author's own words,
    which others have written since. `framed` is as in `state.requests.Campaign`.
    """

    shows: bool
    campaign: Campaign | None = None
    merged: tuple[str, ...] = ()
    repeated: Campaign | None = None
    cites: bool = False
    holds_out: bool = False
    shares_footer: bool = False
    framed: bool = False


FormAnswer = tuple[Campaign | None, tuple[str, ...]]
"""Of the index of texts: the campaign, and the ids of those that became part of it."""


def forms_to_compare(event: Event, reading: TextReading, *, may_quote: bool = True) -> list[Text]:
    """What the index of texts is to be asked of a text: first what is set apart, because others may have written it."""
    readings = _readings(reading) if may_quote else iter((reading,))
    to_one = may_quote and not reading.claimed and isinstance(event, Message) and len(event.recipient_ids) == 1
    public, teaches = isinstance(event, ForumPost), teaching_weight(event)
    texts: dict[bytes, Text] = {}
    for form in readings:
        if form.digest is not None and form.digest not in texts:
            texts[form.digest] = Text(
                event.time,
                event.identity,
                event.actor_id,
                form.digest,
                form.signature or b"",
                form.words,
                form.seen,
                public,
                teaches,
                claimed=may_quote and form is reading.claimed,
                quotes=any(text.claimed for text in texts.values()),
                to_one=to_one and (form is reading or form is reading.above),
                event_id=event.event_id,
                type=event.type,
                language=event.language,
            )
    return list(texts.values())


def _readings(reading: TextReading) -> Iterator[TextReading]:
    """The parts that are compared of a text: all of it, and what is set apart; or what stands above a footer, and that."""
    own, claimed = reading.own, reading.claimed
    if reading.above and reading.footer and not claimed:
        yield reading.above
        yield reading.footer
        return
    if claimed and (not _is_slight(claimed) or _stands_apart(reading)):
        yield claimed
    yield reading
    if own and claimed and not _is_slight(own) and not _is_label(reading, own):
        yield own


def _is_slight(part: TextReading) -> bool:
    """Whether a part is but a few harmless words, which many write by themselves beside other words: who said the rest, and
    where; the name of an author below a saying.
    """
    return len(part.normalised) < MIN_BESIDE_CHARACTERS and _is_harmless(part)


def _stands_apart(reading: TextReading) -> bool:
    """Whether somebody asks about words, warns of them or announces them, so that of a few, too, it is to be known who wrote
    them. Nobody's text counts by these.
    """
    shown = reading.shown
    if not shown or (reading.own and reading.own.leads_somewhere):
        return False
    return shown.speaks or _INTRODUCES.search(shown.own.strip()[-20:]) is not None


def _is_showing(reading: TextReading) -> bool:
    """Whether a text has more than a line above others' words, as many a letter begins with."""
    shown = reading.shown
    return shown is not None and (shown.speaks or shown.marked)


def _is_label(reading: TextReading, own: TextReading) -> bool:
    """Whether the author's part but says what the rest is, in a line above it or behind dashes below: members who write a
    series, or quote one book, write one such line and different things beside it.
    """
    shown = reading.shown
    if not shown or own.leads_somewhere:
        return False
    said = shown.own.strip()
    if shown.marked:
        is_label = len(said) <= _LONGEST_SOURCE and _SOURCE.fullmatch(said) is not None
    else:
        # of a part of several the first words may stand on the author's side, too
        is_label = shown.above and bool(_INTRODUCES.search(said[-20:]) or _INTRODUCES_PART.search(said))
    return is_label and _is_harmless(own)


def _stands_beside(counting: Matched, reading: TextReading, forms: Forms) -> bool:
    """Whether what others wrote, too, stands above or below words of the author's own, as a motto does. What is marked as
    others' words is no motto.
    """
    shown = reading.shown
    if not shown:
        return False
    if counting is forms.own:
        rest, is_new = shown.claimed, not forms.claimed or forms.claimed.is_new
    else:
        rest, is_new = shown.own, not shown.marked and (not forms.own or forms.own.is_new)
    return is_new and letters_of(rest) >= FRAMED * letters_of(reading.seen)


def _is_harmless(part: TextReading) -> bool:
    said = Writing(text=part)
    return said.hostility == PEACEFUL and said.commerce(frozenset()).points < OFFERING


def forms_of(reading: TextReading, texts: Sequence[Text], answers: Sequence[FormAnswer]) -> Forms:
    """The answers to `forms_to_compare`, by what they are of."""
    sent_on = next(
        (one for one, (of, _) in zip(texts, answers, strict=True) if one.to_one and of and not has_founded(one, of)),
        None,
    )
    if not reading.claimed and not reading.above:
        whole = next((Matched(campaign, merged, False) for campaign, merged in answers if campaign), None)
        return Forms(whole, asked=sent_on)
    founded = {str(UUID(bytes=campaign_id_of(text))) for text in texts}
    matched = {
        text.digest: Matched(campaign, merged, campaign.campaign_id in founded)
        for text, (campaign, merged) in zip(texts, answers, strict=True)
        if campaign
    }
    whole, own, claimed, footer = (
        matched.get(form.digest) if form and form.digest is not None else None
        for form in (reading.above or reading, reading.own, reading.claimed, reading.footer)
    )
    return Forms(whole, own, claimed, next((text for text in texts if text.claimed), sent_on), footer)


class Quotations:
    """Judges the texts of a batch in the order of their events. `sources` are what the store knew of campaigns before it,
    `forms` all that it has; `added` is what the batch adds, to be remembered.
    """

    def __init__(self, sources: Sources, forms: Collection[Forms]) -> None:
        self._sources = sources
        shown = [one.claimed or one.whole for one in forms if one.asked]
        self._concerned = {one.campaign.campaign_id for one in shown if one}
        # with what turns out to be part of them
        for each in [one for of in reversed(list(forms)) for one in of.all] if self._concerned else ():
            if each.campaign.campaign_id in self._concerned:
                self._concerned.update(each.merged)
        self.added: list[Written] = []

    def judge(self, event: Event, reading: TextReading, forms: Forms, strangers: Sequence[str]) -> Judged:
        """Whether a text only shows others' words, and by which campaigns it counts."""
        own, claimed = forms.own, forms.claimed
        if not claimed:
            if forms.whole and forms.asked and self._sends_on(event, forms.whole, forms.asked, strangers):
                self._remember(event, reading, forms, strangers, forms.whole, shows=True)
                return Judged(True, repeated=forms.whole.campaign)
            self._remember(event, reading, forms)
            # what others have used before tells more than what is new
            counting = own if own and forms.whole and forms.whole.is_new and not own.is_new else forms.whole or own
            footer = forms.footer
            is_own = not counting or (counting.is_new and not counting.campaign.upheld)
            if footer and reading.footer and not footer.is_new and is_own:
                # an advertisement is one wherever it stands
                harmless = _is_harmless(reading.footer)
                return Judged(False, footer.campaign, footer.merged, shares_footer=harmless)
            if not counting:
                return Judged(False)
            return Judged(False, counting.campaign, counting.merged, framed=counting.campaign.framed)
        reach = _reach(event, strangers)
        # what comes again is judged as it was, whoever has written or got it since
        before = self._sources.outcome(forms.asked) if reading.shown and forms.asked else None
        if before is None:
            shows = self._shows(event, reading, forms, reach)
            holds_out = not shows and self._holds_out(event, reading, forms, reach)
        else:
            shows, holds_out = before == SHOWN_ONLY, before == HELD_OUT
        self._remember(event, reading, forms, reach, claimed, shows=shows, holds_out=holds_out)
        if shows:
            repeated = own if own and not own.is_new else claimed
            if own and _is_remark(reading):
                own = None
            return Judged(True, own.campaign if own else None, own.merged if own else (), repeated.campaign)
        if reading.claimed and _is_slight(reading.claimed):
            claimed = None
        counting = next((one for one in (forms.whole, claimed, own) if one and not one.is_new), forms.all[0])
        cites = counting is not own and _cites(event, reading)
        framed = counting.campaign.framed or (counting is not forms.whole and _stands_beside(counting, reading, forms))
        return Judged(False, counting.campaign, counting.merged, cites=cites, holds_out=holds_out, framed=framed)

    def _shows(self, event: Event, reading: TextReading, forms: Forms, reach: Sequence[str]) -> bool:
        shown, claimed = reading.shown, forms.claimed
        if not (shown and claimed and forms.asked):
            return False
        source = self._sources.of(claimed.campaign.campaign_id)
        if source.wrote(event.actor_id):
            return False
        # of what people have upheld it is known that somebody wrote it, though perhaps not any more who
        if not (source.is_known or claimed.campaign.upheld):
            return False
        # a mere line above it is what letters begin with, and marks are easily put around a copy
        to_one = shown.marked and len(shown.own.strip()) >= LEAST_SAID and len(recipients_of(event)) == 1
        says = shown.speaks or to_one
        got = source.got(event.actor_id, *_places(event)) or (says and source.got(_IN_PUBLIC))
        if not got and not (shown.warns and source.is_known):
            # what several ask in the same many words of what nobody wrote without them is one text
            remark = _remark(reading)
            if not shown.warns and len(remark) >= LONG_QUESTION and source.is_only_claimed_with(remark):
                return False
            return shown.speaks and not _spreads(source, event.actor_id, reach, MOST_UNSENT, MOST_UNSENT_BY_ALL)
        if _spreads(source, event.actor_id, reach, MOST_WARNED if shown.warns else MOST_SHOWN):
            return False
        if shown.warns:
            return True
        # who sends a threat on to several without a word threatens with it, unless it goes back to its authors
        recipients = recipients_of(event)
        to_one = len(recipients) == 1
        back = bool(recipients) and all(source.wrote(other) for other in recipients)
        in_public = not recipients
        remarks = shown.asks or shown.above
        speaks = len(shown.own.strip()) >= LEAST_SAID
        return remarks or (shown.marked and (back or to_one or in_public or speaks or not _attacks(reading.claimed)))

    def _sends_on(self, event: Event, whole: Matched, asked: Text, strangers: Sequence[str]) -> bool:
        """Whether somebody only shows to one, without a word, what he got from others."""
        before = self._sources.outcome(asked)
        if before is not None:
            return before == SHOWN_ONLY
        source = self._sources.of(whole.campaign.campaign_id)
        if not source.is_known or source.wrote(event.actor_id) or not source.got(event.actor_id):
            return False
        return not _spreads(source, event.actor_id, strangers, MOST_UNSENT)

    def _holds_out(self, event: Event, reading: TextReading, forms: Forms, reach: Sequence[str]) -> bool:
        """Whether somebody shows to a few what others have copied of him: whoever spreads it is for the rules to say."""
        if not (reading.shown and forms.claimed and forms.asked):
            return False
        source = self._sources.of(forms.claimed.campaign.campaign_id)
        copied = source.wrote(event.actor_id) and source.wrote_others(event.actor_id)
        return copied and not _spreads(source, event.actor_id, reach, MOST_SHOWN)

    def _remember(
        self,
        event: Event,
        reading: TextReading,
        forms: Forms,
        reach: Sequence[str] = (),
        shown: Matched | None = None,
        *,
        shows: bool = False,
        holds_out: bool = False,
    ) -> None:
        """Add what the event adds to what is known of its campaigns. `shown`: the form that may be others' words."""
        places = _places(event)
        readers = recipients_of(event) or places
        claimed = shown.campaign.campaign_id if shown else None
        own = forms.own.campaign.campaign_id if forms.own else None
        for campaign_id, one in {form.campaign.campaign_id: form for form in forms.all}.items():
            only_shown = shows and claimed == campaign_id != own
            remark = _remark(reading) if claimed == campaign_id and _is_showing(reading) else None
            written = Written(
                event.time,
                campaign_id,
                one.merged,
                authors=() if only_shown else (event.actor_id,),
                readers=(*readers, _IN_PUBLIC) if places and remark is None and not only_shown else readers,
                showings=tuple((event.actor_id, other) for other in reach)
                if only_shown or (holds_out and claimed == campaign_id)
                else (),
                claimed=forms.asked if claimed == campaign_id else None,
                shows=HELD_OUT if holds_out else SHOWN_ONLY if shows else 0,
                remark=remark,
            )
            self.added.append(written)
            if campaign_id in self._concerned:
                self._sources.add(written)


def _spreads(source: Source, actor: str, reach: Sequence[str], most: int, most_by_all: int = MOST_BY_ALL) -> bool:
    """Whether the actor reaches too many by showing a text to these, too."""
    if not reach:
        return False
    new = source.tags(reach)
    own, _ = source.shown_to(actor)
    everybody, unknown = source.shown_to()
    if len(own | new) > most:
        return True
    return not new <= everybody and (unknown or len(everybody | new) > most_by_all)


def _reach(event: Event, strangers: Sequence[str]) -> Sequence[str]:
    """Strangers and places of others that a text reaches."""
    if isinstance(event, Comment) and event.owner_id == event.actor_id:
        return ()
    return strangers if recipients_of(event) else _places(event)


def _remark(reading: TextReading) -> str:
    """What the author says to what is shown."""
    return reading.own.normalised if reading.own else ""


def _is_remark(reading: TextReading) -> bool:
    """Whether the author's part is a mere question or warning, which many may come to write by themselves."""
    own, shown = reading.own, reading.shown
    if not (own and shown and (shown.asks or shown.above or shown.warns)):
        return False
    return len(own.normalised) < REMARK_CHARACTERS and not own.leads_somewhere


def _cites(event: Event, reading: TextReading) -> bool:
    """Whether a text says in public what somebody has said, with marks around it, who leads nowhere and wants nothing."""
    shown, claimed = reading.shown, reading.claimed
    if not (shown and claimed and shown.marked and _places(event)):
        return False
    return not claimed.leads_somewhere and _is_harmless(reading)


def _attacks(claimed: TextReading | None) -> bool:
    return Writing(text=claimed).hostility != PEACEFUL


def _places(event: Event) -> tuple[str, ...]:
    """Names of the places where a text can be read by who comes there. No member is called so."""
    match event:
        case ForumPost(forum_id=forum, thread_id=thread):
            return (f"thread\n{forum}\n{thread}",)
        case Comment(owner_id=owner, post_id=post):
            return (f"page\n{owner}\n{post or ''}",)
        case _:
            return ()
