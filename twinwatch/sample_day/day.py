"""Who does what on the sample day."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

from models.events import TOPICS
from models.records import Reason
from twinwatch.sample_day import texts

TEACHERS = 300
_CONTACTS_PER_TEACHER = 5


class SampleRecord(NamedTuple):
    """One record as the platform would write it to Kafka."""

    topic: str
    key: bytes
    value: bytes


class Expectation(NamedTuple):
    """An incident that the sample day must lead to."""

    rule: str
    subjects: frozenset[str]
    """Who it may be about. More than one for a campaign: its subject is whoever was seen first."""
    case: str
    """What that member did, in a few words."""


_BURST, _SLOW, _COPIER, _GREEK_COPIER = "teacher-901", "teacher-902", "teacher-903", "teacher-904"
_POST_COPIER, _THREAD_COPIER, _FLOODER, _COMMENTER = "teacher-905", "teacher-906", "teacher-907", "teacher-908"
_REQUESTER, _PROJECT_INVITER, _EVENT_INVITER, _COLLECTOR = "teacher-909", "teacher-910", "teacher-911", "teacher-912"
_THREATENER, _FILMER, _PRETENDER = "teacher-913", "teacher-914", "teacher-915"
_PUPILS_SHOWN, _PHONE_GIVEN, _STRAYER = "teacher-916", "teacher-917", "teacher-918"
_INSULTERS = ("teacher-931", "teacher-932", "teacher-933")
_CAMPAIGN = tuple(f"teacher-{number}" for number in range(921, 926))


def _expect(rule: str, subject: str, case: str) -> Expectation:
    return Expectation(rule, frozenset([subject]), case)


EXPECTED: tuple[Expectation, ...] = (
    _expect("mass_messaging", _BURST, "36 strangers in a quarter of an hour, each text another"),
    _expect("mass_messaging", _SLOW, "96 strangers, a few every half hour, all day long"),
    _expect("copied_message", _COPIER, "one English text to 18 people, greeting and link changing"),
    _expect("copied_message", _GREEK_COPIER, "one Greek text to 18 people, greeting and link changing"),
    _expect("copied_post", _POST_COPIER, "one text in eight forum threads"),
    _expect("duplicate_thread", _THREAD_COPIER, "opens a thread of a forum that exists already, three times"),
    _expect("forum_flood", _FLOODER, "posts in 48 threads within three quarters of an hour"),
    _expect("copied_comment", _COMMENTER, "one comment under 16 profiles"),
    _expect("contact_request_flood", _REQUESTER, "60 requests to strangers, four accepted"),
    _expect("unmanageable_contacts", _COLLECTOR, "accepts 130 new contacts in one day"),
    _expect("project_invitation_flood", _PROJECT_INVITER, "80 strangers invited to one project"),
    _expect("event_invitation_flood", _EVENT_INVITER, "200 strangers invited to one event"),
    Expectation(
        "coordinated_campaign",
        frozenset(_CAMPAIGN),
        "five accounts, one French text in messages, posts and comments",
    ),
    _expect("commercial_content", _COPIER, "the text to 18 people sells, and its addresses are pushed"),
    _expect("reported_by_members", _BURST, "four members report who writes to strangers"),
    _expect("off_topic_post", _STRAYER, "a football match in a thread about bees; told in shadow"),
    _expect("threat", _THREATENER, "one message that announces violence"),
    *(_expect("abusive_language", insulter, "a comment that insults a member") for insulter in _INSULTERS),
    _expect("harassment", _INSULTERS[0], "three accounts insult one member"),
    _expect("copyright_risk", _FILMER, "a film as a file, where films are to be linked"),
    _expect("impersonation", _PRETENDER, "calls itself the platform's support"),
    _expect("pupil_image", _PUPILS_SHOWN, "shows pupils to everybody without their parents' consent"),
    _expect("private_information", _PHONE_GIVEN, "a telephone number in a forum"),
)
"""What the sample day must lead to: a rule and whom it is about."""


class Strike(NamedTuple):
    """Whom a moderator judges in the evening: by which rule's incident, and by which rule the member is found again."""

    actor: str
    rule: str
    again: str


STRIKE = Strike(_COMMENTER, "copied_comment", "pupil_image")
EVENING = 90_000
"""The number of the evening's first event: a day has fewer."""

