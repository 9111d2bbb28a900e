"""Article 8, intellectual property: video files, known files, what others published first, rights unknown.

A machine sees likeness, not licences: what two members have alike is for a person to look at. Whoever declares a licence is
taken at his word, and a file or text that many members have, a project's logo for instance, is nobody's in particular.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from models.events import BaseEvent, ForumPost, MediaUpload
from rules.base import EventContext, Finding, Key, Need, Rule, RuleInput, Signal, Window
from rules.measures import Measure, declare, event_as
from rules.quotas import Count, Duration, Quota, Share, counted, measured
from rules.writings import events_by_actor, one_of, others
from state.requests import Contribution, WindowResult
from text.normalise import LINK

HASH_BITS, MOST_BITS = 64, 10
VIDEO, KNOWN_FILE, OTHER = 2.0, 4.0, 1.0
"""What a breach weighs by itself: its level."""
FURTHER = 0.25
MOST_FURTHER = 0.9
"""What further breaches within the window add, each and together: carelessness does not become piracy by repetition."""
PLAIN_BITS = 8
"""A perceptual hash with fewer bits set, or fewer not set, is of an empty page or an even surface."""
_EMPTY_FILE = sha256(b"").hexdigest()

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{64}$", description="64 hexadecimal digits")]
_Entries = Iterable[tuple[Key, tuple[str, ...]]]


class CopyrightRiskLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known, what is alike, and how long it is remembered.

    `known_files`: the SHA-256 of files that must not be uploaded. `breaches_window`: how long one account's breaches are
    counted together. `files_window`: how long others' files are remembered. `near_bits`: pictures are alike whose perceptual
    hashes differ in at most so many of 64 bits. `text_characters`, `text_similarity`: from where on a post is a copy of a long
    text; `texts_window`: how long those are remembered (no longer than `memory.campaign_generation`). `everybodys`: what so
    many members have published before is nobody's. `passed_on_by`: roles whose files and texts are there to be passed on.
    """

    known_files: frozenset[Sha256]
    breaches_window: Duration
    files_window: Duration
    near_bits: Annotated[int, Meta(ge=0, le=MOST_BITS)]
    text_characters: Count
    text_similarity: Share
    texts_window: Duration
    everybodys: Count
    passed_on_by: frozenset[str]


# --- breaches that one event shows by itself ---------------------------------------------------------------------------


class _Breach(Struct, frozen=True):
    """What is wrong with an upload, and how bad it is."""

    kind: str
    level: float
    summary: str


def _breach(context: EventContext, limits: CopyrightRiskLimits) -> _Breach | None:
    upload = context.event
    if not isinstance(upload, MediaUpload):
        return None
    if upload.sha256 and upload.sha256.lower() in _in_small_letters(limits.known_files):
        return _Breach(
            "known", KNOWN_FILE, f"Uploaded {_a(upload)} to a {upload.surface} that is on the list of known files."
        )
    # without a file of its own it is what the article asks for: a link
    if upload.media_kind == "video" and (upload.sha256 or not upload.source_url):
        return _Breach(
            "video",
            VIDEO,
            f"Uploaded a video file to a {upload.surface}; videos are to be published elsewhere and linked.",
        )
    if upload.rights == "unknown" and upload.visibility == "public":
        return _Breach(
            "undeclared",
            OTHER,
            f"Published {_a(upload)} on a {upload.surface} for everybody to see, whose rights are said to be unknown.",
        )
    return None


@cache
def _in_small_letters(digests: frozenset[str]) -> frozenset[str]:
    return frozenset(map(str.lower, digests))


def _a(upload: MediaUpload) -> str:
    return "an image" if upload.media_kind == "image" else f"a {upload.media_kind}"


# --- what others published before --------------------------------------------------------------------------------------


class _Published(Struct, frozen=True, array_like=True):
    """A file or a text as its window remembers it. `content` is its hash; `free` what is there to be passed on."""

    time: int
    event_id: str
    actor: str
    content: str
    free: bool


_published_of = msgspec.json.Decoder(_Published).decode


def _published(context: EventContext, content: str, limits: CopyrightRiskLimits) -> tuple[str, ...]:
    event = context.event
    free = not limits.passed_on_by.isdisjoint(event.actor_roles or ())
    return (msgspec.json.encode(_Published(context.time, event.event_id, event.actor_id, content, free)).decode(),)


def _file(context: EventContext) -> str | None:
    """The SHA-256 of a file that others can see."""
    upload = context.event
    if not isinstance(upload, MediaUpload) or upload.visibility == "private" or not upload.sha256:
        return None
    digest = upload.sha256.lower()
    return digest if digest != _EMPTY_FILE else None


