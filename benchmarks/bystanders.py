"""Who is accused of a campaign though he only was copied, got it, answered it, asked about it, warned of it or showed it.

    python -m benchmarks.bystanders DATA [--campaigns N] [--only KIND] [--write] [--errors]

DATA holds `*.jsonl.gz` files, which are read in place (`benchmarks.near_duplicates`). There are three kinds of campaigns:
`altered`, as many of each alteration as asked for; `real`, of the sets with known campaigns; and `harmless`, in which spam
accounts take what an innocent member wrote. Half of the accounts write to strangers, half post. To each campaign come
bystanders, one for each of `ROLES`, more than there are accounts; in a third of the campaigns all say the same words. They
come before, among and after the copies, in sixteen languages. Each campaign is judged without them as well.

Told is how many of them are the subject or an accomplice of whatever incident, by kind and by role, and how many campaigns
are found with and without them. Every third campaign is held back: look at the others when you tune a rule. Whoever wrote
the text first is not counted where an incident is about his words themselves, such as an offer.
"""

import argparse
import asyncio
import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.near_duplicates import (
    MUTATIONS,
    START,
    campaigns_found,
    harmless_texts,
    judged,
    rows_in,
    seed_texts,
)
from benchmarks.pages import recorded
from models.incidents import Incident
from twinwatch.embedded import embedded_redis

SAID = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
KINDS = ("altered", "real", "harmless")
ABOUT_WORDS = frozenset(
    {"commercial_content", "threat", "abusive_language", "private_information", "pupil_image", "impersonation"}
)
"""Rules that judge the words of one text, whoever copies it."""
MARKUP = re.compile(r"</?[a-z]+[^>]*>")
AMONG_STRANGERS = 4
"""So many recipients a message of the campaign has, besides the bystander who gets it."""
LONGEST_CAMPAIGN = 12
"""So many accounts of a real campaign take part, the first ones."""
EACH_PER_RUN = 40
"""So many campaigns are judged over one empty store."""

Event = dict[str, Any]


class Copy(NamedTuple):
    """A text of the campaign as a bystander got or saw it: who wrote it, in which event, and in which thread, if in one."""

    moment: datetime
    actor: str
    event_id: str
    text: str
    thread: str


class Words(NamedTuple):
    """What one bystander says."""

    ask: str
    warn: str
    answer: str


class Campaign(NamedTuple):
    """Who spreads what, and when. `seed` is what an innocent member wrote first."""

    name: str
    seed: str
    copies: list[tuple[datetime, str, str]]


# --- What bystanders do ------------------------------------------------------------------------------------------------


def in_lines(text: str) -> str:
    """As a mail program quotes it."""
    if is_html(text):
        return f"<blockquote>{text}</blockquote>"
    return "\n".join(f"> {line}" for line in text.splitlines())


def is_html(text: str) -> bool:
    """Whether the platform keeps the text as HTML: then it keeps that which shows it so, too."""
    return MARKUP.search(text) is not None


def above(words: str, text: str, gap: str = "\n\n") -> str:
    """Own words above a text."""
    return f"<p>{words}</p>{text}" if is_html(text) else f"{words}{gap}{text}"


def message(to: Sequence[str], text: str, *, known: bool = False) -> Event:
    """A message; to members whom the platform knows as the sender's partners, if `known`."""
    return {"type": "message", "recipient_ids": list(to), "text": text} | (
        {"known_recipient_ids": list(to)} if known else {}
    )


def post(thread: str, text: str) -> Event:
    """A post in a thread."""
    return {"type": "forum_post", "forum_id": "f", "thread_id": thread, "text": text}


Role = Callable[[str, Copy, Words], list[Event]]
"""What a bystander of this name does with a copy."""