UNWANTED_MEMBERS = frozenset(
    [
        _BURST,
        _SLOW,
        _COPIER,
        _GREEK_COPIER,
        _POST_COPIER,
        _THREAD_COPIER,
        _FLOODER,
        _COMMENTER,
        _REQUESTER,
        _PROJECT_INVITER,
        _EVENT_INVITER,
        _COLLECTOR,
        _THREATENER,
        _FILMER,
        _PRETENDER,
        _PUPILS_SHOWN,
        _PHONE_GIVEN,
        _STRAYER,
        *_INSULTERS,
        *_CAMPAIGN,
    ]
)
"""Everybody who misbehaves. An incident about anybody else is a false alarm."""

EXPECTED_DEAD_LETTERS: dict[Reason, int] = {
    Reason.NOT_JSON: 2,
    Reason.UNKNOWN_TYPE: 1,
    Reason.INVALID_FIELD: 2,
    Reason.FUTURE_TIMESTAMP: 1,
    Reason.TOO_LARGE: 2,
}
"""How many records of the sample day cannot be used, by reason."""

_TOPIC_OF = {str(cls.__struct_config__.tag): topic for topic, classes in TOPICS.items() for cls in classes}
_OFFSET_HOURS = {"en": 0, "el": 2, "bg": 2, "ro": 2, "tr": 3, "ka": 4}
"""Hours ahead of UTC of the schools of a language; one where not given."""


def sample_day(day: date, seed: int = 1) -> Iterator[SampleRecord]:
    """Everything that happens on `day` (UTC), in the order of event time. Choose a day that is over: nothing may be in
    the future.

    Members keep their ids from day to day; event ids carry the date, so days can follow one another.
    """
    return (record for _, record in timed_sample_day(day, seed))


def timed_sample_day(day: date, seed: int = 1) -> Iterator[tuple[float, SampleRecord]]:
    """The records of `sample_day`, each with the hour of the day (UTC) at which the platform would write it."""
    writer = _Day(day, Random(f"{day.isoformat()}/{seed}"))
    for behaviour in _BEHAVIOURS:
        behaviour(writer)
    return writer.in_order()


def evening(day: date, upheld: str) -> Iterator[SampleRecord]:
    """After `day`: a moderator upholds the incident of that id, which is `STRIKE`'s, and its subject breaks another rule."""
    writer = _Day(day, Random(upheld))
    writer.upheld(23.5, upheld)
    writer.event(
        23.7,
        "media_upload",
        STRIKE.actor,
        media_id=f"pupils-{day:%Y%m%d}-evening",
        media_kind="image",
        visibility="members",
        surface="twinspace",
        shows_pupils=True,
    )
    return (record for _, record in writer.in_order(first=EVENING))