def _picture(context: EventContext) -> int | None:
    """The perceptual hash of a picture that others can see. Documents are left out: forms and certificates look alike."""
    upload = context.event
    if not isinstance(upload, MediaUpload) or upload.visibility == "private" or upload.media_kind == "document":
        return None
    if not upload.perceptual_hash:
        return None
    bits = int(upload.perceptual_hash, 16)
    return bits if PLAIN_BITS <= bits.bit_count() <= HASH_BITS - PLAIN_BITS else None


def hash_parts(bits: int, most_apart: int) -> Iterator[int]:
    """The 64 bits cut into `most_apart` + 1 parts: two hashes that differ in no more bits have one part equal.

    The pigeonhole principle behind multi-index hashing (Norouzi, Punjani, Fleet, CVPR 2012).
    """
    parts = most_apart + 1
    for part in range(parts):
        start, end = HASH_BITS * part // parts, HASH_BITS * (part + 1) // parts
        yield (bits >> start) & ((1 << (end - start)) - 1)


def _long_text(context: EventContext, limits: CopyrightRiskLimits) -> str | None:
    """The campaign of a long post. With a link it leads to where it is from, or so we assume."""
    if not isinstance(context.event, ForumPost) or not context.campaign or not context.text:
        return None
    long = (
        len(context.text.normalised) >= limits.text_characters
        and not context.text.targets
        and LINK not in context.text.normalised
    )
    return context.campaign.campaign_id if long and context.campaign.similarity >= limits.text_similarity else None


def _publications(
    name: str,
    on: type[BaseEvent],
    content: Callable[[EventContext], tuple[str, str] | None],
    limits: CopyrightRiskLimits,
    needs: tuple[Need, ...] = (),
) -> Window:
    """The publications with one key; `content` gives the key and what is kept."""

    def entries(context: EventContext) -> _Entries:
        if found := content(context):
            yield (found[0],), _published(context, found[1], limits)

    def at(context: EventContext, _: str) -> Key | None:
        found = content(context)
        return (found[0],) if found else None

    return Window(name=name, on=(on,), entries=entries, at=at, own=False, named=True, history=name, needs=needs)


def _same_file(context: EventContext) -> tuple[str, str] | None:
    digest = _file(context)
    return (digest, digest) if digest else None


def _part_of_picture(part: int, limits: CopyrightRiskLimits, context: EventContext) -> tuple[str, str] | None:
    bits = _picture(context)
    return None if bits is None else (str(list(hash_parts(bits, limits.near_bits))[part]), f"{bits:016x}")


def _same_text(limits: CopyrightRiskLimits, context: EventContext) -> tuple[str, str] | None:
    campaign = _long_text(context, limits)
    return (campaign, campaign) if campaign else None


BREACHES = Measure[CopyrightRiskLimits](
    "breaches",
    lambda limits: events_by_actor(
        "uploads against intellectual property by actor",
        (MediaUpload,),
        lambda context: _breach(context, limits) is not None,
    ),
    within=lambda limits: limits.breaches_window,
)
FILES = Measure[CopyrightRiskLimits](
    "files",
    lambda limits: _publications("uploads of a file", MediaUpload, _same_file, limits),
    within=lambda limits: Quota(2, limits.files_window),
)
TEXTS = Measure[CopyrightRiskLimits](
    "texts",
    lambda limits: _publications(
        f"posts of a text of {limits.text_characters}, {limits.text_similarity} alike",
        ForumPost,
        partial(_same_text, limits),
        limits,
        needs=("copies",),
    ),
    within=lambda limits: Quota(2, limits.texts_window),
)


def _pictures(part: int) -> Measure[CopyrightRiskLimits]:
    return Measure(
        f"pictures/{part}",
        lambda limits: _publications(
            f"pictures alike in part {part + 1} of {limits.near_bits + 1}",
            MediaUpload,
            partial(_part_of_picture, part, limits),
            limits,
        ),
        within=lambda limits: Quota(2, limits.files_window),
    )


PICTURES = tuple(map(_pictures, range(MOST_BITS + 1)))
"""One for each part that pictures may be alike in; the policy's `near_bits` says how many there are."""


def _signals(limits: CopyrightRiskLimits) -> dict[str, Signal]:
    return declare(BREACHES, FILES, TEXTS, *PICTURES[: limits.near_bits + 1])(limits)


# --- judging -----------------------------------------------------------------------------------------------------------


def judge_copyright_risk(rule_input: RuleInput, limits: CopyrightRiskLimits) -> Finding | None:
    """The gravest that one upload or post shows: a breach by itself, or what another member published first."""
    return _by_itself(rule_input, limits) or _of_another(rule_input, limits)