GOT: dict[str, Role] = {
    "does nothing": lambda me, copy, words: [],
    "answers": lambda me, copy, words: [message([copy.actor], words.answer)],
    "answers and quotes it": lambda me, copy, words: [message([copy.actor], above(words.answer, in_lines(copy.text)))],
    "asks the help desk": lambda me, copy, words: [message(["help desk"], above(words.ask, copy.text))],
    "shows it to the help desk without a word": lambda me, copy, words: [message(["help desk"], copy.text)],
    "forwards it to the help desk": lambda me, copy, words: [
        message(["help desk"], above(f"{words.ask}\n\n---------- Forwarded message ----------\nFrom: x", copy.text))
    ],
    "asks a partner": lambda me, copy, words: [message([f"{me} partner"], above(words.ask, copy.text), known=True)],
    "asks in a forum": lambda me, copy, words: [post("help", above(words.ask, copy.text))],
    "asks in a forum and quotes it": lambda me, copy, words: [
        post("help", above(words.ask, in_lines(copy.text), "\n"))
    ],
    "warns in a forum": lambda me, copy, words: [post("news", above(words.warn, copy.text))],
    "warns in a forum, in marks": lambda me, copy, words: [post("news", above(words.warn, f"«{copy.text}»", " "))],
    "warns partners at once": lambda me, copy, words: [
        message([f"{me} partner {n}" for n in range(6)], above(words.warn, in_lines(copy.text), "\n"), known=True)
    ],
    "warns partners one by one": lambda me, copy, words: [
        message([f"{me} partner {n}"], above(words.warn, in_lines(copy.text), "\n"), known=True) for n in range(4)
    ],
    "warns on his own page": lambda me, copy, words: [
        {"type": "comment", "owner_id": me, "text": above(words.warn, copy.text)}
    ],
    "reports it": lambda me, copy, words: [
        {
            "type": "report",
            "reported_id": copy.actor,
            "reported_event_id": copy.event_id,
            "article": 1,
            "text": copy.text,
        }
    ],
}
"""Of who was sent it."""
SAW: dict[str, Role] = {
    "answers in the thread and quotes it": lambda me, copy, words: [
        post(copy.thread, above(words.answer, in_lines(copy.text)))
    ],
    "warns in the thread": lambda me, copy, words: [post(copy.thread, above(words.warn, in_lines(copy.text), "\n"))],
    "asks elsewhere": lambda me, copy, words: [post(f"{me} own", above(words.ask, copy.text))],
    "asks a colleague": lambda me, copy, words: [message([f"{me} colleague"], above(words.ask, copy.text))],
    "warns a colleague": lambda me, copy, words: [
        message([f"{me} colleague"], above(words.warn, in_lines(copy.text), "\n"))
    ],
}
"""Of who read it in a forum."""
AUTHOR = "wrote it first"
ROLES = (AUTHOR, *GOT, *SAW)


def words_of(rng: random.Random) -> Words:
    """What somebody may say, all in one language."""
    language = rng.choice(list(SAID["asks"]))
    return Words(*(rng.choice(SAID[name][language]) for name in ("asks", "warns", "answers")))


# --- Events ------------------------------------------------------------------------------------------------------------


def spread(campaign: Campaign) -> Iterator[tuple[Event, Copy]]:
    """The events of the accounts that spread it: in turn a message to strangers, a post in a thread of others."""
    for number, (moment, actor, text) in enumerate(campaign.copies):
        event_id = f"{campaign.name} {number}"
        thread = f"{campaign.name} thread {number}"
        strangers = [f"{campaign.name} stranger {number} {n}" for n in range(AMONG_STRANGERS)]
        event = post(thread, text) if number % 2 else message(strangers, text)
        event |= {"event_id": event_id, "occurred_at": moment, "actor_id": actor}
        yield event, Copy(moment, actor, event_id, text, thread if number % 2 else "")


def with_bystanders(campaign: Campaign, rng: random.Random) -> tuple[list[Event], dict[str, str]]:
    """The events of the campaign and of its bystanders; the latter's roles by name."""
    pairs = list(spread(campaign))
    mailed = [pair for pair in pairs if not pair[1].thread]
    posted = [pair for pair in pairs if pair[1].thread]
    together = words_of(rng) if rng.random() < 1 / 3 else None
    roles: dict[str, str] = {}
    events = [event for event, _ in pairs]

    def add(role: str, at: datetime, done: Iterable[Event]) -> None:
        me = name_of(role)
        for number, event in enumerate(done):
            moment = at + timedelta(minutes=3 * number)
            events.append(event | {"event_id": f"{me} {number}", "occurred_at": moment, "actor_id": me})

    def name_of(role: str) -> str:
        name = f"{campaign.name}/{role}"
        roles[name] = role
        return name

    first = min(moment for moment, _, _ in campaign.copies)
    add(AUTHOR, first - timedelta(minutes=rng.uniform(5, 3_000)), [post(f"{campaign.name} own", campaign.seed)])
    for listed, copies in ((GOT, mailed), (SAW, posted)):
        for role, done in listed.items():
            if not copies:
                continue
            event, copy = rng.choice(copies)
            me = name_of(role)
            if listed is GOT:
                event["recipient_ids"].append(me)
            at = copy.moment + timedelta(minutes=rng.choice([2, 20, 120, 600]) * rng.uniform(0.5, 1.5))
            add(role, at, done(me, copy, together or words_of(rng)))
    return events, roles


