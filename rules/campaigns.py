"""Any article: near-identical text by several accounts."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from models.events import ForumPost, Message
from models.incidents import Action, Severity
from rules.base import ACQUAINTING, EventContext, Finding, Key, Need, Rule, RuleInput, Window
from rules.compared import ON_OWN_PAGE
from rules.copies import CAMPAIGN, SENT, WROTE, Deed, by_campaign, is_certain_copy, place
from rules.measures import Measure, declare, nowhere
from rules.messages import SEVERAL_CONVERSATIONS
from rules.quotas import Count, Duration, Quota, Quotas, Reached, Share, counted, measured
from rules.writings import WRITTEN
from state.requests import MICROSECONDS, Contributor, WindowResult
from text.hostility import PEACEFUL
from text.links import leads_to
from text.normalise import EMAIL, MENTION, PHONE

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
_PUBLIC = frozenset({"forum_post", "comment"})
"""Those of these where everybody reads it."""


class CoordinatedCampaignLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct accounts that spread near-identical text: the less certain it is that texts are copies, the more it takes. A
    copy spreads where it reaches a stranger, or a thread or page that is not the author's own.

    `certain_authors` counts only copies that are no coincidence: the same words, or at least `certain_similarity` like the
    text that came first, or of at least `certain_characters`. It does not count what several quote in public of somebody
    outside, without selling or attacking: reporters choose the same sentence of a speech. `authors` counts all copies. Remarks
    are counted by themselves, by `remark_authors`. They are messages and comments of fewer than `remark_characters` that lead
    nowhere (no link, no address, no number to call), and biographies and captions that neither sell nor offend: colleagues
    write the same of their school. Invitations, requests and subjects count that go to strangers.

    What members each wrote once in one thread, on one page or to one addressee counts only where they would hardly come to
    write it by themselves. So it counts where the text leads somewhere, is disguised, has `certain_characters` and is no
    version that only its author wrote, offends, has `selling_points` of the signs in `text/commerce.yaml`, or comes from
    `flood_authors` at once. Else it is told as of low severity. So is what each wrote with a link to a page that is nobody
    else's, and what some wrote once wherever it was: fewer than `plain_characters`, or a link with hardly a word.

    `reached_by_one`: an account that reaches so many strangers and places weighs as much as the limit of accounts. Of texts
    that share nothing but a footer, which neither sells nor offends, all accounts have to reach so many.
    Of texts that have but a long part in common, so many accounts are needed that what each has from somebody else has
    `part_letters` in all: letters of words that are more than politeness. So the longer the part, the fewer they are.
    `origin_window`: so far back it is looked who wrote the text first.
    """

    certain_authors: Quotas
    certain_similarity: Share
    certain_characters: Count
    plain_characters: Count
    authors: Quotas
    remark_authors: Quotas
    remark_characters: Count
    flood_authors: Quotas
    selling_points: Annotated[float, Meta(gt=0)]
    reached_by_one: Count
    part_letters: Count
    origin_window: Duration


def _is_remark(context: EventContext, limits: CoordinatedCampaignLimits) -> bool:
    if isinstance(context.event, ON_OWN_PAGE):
        return not (_sells_or_offends(context, limits) or _points_to_an_offer(context))
    if isinstance(context.event, ForumPost):
        return False
    text = context.text
    return not text or (len(text.normalised) < limits.remark_characters and not text.leads_somewhere)


def _remarks(limits: CoordinatedCampaignLimits) -> str:
    return f"remarks under {limits.remark_characters} and pages under {limits.selling_points} points"


def _is_certain(context: EventContext, limits: CoordinatedCampaignLimits) -> bool:
    return not context.cites and is_certain_copy(context, limits.certain_similarity, limits.certain_characters)