def _by_itself(rule_input: RuleInput, limits: CopyrightRiskLimits) -> Finding | None:
    breach = _breach(rule_input.context, limits)
    if not breach:
        return None
    breaches = BREACHES.of(rule_input)
    return Finding(
        level=breach.level + min(FURTHER * others(breaches), MOST_FURTHER),
        measurements=(measured("breaches", breaches.count, 1, limits.breaches_window),),
        evidence=breaches,
        episode=(breach.kind,),
        summary=breach.summary + one_of(breaches, "uploads against the article", limits.breaches_window),
    )


def _of_another(rule_input: RuleInput, limits: CopyrightRiskLimits) -> Finding | None:
    upload = rule_input.context.event
    if isinstance(upload, MediaUpload) and upload.rights == "licensed":
        return None
    return _copied_file(rule_input, limits) or _copied_text(rule_input, limits)


def _copied_file(rule_input: RuleInput, limits: CopyrightRiskLimits) -> Finding | None:
    digest, bits = _file(rule_input.context), _picture(rule_input.context)
    same = _remembered(rule_input, FILES) if digest else []
    if first := _first_of_another(rule_input, same, limits):
        return _finding(rule_input, first, "the same file", 0, limits)
    if bits is None:
        return None
    alike = [
        one
        for one in _remembered(rule_input, *PICTURES[: limits.near_bits + 1])
        if _distance(one, bits) <= limits.near_bits
    ]
    first = _first_of_another(rule_input, alike, limits)
    return _finding(rule_input, first, "nearly the same picture", _distance(first, bits), limits) if first else None


def _distance(one: _Published, bits: int) -> int:
    return (int(one.content, 16) ^ bits).bit_count()


def _remembered(rule_input: RuleInput, *measures: Measure[CopyrightRiskLimits]) -> list[_Published]:
    """All publications that these have counted, the earliest first, each once."""
    members = {member for measure in measures for member in measure.of(rule_input).members}
    return sorted(map(_published_of, members), key=lambda one: (one.time, one.event_id))


def _first_of_another(rule_input: RuleInput, alike: list[_Published], limits: CopyrightRiskLimits) -> _Published | None:
    """What another published first, unless it was there to be passed on or is everybody's."""
    before = [one for one in alike if one.time < rule_input.context.time]
    if not before or before[0].actor == rule_input.subject_id or any(one.free for one in before):
        return None
    return before[0] if len({one.actor for one in before}) < limits.everybodys else None


def _finding(
    rule_input: RuleInput, first: _Published, what: str, distance: int, limits: CopyrightRiskLimits
) -> Finding:
    upload = event_as(rule_input.context, MediaUpload)
    differs = f" (they differ in {counted(distance, 'bit')} of {HASH_BITS})" if distance else ""
    return Finding(
        level=OTHER,
        measurements=(measured("hash_distance", distance, limits.near_bits, limits.files_window),),
        evidence=_evidence(rule_input, first),
        episode=("file", first.actor),
        similarity=1 - distance / HASH_BITS,
        summary=f"Uploaded {_a(upload)} to a {upload.surface}: member {first.actor} uploaded {what} before{differs}, "
        f"and no licence is declared.",
    )


def _copied_text(rule_input: RuleInput, limits: CopyrightRiskLimits) -> Finding | None:
    campaign = rule_input.context.campaign
    first = _first_of_another(rule_input, _remembered(rule_input, TEXTS), limits)
    if not first or not campaign or not rule_input.context.text:
        return None
    characters = len(rule_input.context.text.normalised)
    return Finding(
        level=OTHER,
        measurements=(measured("characters", characters, limits.text_characters, limits.texts_window),),
        evidence=_evidence(rule_input, first),
        episode=("text", first.actor),
        similarity=campaign.similarity,
        campaign_id=campaign.campaign_id,
        summary=f"Posted a text of {characters} characters that member {first.actor} posted before, and names no source.",
    )


def _evidence(rule_input: RuleInput, first: _Published) -> WindowResult:
    """Only the original and the copy: the windows may hold what has nothing to do with them."""
    original = Contribution(first.time, first.event_id, "")
    copy = Contribution(rule_input.context.time, rule_input.context.event.event_id, "")
    return WindowResult(count=2, events=2, first=(original, copy), last=(original, copy))


COPYRIGHT_RISK = Rule(
    slug="copyright_risk",
    article=8,
    on=(MediaUpload, ForumPost),
    limits=CopyrightRiskLimits,
    signals=_signals,
    judge=judge_copyright_risk,
)

RULES = (COPYRIGHT_RISK,)