def yesterday() -> date:
    """The latest day that is over everywhere on the clock of the events, UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


class _Day:
    """Collects the events of one day. Times are given in hours since midnight UTC."""

    def __init__(self, day: date, random: Random) -> None:
        self.day = day
        self.random = random
        self.languages = texts.languages()
        self.teachers = [f"teacher-{number:03}" for number in range(1, TEACHERS + 1)]
        self.conversation = texts.Conversation(random)
        self.contacts = {
            teacher: random.sample([other for other in self.teachers if other != teacher], _CONTACTS_PER_TEACHER)
            for teacher in self.teachers
        }
        self._midnight = datetime.combine(day, time(), UTC)
        self._events: list[tuple[float, dict[str, Any] | SampleRecord]] = []

    def language(self, teacher: str) -> str:
        return self.languages[int(teacher.rpartition("-")[2]) % len(self.languages)]

    def speakers(self, language: str) -> list[str]:
        return [teacher for teacher in self.teachers if self.language(teacher) == language]

    def others(self, teacher: str, count: int) -> list[str]:
        """Members picked at random, without the one who asks."""
        return self.random.sample([other for other in self.teachers if other != teacher], count)

    def hour(self) -> float:
        """A moment when teachers are awake, most often around noon."""
        return self.random.triangular(5.5, 21.5, 12.5)

    def over(self, start: float, hours: float, count: int) -> list[float]:
        """`count` moments within a stretch of time, at uneven distances."""
        return sorted(start + self.random.random() * hours for _ in range(count))

    def event(
        self,
        hour: float,
        type_: str,
        actor: str,
        *,
        roles: Sequence[str] = ("teacher",),
        language: str | None = None,
        **fields: Any,
    ) -> None:
        """One event; fields that are None are left out, as the platform leaves them out."""
        language = language or self.language(actor)
        zone = timezone(timedelta(hours=_OFFSET_HOURS.get(language, 1)))
        moment = (self._midnight + timedelta(hours=hour)).astimezone(zone)
        age = (
            timedelta(days=3 + int(actor[-1]))
            if actor in UNWANTED_MEMBERS
            else timedelta(days=400 + 7 * sum(actor.encode()) % 2500)
        )
        common = {
            "type": type_,
            "event_id": None,
            "occurred_at": moment.isoformat(timespec="milliseconds"),
            "actor_id": actor,
            "actor_roles": list(roles),
            "actor_registered_at": (self._midnight - age).isoformat(),
            "language": language,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        self._events.append((hour, common | given))

    def upheld(self, hour: float, incident: str) -> None:
        """A moderator's verdict."""
        self.event(
            hour,
            "verdict",
            "moderator-01",
            roles=["moderator"],
            language="en",
            incident_id=incident,
            verdict="upheld",
            action="warned",
        )

    def raw(self, hour: float, topic: str, value: bytes) -> None:
        """A record that is written to the topic as it stands."""
        self._events.append((hour, SampleRecord(topic, b"backend", value)))

    def stamp(self, hour: float) -> str:
        return (self._midnight + timedelta(hours=hour)).isoformat()

    def in_order(self, first: int = 1) -> Iterator[tuple[float, SampleRecord]]:
        for number, (hour, event) in enumerate(sorted(self._events, key=lambda entry: entry[0]), start=first):
            if isinstance(event, SampleRecord):
                yield hour, event
            else:
                event["event_id"] = f"{self.day:%Y%m%d}-{number:05}"
                value = json.dumps(event, ensure_ascii=False).encode()
                yield hour, SampleRecord(_TOPIC_OF[event["type"]], event["actor_id"].encode(), value)


# Those who misbehave.


def _burst(day: _Day) -> None:
    strangers = day.others(_BURST, 36)
    for number, hour in enumerate(day.over(9.1, 0.25, 12)):
        recipients = strangers[3 * number : 3 * number + 3]
        day.event(hour, "message", _BURST, language="en", recipient_ids=recipients, text=day.conversation.say("en"))


def _slow_burst(day: _Day) -> None:
    strangers = day.others(_SLOW, 96)
    for number in range(24):
        recipients = strangers[4 * number : 4 * number + 4]
        hour = 6.0 + number * 0.6 + day.random.random() * 0.3
        day.event(hour, "message", _SLOW, language="nl", recipient_ids=recipients, text=day.conversation.say("nl"))


def _copied_messages(day: _Day) -> None:
    for actor, language, start in ((_COPIER, "en", 8.2), (_GREEK_COPIER, "el", 15.3)):
        copies = texts.copies(f"copied_message_{language}", language, day.random)
        for hour, recipient in zip(day.over(start, 3.0, 18), day.others(actor, 18), strict=True):
            day.event(hour, "message", actor, language=language, recipient_ids=[recipient], text=next(copies))


def _copied_posts(day: _Day) -> None:
    copies = texts.copies("copied_post", "en", day.random)
    for number, hour in enumerate(day.over(11.0, 1.5, 8)):
        forum = f"forum-{number % 4}"
        day.event(
            hour,
            "forum_post",
            _POST_COPIER,
            language="en",
            forum_id=forum,
            thread_id=f"thread-{number}",
            text=next(copies),
        )


def _duplicate_threads(day: _Day) -> None:
    title, text = texts.unwanted("thread_title"), texts.unwanted("thread_text")
    for number, hour in enumerate((7.5, 10.4, 13.6, 16.1)):
        day.event(
            hour,
            "forum_post",
            _THREAD_COPIER,
            language="en",
            forum_id="forum-1",
            thread_id=f"thread-river-{number}",
            thread_title=title,
            text=text if number % 2 == 0 else f"Hello again! {text} Please answer soon.",
            opens_thread=True,
        )