# --- Campaigns ---------------------------------------------------------------------------------------------------------


def altered(directory: Path | None, count: int) -> Iterator[tuple[str, list[Campaign]]]:
    """Of each alteration so many campaigns, each account with an alteration of its own."""
    seeds = seed_texts(directory, 4 * count, random.Random(11))
    for number, (name, (mutation, _)) in enumerate(MUTATIONS.items()):
        rng = random.Random(f"bystanders {name}")
        campaigns = []
        for at, seed in enumerate(rng.sample(seeds, min(count, len(seeds)))):
            accounts = range(rng.randint(4, LONGEST_CAMPAIGN))
            moments = [START + timedelta(seconds=rng.uniform(0, 20 * 3600)) for _ in accounts]
            copies = [(moment, f"a{number}-{at}/s{n}", mutation(seed, rng)) for n, moment in enumerate(sorted(moments))]
            campaigns.append(Campaign(f"a{number}-{at}", seed, copies))
        yield name, campaigns


def real(directory: Path, count: int) -> Iterator[tuple[str, list[Campaign]]]:
    """Ten times so many campaigns of each set that says which texts are of one, with its own accounts, texts and times."""
    for path in sorted(directory.glob("ira_dev_*.jsonl.gz")):
        members: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows_in(path.parent, path.name):
            if row.get("campaign") is not None:
                members[str(row["campaign"])].append(row)
        rng = random.Random(path.name)
        name = path.name.split(".")[0]
        campaigns: list[Campaign] = []
        begun: set[str] = set()
        for campaign in rng.sample(sorted(members), len(members)):
            number = len(campaigns)
            if number == 10 * count:
                break
            rows = sorted(members[campaign], key=lambda row: row["ts"])[: 2 * LONGEST_CAMPAIGN]
            # the same text again some weeks later is another campaign there, whose author would have copied this one
            seed = plain(rows[0]["text"])
            if (begins := "".join(filter(str.isalpha, seed.lower()))[:30]) in begun:
                continue
            begun.add(begins)
            accounts = list(dict.fromkeys(row["actor"] for row in rows))[:LONGEST_CAMPAIGN]
            called = {actor: f"{name}-{number}/s{n}" for n, actor in enumerate(accounts)}
            copies = [
                (datetime.fromisoformat(row["ts"]), called[row["actor"]], row["text"])
                for row in rows
                if row["actor"] in called
            ]
            campaigns.append(Campaign(f"{name}-{number}", seed, copies))
        yield name, campaigns


def plain(text: str) -> str:
    """The text without what shows nothing or is broken: an innocent member hides nothing."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf" and letter != "\ufffd")


def harmless(directory: Path, count: int) -> Iterator[tuple[str, list[Campaign]]]:
    """Ten times so many harmless texts, each of which spam accounts copy word for word or nearly so."""
    rng = random.Random(13)
    texts = [text for text in harmless_texts(directory) if 60 <= len(text) <= 2_000]
    campaigns = []
    for number, seed in enumerate(rng.sample(texts, min(10 * count, len(texts)))):
        mutation = MUTATIONS[rng.choice(("exact", "another greeting", "10 % dropped", "emoji decoration"))][0]
        moments = sorted(START + timedelta(seconds=rng.uniform(0, 20 * 3600)) for _ in range(rng.randint(4, 8)))
        copies = [(moment, f"h{number}/s{n}", mutation(seed, rng)) for n, moment in enumerate(moments)]
        campaigns.append(Campaign(f"h{number}", seed, copies))
    yield "harmless texts", campaigns


# --- Results -----------------------------------------------------------------------------------------------------------


class Result(NamedTuple):
    """What came of some campaigns: names of those found without and with bystanders, roles, and who is accused of what."""

    campaigns: list[str]
    found_alone: set[str]
    found: set[str]
    roles: dict[str, str]
    accused: dict[str, set[tuple[str, str]]]


def accusations(incidents: Iterable[Incident], roles: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """By bystander, the rule and severity of each incident of which he is the subject or an accomplice."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for incident in incidents:
        for member in (incident.subject_id, *incident.accomplice_ids):
            if member in roles and not (roles[member] == AUTHOR and incident.rule in ABOUT_WORDS):
                found[member].add((incident.rule, incident.severity))
    return found