def _window(
    what: str, counts: Callable[[EventContext], bool], *, same_words: bool = False, are_certain: bool = False
) -> Window:
    """The authors of `what`: those of copies that count and spread, under what they share, a campaign or the very words.

    Where copies are certain, campaigns that turn out to be one are counted as one. Else they are only where their texts hold
    together: chains of short texts, each of which is somewhat like the next, are what newsrooms write of one event.
    """
    key_of = _same_words if same_words else by_campaign

    def at(context: EventContext, _: str) -> Key | None:
        return key_of(context) if context.campaign and _spreads(context) and counts(context) else None

    def entries(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
        key = at(context, "")
        return ((key, (context.event.actor_id,)),) if key else ()

    return Window(
        name=f"who spreads {what}",
        on=WRITTEN,
        entries=entries,
        at=at,
        at_own=True,
        named=True,
        text_of="everybody" if are_certain else None if same_words else "holding",
        spared_by=ACQUAINTING,
        history="words" if same_words else CAMPAIGN,
        needs=("copies",),
    )


# --- what a copy reaches -------------------------------------------------------------------------------------------------


def _spreads(context: EventContext) -> bool:
    """Whether a copy may reach somebody who is no acquaintance. One conversation of others is none (`_spreader`), and an
    answer has the subject of what it answers.
    """
    if context.is_heading and isinstance(context.event, SENT):
        return bool(context.strangers)
    return bool(context.strangers or context.fellows or place(context))


def _talk(context: EventContext) -> tuple[str, ...]:
    message = context.event
    if context.fellows and isinstance(message, Message) and message.conversation_id and not context.is_heading:
        return (f"conversation {message.conversation_id}",)
    return ()


def _leads(context: EventContext) -> tuple[str, ...]:
    """What tells where a text leads: a digest of all that may be a link, an address or a number, however written, and whose
    pages the links are, where their addresses tell that of all; none if nowhere.
    """
    text = context.text
    if not text or not text.leads_somewhere:
        return ()
    where = leads_to(text.seen, text.targets)
    everything = hashlib.sha256(where.encode()).hexdigest()
    pages = {link.page for link in text.links} or {*filter(None, map(_site, where.split("\n")))}
    # a page of one's own hides no contact that others have, too
    if None in pages or len(pages) > MOST_PAGES or not _CONTACTS.isdisjoint(text.normalised):
        return (everything,)
    return (everything, *sorted(filter(None, pages)))


def _site(word: str) -> str | None:
    """The site of a link below a suffix that is on no list, such as `.example`."""
    address = word.partition("://")[2]
    return ".".join(re.split(r"[/?#]", address.lower(), maxsplit=1)[0].split(".")[-2:]) or None


_CONTACTS = frozenset(EMAIL + PHONE + MENTION)
MOST_PAGES = 3
"""Of links in one text that may all be the author's own."""


def _signs(
    brings: Callable[[EventContext], tuple[str, ...]], key_of: Callable[[EventContext], Key | None]
) -> Callable[[EventContext], Iterable[tuple[Key, tuple[str, ...]]]]:
    def entries(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
        key = key_of(context)
        return ((key, members),) if key and (members := brings(context)) else ()

    return entries


def _of_campaign(
    name: str,
    brings: Callable[[EventContext], tuple[str, ...]],
    *,
    own: bool = True,
    exempt_only: bool = False,
    spares: bool = False,
    is_read: bool = True,
    needs: tuple[Need, ...] = (),
    key_of: Callable[[EventContext], Key | None] = by_campaign,
) -> Window:
    """What copies of one campaign bring. Members are named where it is their authors. `spares`: acquaintances are
    spared. What is not read by itself is read beside `COPIES`.
    """
    return Window(
        name=name,
        on=WRITTEN,
        entries=_signs(brings, key_of),
        at=(lambda context, _: key_of(context)) if is_read else nowhere,
        at_own=is_read,
        own=own,
        exempt_only=exempt_only,
        named=brings is _author,
        text_of="everybody",
        spared_by=ACQUAINTING if spares else (),
        history=CAMPAIGN,
        needs=("copies", *needs),
    )


def _author(context: EventContext) -> tuple[str, ...]:
    return (context.event.actor_id,)


def _odd_copies(characters: int) -> Window:
    """Copies that several would hardly come to write by themselves: which version of the text each is, or `_DISGUISED`."""

    def brings(context: EventContext) -> tuple[str, ...]:
        if context.text and context.text.is_disguised:
            return _DISGUISED
        text = context.compared
        return (text.digest.hex(),) if text and text.digest and len(text.normalised) >= characters else ()

    return _of_campaign(f"copies that are disguised, or of {characters} characters", brings, is_read=False)


FOUNDERS = 2
"""Who lead something together and are asked in one letter: so many at most. So many versions of a text may be an editor's."""
_DISGUISED = tuple(f"disguised {number}" for number in range(FOUNDERS + 1))
"""More than an editor brings: a disguised text is nobody's version."""


def _same_words(context: EventContext) -> Key | None:
    text = None if context.shares_part else context.text
    return (text.digest.hex(),) if text and text.digest else None


def _whole_campaign(context: EventContext) -> Key | None:
    """Where a text or its part comes from, even if it has no more of that."""
    return (context.campaign.campaign_id,) if context.campaign else None


# --- what is counted ------------------------------------------------------------------------------------------------------


def _several(limits: CoordinatedCampaignLimits) -> tuple[Quota, ...]:
    """So many accounts at least in each of the times that some quota looks at."""
    quotas = [quota for measure in ACCOUNTS for quota in measure.quotas(limits)]
    return tuple(Quota(_least(limits), window) for window in dict.fromkeys(quota.window for quota in quotas))


def _least(limits: CoordinatedCampaignLimits) -> int:
    return min(quota.reach for measure in ACCOUNTS for quota in measure.quotas(limits))


_Measure = Measure[CoordinatedCampaignLimits]
AUTHORS = _Measure(
    "authors",
    lambda limits: _window(f"a campaign, without {_remarks(limits)}", lambda context: not _is_remark(context, limits)),
    within=lambda limits: limits.authors,
)
CERTAIN_AUTHORS = _Measure(
    "certain_authors",
    lambda limits: _window(
        f"certain copies ({limits.certain_similarity}, {limits.certain_characters}), without {_remarks(limits)}",
        lambda context: not _is_remark(context, limits) and _is_certain(context, limits),
        are_certain=True,
    ),
    within=lambda limits: limits.certain_authors,
)
SAME_WORDS_AUTHORS = _Measure(
    "same_words_authors",
    lambda limits: _window(
        f"the same words, without {_remarks(limits)}", lambda context: not _is_remark(context, limits), same_words=True
    ),
    within=lambda limits: limits.certain_authors,
)
REMARK_AUTHORS = _Measure(
    "remark_authors",
    lambda limits: _window(
        f"the same {_remarks(limits)}", lambda context: _is_remark(context, limits), same_words=True
    ),
    within=lambda limits: limits.remark_authors,
)
ACCOUNTS = (CERTAIN_AUTHORS, SAME_WORDS_AUTHORS, AUTHORS, REMARK_AUTHORS)
"""The accounts that a campaign takes, each of which is enough."""
RECIPIENTS = _Measure(
    "recipients",
    _of_campaign(
        "strangers a campaign's text was sent to", lambda context: context.strangers, spares=True, needs=("strangers",)
    ),
    within=_several,
    weighs=True,
)
PLACES = _Measure(
    "places",
    _of_campaign("threads and pages of others a campaign's text stands in", place),
    within=_several,
    weighs=True,
)
TALKS = _Measure(
    "talks",
    _of_campaign("others' conversations a campaign's text was written in", _talk, is_read=False, needs=("fellows",)),
    within=_several,
    weighs=True,
)
LEADS = _Measure(
    "leads",
    _of_campaign("where a campaign's text leads", _leads, own=False, is_read=False),
    within=_several,
    weighs=True,
)
FRAMED = _Measure(
    "framed",
    _of_campaign(
        "harmless copies of what stands above or below other words",
        lambda context: (context.event.event_id,) if context.framed and not _has_a_sign(context) else (),
        is_read=False,
    ),
    within=_several,
    weighs=True,
)
ODD = _Measure("odd", lambda limits: _odd_copies(limits.certain_characters), within=_several, weighs=True)
COPIES = _Measure("copies", WROTE, within=_several, beside=(RECIPIENTS, PLACES, TALKS, LEADS, ODD, FRAMED))
"""Who wrote it, and what each brought; in the order in which `_spreader` takes it."""
ORIGIN = _Measure("origin", WROTE, within=lambda limits: Quota(_least(limits), limits.origin_window))
ANNOUNCED = _Measure(
    "announced",
    _of_campaign(
        "whose task it is to announce a campaign's text", _author, own=False, exempt_only=True, key_of=_whole_campaign
    ),
    within=lambda limits: limits.origin_window,
    beside=(LEADS,),
)

# --- who spreads it -------------------------------------------------------------------------------------------------------


class _Spreader(Struct, frozen=True):
    """What one account did with a campaign's text. `targets` are pseudonyms of strangers and places, `reach` their number."""

    did: Contributor
    targets: frozenset[bytes]
    reach: int
    leads: frozenset[bytes]
    odd: frozenset[bytes]
    framed: int

    @property
    def name(self) -> str:
        return self.did.member

    @property
    def is_public(self) -> bool:
        return bool(self.did.brought[1])


def _spreader(did: Contributor, authors: frozenset[bytes]) -> _Spreader:
    strangers, places, talks, leads, odd, framed = did.brought
    # who writes the text, too, is none whom it reaches; and who answers in one conversation talks with those who are in it
    targets = (strangers | places) - authors | (talks if len(talks) >= SEVERAL_CONVERSATIONS else frozenset())
    unnamed = max(0, did.least[0] - len(strangers))
    return _Spreader(did, targets, len(targets) + unnamed, leads, odd, len(framed))


class _Crowd(Struct, frozen=True):
    """The accounts of a campaign within a stretch of time: who spreads it, and who only wrote it `first`, in public."""

    spreaders: tuple[_Spreader, ...]
    first: _Spreader | None
    copied_from: str | None

    @property
    def counted(self) -> tuple[_Spreader, ...]:
        """The accounts that a campaign takes. What is sent in messages takes senders; of posts the first is one of them."""
        if self.first and any(one.is_public for one in self.spreaders):
            return (self.first, *self.spreaders)
        return self.spreaders


def _crowd(rule_input: RuleInput, window: Duration) -> _Crowd:
    everybody, origins = COPIES.of(rule_input, window).contributors, ORIGIN.of(rule_input).first
    # members may pass on what somebody announced whose task that is, and lead nowhere else; but who warns announces nothing
    began = min((one.time for one in origins), default=0)
    announced = [one for one in ANNOUNCED.of(rule_input).contributors if one.time <= began]
    leads = frozenset[bytes]().union(*(one.brought[0] for one in announced))
    authors = frozenset(one.name for one in everybody if one.brought[0] or one.brought[1])
    spreading = [one for did in everybody if (one := _spreader(did, authors)).reach]
    if announced:
        spreading = [one for one in spreading if not one.leads <= leads]
        return _Crowd(tuple(spreading), None, None)
    # who wrote the part first stands in the campaign that it is of
    if rule_input.context.shares_part:
        return _Crowd(tuple(spreading), None, None)
    began_with = Deed.of(origins[0]) if origins else None
    origin = began_with.author if began_with else None
    first = next((one for one in spreading if one.name == origin), None)
    if first and began_with and (began_with.is_disguised or not _wrote_once(first, began_with, rule_input)):
        return _Crowd(tuple(spreading), None, None)
    return _Crowd(tuple(one for one in spreading if one.name != origin), first, origin)


def _wrote_once(first: _Spreader, began_with: Deed, rule_input: RuleInput) -> bool:
    """Whether the first author wrote the text in one public post, and did no more since than edit it, or hold out what others
    made of it. What is not seen of the deeds in between spreads.
    """
    origins = ORIGIN.of(rule_input)
    seen = [one for one in dict.fromkeys((*origins.first, *origins.last)) if one.time >= first.did.time]
    slight = sum(deed.author == first.name and not deed.reach for deed in map(Deed.of, seen))
    if not slight:
        return first.reach == 1 and first.did.events == 1 and first.is_public
    return began_with.surface in _PUBLIC and began_with.reach == 1 and first.did.events - slight <= 1


def _by_themselves(
    counted_: Sequence[_Spreader], rule_input: RuleInput, limits: CoordinatedCampaignLimits
) -> frozenset[str]:
    """Who did no more than members do who each come to write the same: once or twice, in undisguised words that are not long
    and sell nothing. They lead nowhere, or each to a page that nobody else shows. Of a long text each may write another
    version, as colleagues do who edit it.
    """
    leads = Counter(lead for one in counted_ for lead in one.leads)
    odd = Counter(version for one in counted_ for version in one.odd)
    once = [
        one
        for one in counted_
        if one.reach <= (FOUNDERS if one.did.events <= FOUNDERS else 1)
        and (not one.odd or _edits(one, odd))
        and (not one.leads or _leads_to_own_pages(one, leads))
    ]
    if _is_grave(rule_input.context, limits):
        copies = [CERTAIN_AUTHORS.of(rule_input, quota.window) for quota in limits.certain_authors]
        same = frozenset(member for reading in copies for member in reading.members)
        once = [one for one in once if one.name not in same]
    return frozenset(one.name for one in once) - _at_once(once, limits)


def _edits(one: _Spreader, odd: Mapping[bytes, int]) -> bool:
    """Whether all that an account wrote are versions that are nobody else's, by how many wrote each."""
    return len(one.odd) <= one.did.events <= FOUNDERS and all(odd[version] == 1 for version in one.odd)


def _leads_to_own_pages(one: _Spreader, leads: Mapping[bytes, int]) -> bool:
    """Whether all that an account's copies lead to are pages that are nobody else's, by how many lead there."""
    return len(one.leads) >= 2 * one.did.events and all(leads[lead] == 1 for lead in one.leads)


def _beside_others(counted_: Sequence[_Spreader], once: frozenset[str]) -> frozenset[str]:
    """Of those who did it `once` who wrote in one thread, on one page or to one addressee with others, or in one letter to
    the few who lead something together; and who led to a page that is nobody else's.
    """
    shared = Counter(target for one in counted_ for target in one.targets)
    return frozenset(
        one.name
        for one in counted_
        if one.name in once and (one.leads or all(shared[target] > 1 for target in one.targets))
    )


def _is_grave(context: EventContext, limits: CoordinatedCampaignLimits) -> bool:
    """Whether the text at hand, a certain copy, sells or offends, wherever its links lead."""
    if not _is_certain(context, limits):
        return False
    links = context.text.links if context.text else ()
    return _sells_or_offends(context, limits, frozenset(link.domain for link in links))


def _sells_or_offends(
    context: EventContext, limits: CoordinatedCampaignLimits, but_for: frozenset[str] = frozenset()
) -> bool:
    if context.writing.hostility != PEACEFUL:
        return True
    offer = context.writing.commerce(but_for)
    if {sign.name for sign in offer.signs if sign.points > 0} == _CONGRATULATES and not (
        context.text and context.text.leads_somewhere
    ):
        return False
    return offer.points >= limits.selling_points


def _points_to_an_offer(context: EventContext) -> bool:
    """Whether the text leads somewhere and has a sign of selling: a school's own link has none."""
    leads = context.text is not None and context.text.leads_somewhere
    return leads and _has_a_sign(context)


def _may_ask(context: EventContext) -> bool:
    """Whether a question is put to the text, as by members who got it from outside."""
    shown = context.text.shown if context.text else None
    return shown is not None and shown.asks


def _has_a_sign(context: EventContext) -> bool:
    """Whether the text has a sign of selling, or offends."""
    return context.writing.hostility != PEACEFUL or context.writing.commerce(frozenset()).points >= A_SIGN


def _at_once(once: Sequence[_Spreader], limits: CoordinatedCampaignLimits) -> frozenset[str]:
    """Those of them who came with so many within so little time that they cannot have waited for one another."""
    flood: set[str] = set()
    by_time = sorted(once, key=lambda one: one.did.time)
    for quota in limits.flood_authors:
        for at in range(quota.reach, len(by_time) + 1):
            some = by_time[at - quota.reach : at]
            if some[-1].did.time - some[0].did.time <= int(quota.window) * MICROSECONDS:
                flood |= {one.name for one in some}
    return frozenset(flood)


def _counting(names: frozenset[str]) -> Callable[[WindowResult], WindowResult]:
    """Makes of a reading that names authors what it is if nobody else counts."""

    def but_for_others(reading: WindowResult) -> WindowResult:
        members = tuple(member for member in reading.members if member in names)
        return replace(reading, count=reading.count - len(reading.members) + len(members), members=members)

    return but_for_others


# --- judging --------------------------------------------------------------------------------------------------------------


def judge_coordinated_campaign(rule_input: RuleInput, limits: CoordinatedCampaignLimits) -> Finding | None:
    """Several accounts spread one text. The one that reached most stands for the campaign, the others are accomplices."""

    def most(names: frozenset[str], window: Duration) -> tuple[Reached, tuple[str, ...]] | None:
        """What was reached by copies that are surest, and what tells their incident from the campaign's others."""
        certain, same, alike, remarks = (
            measure.reached(rule_input, limits, window=window, but_for=_counting(names)) for measure in ACCOUNTS
        )
        if same and (not certain or certain.level < same.level):
            return same, _same_words(rule_input.context) or ()
        if over := certain or remarks:
            return over, ()
        return (alike, ("alike",)) if alike else None

    # whom else to leave out is a long question, and hardly any text has so many authors
    if not rule_input.context.campaign or not any(measure.reached(rule_input, limits) for measure in ACCOUNTS):
        return None
    findings: list[Finding | None] = []
    for window in (quota.window for quota in COPIES.quotas(limits)):
        if not any(measure.reached(rule_input, limits, window=window) for measure in ACCOUNTS):
            continue
        crowd = _crowd(rule_input, window)
        names = frozenset(one.name for one in crowd.counted)
        once = _by_themselves(crowd.counted, rule_input, limits)
        beside = _beside_others(crowd.counted, once)
        if found := most(names - beside, window):
            findings.append(_spread(rule_input, crowd, once, beside, *found, limits))
        elif found := most(names, window):
            findings.append(_by_chance(rule_input, crowd, *found))
    return max((one for one in findings if one), key=lambda one: (one.episode[-1] != _CHANCE, one.level), default=None)


def _spread(
    rule_input: RuleInput,
    crowd: _Crowd,
    once: frozenset[str],
    beside: frozenset[str],
    over: Reached,
    apart: tuple[str, ...],
    limits: CoordinatedCampaignLimits,
) -> Finding | None:
    spreaders = [one for one in crowd.spreaders if one.name not in beside]
    if not spreaders:
        return None
    chief = max(spreaders, key=lambda one: (one.reach, -one.did.time))
    if rule_input.context.shares_part:
        return _of_a_part(rule_input, crowd, spreaders, chief, over, limits)
    sells = _sells_or_offends(rule_input.context, limits)
    text = rule_input.context.compared
    severity, action = _at_most(spreaders, chief, over)
    under = ""
    plain = text is not None and len(text.normalised) < limits.plain_characters
    if plain and not sells and all(one.name in once and one.did.events == 1 for one in spreaders):
        severity, action, under = "low" if over.level < MANY else "medium", "review", _BY_THEMSELVES
    if text and text.only_leads and all(one.did.events == one.reach == 1 for one in spreaders):
        severity, action, under = "low" if over.level < MANY else "medium", "review", _ONLY_LEADS
    if _may_ask(rule_input.context) and all(one.is_public and one.did.events == one.reach == 1 for one in spreaders):
        severity, action, under = "low" if over.level < MANY else "medium", "review", _ASKED
    if _are_frames(spreaders, chief, limits):
        severity, action, under = "low", "review", _BESIDE_OTHER_WORDS
    if rule_input.context.shares_footer and not sells:
        if sum(one.reach for one in spreaders) < limits.reached_by_one:
            return None
        severity, action, under = "low", "review", _UNDER_OTHER_WORDS
    level = max(over.level, chief.reach / limits.reached_by_one)
    told = _finding(rule_input, crowd, spreaders, chief, over, apart)
    return replace(
        told,
        level=level,
        measurements=(
            *told.measurements,
            measured("reached_by_one", chief.reach, limits.reached_by_one, over.quota.window),
        ),
        most_severe=severity,
        most_action=action,
        summary=f"{over.result.count} accounts spread the same or nearly the same text within {over.within}, "
        f"{over.result.events} times in all{_where(rule_input, over.quota.window)}, first in {_surface(spreaders)[1]}; "
        f"the limit is {over.quota.reach} accounts.{_most_by(chief)}{under}",
    )


def _of_a_part(
    rule_input: RuleInput,
    crowd: _Crowd,
    spreaders: Sequence[_Spreader],
    chief: _Spreader,
    over: Reached,
    limits: CoordinatedCampaignLimits,
) -> Finding | None:
    """What nobody knows of: a quotation that many have met, or a text that many spread among other words."""
    accounts = len(spreaders)
    letters = sum(Deed.of(one.did).part_letters for one in spreaders)
    if letters < limits.part_letters:
        return None
    told = _finding(rule_input, crowd, spreaders, chief, over, (_PART,))
    return replace(
        told,
        level=letters / limits.part_letters,
        measurements=(measured("part_letters", letters, limits.part_letters, over.quota.window),),
        # no verdict on this says anything of a whole text
        campaign_id=None,
        most_severe="low",
        most_action="review",
        summary=f"{accounts} accounts wrote texts that have one long part in common with what somebody had written before, "
        f"within {over.within}{_where(rule_input, over.quota.window)}. Besides politeness these parts have {letters} letters "
        f"in all; the limit is {limits.part_letters}. What stands around them differs. They may quote one source, or spread a "
        "text among other words.",
    )


_CHANCE, _PART = "by chance", "part"
_BESIDE_OTHERS = "once and where others wrote it, too: in one thread, on one page or to one member. It leads nowhere"
_WRITTEN_ALIKE = "members may each come to write it by themselves"
_EDITED = "each wrote a version of its own, as members do who edit one text"
_OWN_PAGES = "once, with a link to a page that is nobody else's"
_BY_THEMSELVES = " Each wrote it once. It is short and leads nowhere: members may each come to write it by themselves."
_ONLY_LEADS = (
    " Each wrote it once. It is a link, an address or a number with a friendly word: members may each show the same."
)
_BESIDE_OTHER_WORDS = (
    " What is the same stands above, below or between other words, neither sells nor offends, and does not lead all to one "
    "place: it may be the motto of one school, or what several saw."
)
_ASKED = " Each posted it once, with a question. They may ask about what came from outside."
_UNDER_OTHER_WORDS = " What is the same stands below other words: it may be the footer of one school's letters."


def _at_most(spreaders: Sequence[_Spreader], chief: _Spreader, over: Reached) -> tuple[Severity, Action]:
    """What may follow where nobody did much: many who did one thing each may have come to it by themselves."""
    most = max(max(one.reach, one.did.events) for one in spreaders)
    severity: Severity = "critical" if most > FEW else "high"
    if most == 1 and over.level < MANY:
        severity = "medium"
    return severity, "review" if chief.did.events == 1 else "ban_review"


def _are_frames(spreaders: Sequence[_Spreader], chief: _Spreader, limits: CoordinatedCampaignLimits) -> bool:
    """Whether what the copies have in common stands above or below other words, as a motto does, and neither sells nor
    offends, nor leads to one place, nor reaches more than a school does. The text with which the campaign began is like none
    before; and what stands in some of the letters a motto is not answerable for.
    """
    copies = sum(one.did.events for one in spreaders)
    others = copies - sum(one.framed for one in spreaders)
    if chief.reach >= limits.reached_by_one or others > 1 + copies * OTHER_COPIES:
        return False
    if sum(one.reach for one in spreaders) >= A_SCHOOL * limits.reached_by_one:
        return False
    leads = Counter(lead for one in spreaders for lead in one.leads)
    return all(number == 1 for number in leads.values())


def _by_chance(rule_input: RuleInput, crowd: _Crowd, over: Reached, apart: tuple[str, ...]) -> Finding | None:
    if not crowd.spreaders or rule_input.context.shares_footer or rule_input.context.shares_part:
        return None
    chief = max(crowd.spreaders, key=lambda one: (one.reach, -one.did.time))
    # an incident by itself: the account that spreads the text afterwards is another's case
    told = _finding(rule_input, crowd, crowd.spreaders, chief, over, (*apart, _CHANCE))
    how = _OWN_PAGES if any(one.leads for one in crowd.spreaders) else _BESIDE_OTHERS
    why = _EDITED if any(one.odd for one in crowd.spreaders) else _WRITTEN_ALIKE
    return replace(
        told,
        most_severe="low",
        most_action="review",
        summary=f"{over.result.count} accounts wrote the same or nearly the same text within {over.within}, each "
        f"{how}, and {why}. The limit is {over.quota.reach} accounts.",
    )


def _finding(
    rule_input: RuleInput,
    crowd: _Crowd,
    spreaders: Sequence[_Spreader],
    chief: _Spreader,
    over: Reached,
    apart: tuple[str, ...],
) -> Finding:
    campaign = rule_input.context.campaign
    assert campaign
    named = {one.name for one in spreaders}
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        campaign_id=campaign.campaign_id,
        similarity=campaign.similarity,
        episode=(campaign.campaign_id, *apart),
        subject_id=chief.name,
        article=_surface(spreaders)[0],
        members=tuple(member for member in over.result.members if member in named),
        copied_from=crowd.copied_from,
        origin=crowd.copied_from,
        summary="",
    )


def _surface(spreaders: Sequence[_Spreader]) -> tuple[int, str]:
    """Where the text was first spread: the article, and in words."""
    first = min(spreaders, key=lambda one: one.did.time)
    return _SURFACES[Deed.of(first.did).surface]


_CONGRATULATES = {"prize"}
"""Who says that somebody has won, and names nothing else, wishes him well."""
A_SIGN = 3
"""Points of selling of one sign that is none of haste."""
A_SCHOOL = 10
"""Of what stands above or below other words: no school reaches so many times what one account may reach."""
OTHER_COPIES = 0.2
"""Of what stands above or below other words, so many copies at most, besides the first, may sell or stand otherwise."""
FEW = 2
"""Deeds of the account that did most, or strangers and places that it reached, beyond which a campaign may be critical."""
MANY = 2
"""Times the limit of accounts from which a campaign of accounts that did one thing each may be of high severity."""


def _most_by(chief: _Spreader) -> str:
    return f" One account reached {chief.reach} strangers, threads or pages." if chief.reach > 1 else ""


def _where(rule_input: RuleInput, window: Duration) -> str:
    """How many strangers the campaign's text was sent to and in how many places of others it stands, in words."""
    sent, places = RECIPIENTS.of(rule_input, window), PLACES.of(rule_input, window).count
    least = "at least " if sent.at_least else ""
    to = f" to {least}{counted(sent.count, 'stranger')}" if sent.count else ""
    at = f" in {counted(places, 'thread')} or page{'' if places == 1 else 's'}" if places else ""
    return f",{to}{' and' if to and at else ''}{at}" if to or at else ""


COORDINATED_CAMPAIGN = Rule(
    slug="coordinated_campaign",
    article=1,
    on=WRITTEN,
    limits=CoordinatedCampaignLimits,
    signals=declare(*ACCOUNTS, RECIPIENTS, PLACES, TALKS, LEADS, ODD, FRAMED, COPIES, ORIGIN, ANNOUNCED),
    judge=judge_coordinated_campaign,
    lists=("greetings", "courtesies"),
    subjects=lambda context: (context.campaign.campaign_id,) if context.campaign else (),
    headings=True,
)

RULES = (COORDINATED_CAMPAIGN,)