def _forum_flood(day: _Day) -> None:
    for number, hour in enumerate(day.over(14.0, 0.75, 48)):
        text = day.conversation.say("es")
        day.event(
            hour, "forum_post", _FLOODER, language="es", forum_id="forum-1", thread_id=f"thread-{number}", text=text
        )


def _copied_comments(day: _Day) -> None:
    copies = texts.copies("copied_comment", "en", day.random)
    for hour, owner in zip(day.over(12.3, 2.0, 16), day.others(_COMMENTER, 16), strict=True):
        day.event(hour, "comment", _COMMENTER, language="en", owner_id=owner, text=next(copies))


def _contact_requests_to_strangers(day: _Day) -> None:
    for number, (hour, stranger) in enumerate(zip(day.over(10.0, 0.7, 60), day.others(_REQUESTER, 60), strict=True)):
        day.event(hour, "contact_request", _REQUESTER, language="de", recipient_id=stranger)
        if number % 2 == 0:
            answer = hour + day.random.uniform(0.02, 0.5)
            day.event(answer, "contact_response", stranger, requester_id=_REQUESTER, accepted=number % 16 == 0)


def _contacts_without_end(day: _Day) -> None:
    for hour, member in zip(day.over(7.0, 12.0, 130), day.others(_COLLECTOR, 130), strict=True):
        day.event(hour, "contact_request", member, recipient_id=_COLLECTOR)
        answer = hour + day.random.uniform(0.02, 0.5)
        day.event(answer, "contact_response", _COLLECTOR, language="tr", requester_id=member, accepted=True)


def _invitations_to_strangers(day: _Day) -> None:
    for actor, kind, count, size, start in (
        (_PROJECT_INVITER, "project", 8, 10, 13.0),
        (_EVENT_INVITER, "event", 8, 25, 17.0),
    ):
        strangers = day.others(actor, count * size)
        for number, hour in enumerate(day.over(start, 1.0, count)):
            recipients = strangers[size * number : size * (number + 1)]
            day.event(
                hour,
                "invitation",
                actor,
                language="it",
                kind=kind,
                target_id=f"{kind}-{actor}",
                recipient_ids=recipients,
            )


def _campaign(day: _Day) -> None:
    copies = texts.copies("campaign", "fr", day.random)
    # The first account starts an hour before the others, so that it is also the first that twinwatch sees.
    for position, actor in enumerate(_CAMPAIGN):
        start = 15.0 + (1.0 + 0.1 * position if position else 0.0)
        surface = ("message", "forum_post", "comment")[position % 3]
        for hour, member in zip(day.over(start, 0.8, 4), day.others(actor, 4), strict=True):
            places: dict[str, dict[str, Any]] = {
                "message": {"recipient_ids": [member]},
                "forum_post": {"forum_id": "forum-2", "thread_id": f"thread-{day.random.randrange(40)}"},
                "comment": {"owner_id": member},
            }
            day.event(hour, surface, actor, language="fr", text=next(copies), **places[surface])


def _words_that_hurt(day: _Day) -> None:
    victim = day.teachers[40]
    threat = texts.unwanted("threat")
    day.event(10.2, "message", _THREATENER, language="en", recipient_ids=[day.teachers[41]], text=threat)
    for number, (insulter, insult) in enumerate(zip(_INSULTERS, texts.unwanted_list("insults"), strict=True)):
        day.event(18.0 + number / 2, "comment", insulter, language="en", owner_id=victim, text=insult)


def _articles_8_to_11(day: _Day) -> None:
    day.event(
        9.7,
        "media_upload",
        _FILMER,
        media_id=f"film-{day.day:%Y%m%d}",
        media_kind="video",
        visibility="members",
        surface="twinspace",
    )
    day.event(8.4, "profile_update", _PRETENDER, display_name=texts.unwanted("pretended_name"))
    day.event(
        12.1,
        "media_upload",
        _PUPILS_SHOWN,
        media_id=f"pupils-{day.day:%Y%m%d}",
        media_kind="image",
        visibility="public",
        surface="profile",
        shows_pupils=True,
        consent=False,
    )
    day.event(
        13.4,
        "forum_post",
        _PHONE_GIVEN,
        language="de",
        forum_id="forum-2",
        thread_id="thread-numbers",
        text=texts.unwanted("phone_number"),
    )