async def results(campaigns: Sequence[Campaign], redis: str, seed: str) -> Result:
    """Judge the campaigns, without and with bystanders."""
    rng = random.Random(f"bystanders of {seed}")
    whole = Result([one.name for one in campaigns], set(), set(), {}, {})
    for start in range(0, len(campaigns), EACH_PER_RUN):
        some = campaigns[start : start + EACH_PER_RUN]
        bare = [event for campaign in some for event, _ in spread(campaign)]
        events: list[Event] = []
        for campaign in some:
            more, roles = with_bystanders(campaign, rng)
            events += more
            whole.roles.update(roles)
        for which, those in ((whole.found_alone, bare), (whole.found, events)):
            those.sort(key=lambda event: event["occurred_at"])
            incidents = await judged(those, redis, f"{seed} {start} {which is whole.found}:")
            of_campaigns = [one for one in incidents if one.rule == "coordinated_campaign"]
            which.update(campaigns_found(of_campaigns)[0])
            if which is whole.found:
                whole.accused.update(accusations(incidents, whole.roles))
    return whole


def held_back(member: str) -> bool:
    """Whether this campaign, or this bystander of one, is to be looked at last."""
    digits = "".join(letter for letter in member.split("/")[0].rsplit("-", 1)[-1] if letter.isdigit())
    return int(digits) % 3 == 2


def _row(name: str, part: str, result: Result, *, back: bool) -> str:
    campaigns = [one for one in result.campaigns if held_back(one) == back]
    members = [one for one in result.roles if held_back(one) == back]
    accused = {one: found for one, found in result.accused.items() if held_back(one) == back}
    above = sum(any(severity != "low" for _, severity in found) for found in accused.values())
    alone, among = (sum(one in found for one in campaigns) for found in (result.found_alone, result.found))
    return f"| {name} | {part} | {len(campaigns)} | {alone} | {among} | {len(members):,} | {above} | {len(accused)} |"


async def tables(directory: Path, count: int, redis: str, only: str | None, *, errors: bool) -> None:
    """Print both tables: by kind of campaign, and by what the bystanders did."""
    print(
        "| campaigns | part | campaigns | found without bystanders | found | bystanders | accused above low | accused |"
    )
    print("|---|---|---|---|---|---|---|---|")
    everybody: dict[str, str] = {}
    everything: dict[str, set[tuple[str, str]]] = {}
    for kind, make in zip(KINDS, (altered, real, harmless), strict=True):
        if only and only != kind:
            continue
        for name, campaigns in make(directory, count):
            result = await results(campaigns, redis, name)
            for part in ("seen", "held back"):
                print(_row(name, part, result, back=part == "held back"), flush=True)
            everybody |= result.roles
            everything |= result.accused
    of_role, accused = Counter(everybody.values()), Counter(everybody[one] for one in everything)
    print("\n| what the bystander did | bystanders | accused |\n|---|---|---|")
    for role in ROLES:
        print(f"| {role} | {of_role[role]:,} | {accused[role]} |")
    print(f"| all | {of_role.total():,} | {accused.total()} |")
    if errors:
        for member, found in sorted(everything.items()):
            print(f"{'held back' if held_back(member) else member}: {sorted(found)}")


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--campaigns", type=int, default=12, help="of each alteration; ten times as many of each real set"
    )
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--errors", action="store_true", help="name who is accused of what, but for what is held back")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/near-duplicates.md")
    chosen = parser.parse_args()
    if chosen.write and chosen.only:
        parser.error("--write: found it with --only, expected whole tables")
    with embedded_redis() as server, recorded("near-duplicates.md", "bystanders", write=chosen.write):
        asyncio.run(tables(chosen.directory, chosen.campaigns, server.url, chosen.only, errors=chosen.errors))


if __name__ == "__main__":
    main()