def _stray_post(day: _Day) -> None:
    day.event(
        19.3,
        "forum_post",
        _STRAYER,
        language="en",
        forum_id="forum-3",
        thread_id="thread-bees",
        thread_title=texts.unwanted("bees_title"),
        text=texts.unwanted("football"),
    )


def _unusable_records(day: _Day) -> None:
    def bad(hour: float, **fields: Any) -> None:
        event = {
            "type": "message",
            "event_id": f"{day.day:%Y%m%d}-bad-{hour}",
            "occurred_at": day.stamp(hour),
            "actor_id": "teacher-001",
            "recipient_ids": ["teacher-002"],
            "text": "Hello!",
        }
        value = {name: field for name, field in (event | fields).items() if field is not None}
        day.raw(hour, "activity.messages", json.dumps(value).encode())

    day.raw(8.0, "activity.messages", b'{"type": "message", "event_id": "cut off in the mid')
    day.raw(12.0, "activity.comments", b"\xff\xfe\x00 not even text")
    bad(9.0, type="poke")
    bad(10.0, text=None)
    bad(11.0, occurred_at="yesterday at noon")
    bad(13.0, occurred_at=day.stamp(24 * 365 * 20))
    bad(14.0, recipient_ids=[f"teacher-{number}" for number in range(1_500)])
    bad(15.0, text="a very long story " * 16_000)


# Those who behave, some of them in ways that look like abuse from afar.


def _founder(day: _Day) -> None:
    founder, partners = day.teachers[0], day.others(day.teachers[0], 40)
    day.event(
        8.6,
        "invitation",
        founder,
        kind="project",
        target_id="project-water",
        recipient_ids=partners,
        known_recipient_ids=partners,
        text=day.conversation.say(day.language(founder)),
    )
    for hour, partner in zip(day.over(8.8, 9.0, 31), partners, strict=False):
        day.event(hour, "invitation_response", partner, inviter_id=founder, target_id="project-water", accepted=True)


def _ambassador_and_support(day: _Day) -> None:
    announcer = "ambassador-01"
    audience = day.others(announcer, 120)
    for number, hour in enumerate(day.over(9.5, 0.4, 6)):
        day.event(
            hour,
            "message",
            announcer,
            roles=["teacher", "ambassador"],
            language="en",
            recipient_ids=audience[20 * number : 20 * number + 20],
            text=texts.unwanted("announcement"),
        )
    for hour, member in zip(day.over(7.0, 9.0, 25), day.others("support-01", 25), strict=True):
        day.event(
            hour,
            "message",
            "support-01",
            roles=["support"],
            language="en",
            recipient_ids=[member],
            text=texts.unwanted("support_answer"),
        )


def _small_projects_and_events(day: _Day) -> None:
    for number in range(60):
        kind = "event" if number % 4 == 0 else "project"
        organiser = day.teachers[4 * number + 2]
        partners = day.contacts[organiser] + day.others(organiser, 3)
        hour = day.hour()
        target = f"{kind}-{day.day:%Y%m%d}-{number}"
        day.event(
            hour,
            "invitation",
            organiser,
            kind=kind,
            target_id=target,
            recipient_ids=list(dict.fromkeys(partners)),
            known_recipient_ids=day.contacts[organiser],
            text=day.conversation.say(day.language(organiser)) if number % 3 == 0 else None,
        )
        for partner in day.contacts[organiser][:4]:
            answer = hour + day.random.uniform(0.05, 2.0)
            accepted = day.random.random() < 0.8
            day.event(answer, "invitation_response", partner, inviter_id=organiser, target_id=target, accepted=accepted)


def _new_contacts(day: _Day) -> None:
    for teacher in day.random.sample(day.teachers, 90):
        for stranger in day.others(teacher, 2):
            hour = day.hour()
            text = day.random.choice(["", None, None])
            day.event(hour, "contact_request", teacher, recipient_id=stranger, text=text)
            if day.random.random() < 0.75:
                answer = hour + day.random.uniform(0.1, 2.0)
                day.event(
                    answer, "contact_response", stranger, requester_id=teacher, accepted=day.random.random() < 0.85
                )


def _talk(day: _Day) -> None:
    """Messages between colleagues, forum posts and comments, until nobody has anything new to say."""
    for language in day.languages:
        speakers = day.speakers(language)
        threads = [f"thread-{language}-{number}" for number in range(4)]
        for number, title in enumerate(texts.titles(language)):
            day.event(
                6.0 + 1.5 * number + day.random.random(),
                "forum_post",
                speakers[number],
                forum_id=f"forum-{number}",
                thread_id=threads[number],
                thread_title=title,
                text=day.conversation.say(language),
                opens_thread=True,
            )
        while left := day.conversation.left(language):
            speaker, text = speakers[left % len(speakers)], day.conversation.say(language)
            match left % 5:
                case 0:
                    thread = left % len(threads)
                    day.event(
                        day.hour(),
                        "forum_post",
                        speaker,
                        forum_id=f"forum-{thread}",
                        thread_id=threads[thread],
                        text=text,
                    )
                case 1:
                    owner = day.random.choice(day.contacts[speaker])
                    day.event(day.hour(), "comment", speaker, owner_id=owner, post_id=f"post-{left}", text=text)
                case _:
                    _write_to_colleague(day, speaker, text)


def _write_to_colleague(day: _Day, speaker: str, text: str) -> None:
    colleague = day.random.choice(day.contacts[speaker])
    hour, conversation = day.hour(), f"conversation-{speaker}-{colleague}"
    known = [colleague] if day.random.random() < 0.6 else None
    day.event(
        hour,
        "message",
        speaker,
        recipient_ids=[colleague],
        text=text,
        conversation_id=conversation,
        known_recipient_ids=known,
    )
    if day.random.random() < 0.25:
        thanks = day.random.choice(texts.remarks(day.language(colleague)))
        answer = hour + day.random.uniform(0.05, 1.5)
        day.event(answer, "message", colleague, recipient_ids=[speaker], text=thanks, conversation_id=conversation)


def _praise(day: _Day) -> None:
    for teacher in day.random.sample(day.teachers, 200):
        remark = day.random.choice(texts.remarks(day.language(teacher)))
        owner = day.random.choice(day.contacts[teacher])
        day.event(
            day.hour(), "comment", teacher, owner_id=owner, post_id=f"post-{day.random.randrange(900)}", text=remark
        )


def _profiles_and_media(day: _Day) -> None:
    for number, teacher in enumerate(day.random.sample(day.teachers, 80)):
        language = day.language(teacher)
        name = texts.full_name(language, int(teacher[-3:]) // len(day.languages))
        day.event(
            day.hour(),
            "profile_update",
            teacher,
            display_name=name,
            organisation=f"School {number}",
            verified=number % 9 != 0,
        )
    for number, teacher in enumerate(day.random.sample(day.teachers, 120)):
        pupils = number % 5 == 0
        day.event(
            day.hour(),
            "media_upload",
            teacher,
            media_id=f"media-{day.day:%Y%m%d}-{number}",
            media_kind="document" if number % 3 == 0 else "image",
            visibility="private" if pupils else "members",
            surface=("journal", "group", "twinspace")[number % 3],
            shows_pupils=pupils,
            consent=True if pupils else None,
            rights="own",
            sha256=f"{day.random.getrandbits(256):064x}",
        )


def _reports_and_verdicts(day: _Day) -> None:
    for hour, member in zip(day.over(11.0, 3.0, 4), day.others(_BURST, 4), strict=True):
        day.event(hour, "report", member, reported_id=_BURST, article=1)
    for hour in day.over(16.0, 2.0, 2):
        day.upheld(hour, f"{day.random.getrandbits(128):032x}")


_BEHAVIOURS: tuple[Callable[[_Day], None], ...] = (
    _burst,
    _slow_burst,
    _copied_messages,
    _copied_posts,
    _duplicate_threads,
    _forum_flood,
    _copied_comments,
    _contact_requests_to_strangers,
    _contacts_without_end,
    _invitations_to_strangers,
    _campaign,
    _unusable_records,
    _founder,
    _ambassador_and_support,
    _small_projects_and_events,
    _new_contacts,
    _profiles_and_media,
    _reports_and_verdicts,
    _praise,
    # uses up what is left to say
    _talk,
    _words_that_hurt,
    _articles_8_to_11,
    _stray_post,
)
