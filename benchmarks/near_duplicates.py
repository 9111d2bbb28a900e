"""The numbers of docs/near-duplicates.md: which altered copies are found, and how often other texts are taken for copies.

    python -m benchmarks.near_duplicates [DIRECTORY] [--write] [--campaigns N] [--only MUTATION] [--curve FILE.svg] …

Seeds are the texts of `near_duplicates.yaml` and, where DIRECTORY is given, texts that its `*.jsonl.gz` files hold in a
field `text`; files named `benign_*` are the harmless texts as well. All are read in place. A campaign is one seed, altered
independently by each of its 4 to 12 accounts within a day; everything goes through the real engine and an embedded Redis.
With --curve the share of copies found by similarity is drawn into FILE. With --write what is printed goes into the page.
"""

import argparse
import asyncio
import gzip
import json
import random
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec
import numpy as np
import yaml
from rapidfuzz import fuzz
from redis.asyncio import Redis

from benchmarks import disguises
from benchmarks.disguises import Mutation, both
from benchmarks.pages import recorded
from engine.engine import Engine
from models.incidents import Incident
from models.records import RawRecord
from rules.policy import load_policy
from state.campaigns import name_in_store
from state.pseudonyms import Pseudonyms
from state.requests import Campaign, MergeDecision, ModeratorVerdict, Sample, Text
from state.store import Store
from text.likeness import MAX_LETTERS
from text.reading import MIN_SIGNED_LETTERS, SIGNATURE_SLOTS, TextReading, read_texts
from text.signature import Compared, compare, shingle_hashes, signatures
from twinwatch.embedded import embedded_redis

OWN = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MIN_CHARACTERS = 80
ESTIMATED_PAIRS = 5_000
BATCH = 500
POLICY: Path | None = None
KEY = Pseudonyms(b"benchmark")

# --- Mutations ---------------------------------------------------------------------------------------------------------

GREETINGS = (
    "Hi {},", "Hello {}!", "Dear {},", "Good morning {},", "Hallo {},", "Liebe {},", "Bonjour {},", "Chère {},", "Hola {}:",
    "Estimado {},", "Ciao {},", "Gentile {},", "Olá {},", "Beste {},", "Cześć {},", "Ahoj {},", "Dobrý deň {},", "Živjo {},",
    "Poštovani {},", "Здраво {},", "Здравейте, {}!", "Привет, {}!", "Уважаемая {},", "Вітаю, {}!", "Bună {},", "Kedves {},",
    "Hei {},", "Tere {},", "Sveiki {},", "Laba diena, {},", "Hej {},", "Kære {},", "Góðan daginn {},", "Γεια σου {},",
    "Merhaba {},", "Salam {},", "Përshëndetje {},", "Dia duit {},", "Բարև {},", "გამარჯობა {},", "مرحبا {}،", "",
)  # fmt: skip
NAMES = (
    "Anna", "Frau Schmidt", "Prof. Maria Weber", "Jean-Pierre", "Γιώργος", "Олена", "Ayşe Hanım", "dear colleagues", "Łukasz",
    "Katarina Novak", "Իրինա", "ნინო", "سارة", "Mr. Brown", "José Luis", "Søren", "all",
)  # fmt: skip
LOOKALIKES = {
    "a": "аɑα", "b": "Ь", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ɡ", "h": "һ", "i": "іι", "j": "ј", "k": "κк", "l": "ӏ",
    "m": "м", "n": "ո", "o": "оοօ", "p": "рρ", "q": "ԛ", "s": "ѕ", "t": "тτ", "u": "ս", "v": "ν", "w": "ԝ", "x": "хχ",
    "y": "уγ",
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ", "P": "РΡ",
    "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "УΥ", "Z": "Ζ",
    "а": "a", "е": "e", "о": "oο", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "к": "k", "м": "m", "т": "t", "В": "B",
    "М": "M", "Н": "H", "ο": "oо", "α": "aа", "ν": "v", "ι": "i", "ρ": "p", "κ": "k", "τ": "t", "υ": "u", "χ": "x",
}  # fmt: skip
LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "l": "1"}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u200e\u202c\ufe0f"
EMOJI = "🔥✨💥🎉👉✅⭐💯🚀📣❤️🙏🎁💰😀"


def exact(text: str, rng: random.Random) -> str:
    """The text itself."""
    return text


def case_punctuation(text: str, rng: random.Random) -> str:
    """Other case for all or some words, and other marks between them."""
    change = rng.choice([str.upper, str.lower, str.title, str.swapcase])
    words = [change(w) if rng.random() < 0.7 else w for w in text.split()]
    words = [re.sub(r"[.,;:!?]+$", lambda _: rng.choice(["", ".", "!", "!!!", " -", "..."]), w) for w in words]
    return " ".join(w + rng.choice([",", " –", "!"]) if rng.random() < 0.1 else w for w in words)


def other_link(text: str, rng: random.Random) -> str:
    """Another address in the place of each, or at the end."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    name = "".join(rng.choices(letters, k=rng.randint(5, 12)))
    path = "".join(rng.choices(letters + "/-?=", k=rng.randint(0, 25)))
    address = (
        rng.choice(["https://", "http://www.", "www.", ""])
        + f"{name}.{rng.choice(['com', 'net', 'shop', 'info'])}/{path}"
    )
    changed, count = re.subn(r"(?:https?://|www\.)\S+", lambda _: address, text)
    return changed if count else f"{text} {address}"


def other_greeting(text: str, rng: random.Random) -> str:
    """Another greeting and name in front."""
    return f"{rng.choice(GREETINGS)}{rng.choice([' ', chr(10)])}".format(rng.choice(NAMES)) + text


def homoglyphs(share: float) -> "Mutation":
    """Letters replaced by others that look the same."""

    def mutate(text: str, rng: random.Random) -> str:
        return "".join(rng.choice(LOOKALIKES[c]) if c in LOOKALIKES and rng.random() < share else c for c in text)

    return mutate


def zero_width(text: str, rng: random.Random) -> str:
    """Characters that show nothing between the letters."""
    return "".join(c + rng.choice(INVISIBLE) if rng.random() < 0.3 else c for c in text)


def leet(text: str, rng: random.Random) -> str:
    """Digits for letters, in a quarter to all of the places where they can stand."""
    share = rng.uniform(0.25, 1)
    return "".join(rng.choice(LEET[c.lower()]) if c.lower() in LEET and rng.random() < share else c for c in text)


def spaced(text: str, rng: random.Random) -> str:
    """Some or all words letter by letter."""
    share, gap = rng.choice([0.2, 0.5, 1]), rng.choice([" ", ".", "-", "_"])
    words = [gap.join(w) if rng.random() < share else w for w in text.split()]
    return rng.choice([" ", "  "]).join(words)


def decoration(text: str, rng: random.Random) -> str:
    """Emoji between the words."""
    words = [
        w + rng.choice(["", "", " "]) + rng.choice(EMOJI) * rng.randint(1, 3) if rng.random() < 0.3 else w
        for w in text.split()
    ]
    return rng.choice(EMOJI) * 3 + " " + " ".join(words)


def padding(text: str, rng: random.Random) -> str:
    """A fifth of unrelated words before or behind."""
    other = filler(rng, len(text) // 5)
    return f"{other} {text}" if rng.random() < 0.5 else f"{text} {other}"


def dropped(share: float) -> "Mutation":
    """Words left out."""

    def mutate(text: str, rng: random.Random) -> str:
        words = text.split()
        kept = [w for w in words if rng.random() >= share]
        return " ".join(kept or words)

    return mutate


def shuffled(text: str, rng: random.Random) -> str:
    """Sentences in another order."""
    sentences = re.split(r"(?<=[.!?։])\s+", text)
    rng.shuffle(sentences)
    return " ".join(sentences)


def framed(text: str, rng: random.Random) -> str:
    """The whole within another text, which is a quarter to a half as long."""
    other = filler(rng, int(len(text) * rng.uniform(0.25, 0.5))).split()
    cut = rng.randint(1, max(1, len(other) - 1))
    return f"{' '.join(other[:cut])}: {text} {' '.join(other[cut:])}"


_FILLER_WORDS: list[str] = []


def filler(rng: random.Random, length: int) -> str:
    """Unrelated words of about so many characters, a sentence's neighbours in the seeds' languages."""
    if not _FILLER_WORDS:
        _FILLER_WORDS.extend(word for seed in OWN["seeds"].values() for word in seed.split())
    words: list[str] = []
    while sum(map(len, words)) + len(words) < length:
        words.append(rng.choice(_FILLER_WORDS))
    return " ".join(words)


MUTATIONS: dict[str, tuple[Mutation, float]] = {
    "exact": (exact, 0.99),
    "case and punctuation": (case_punctuation, 0.99),
    "another link": (other_link, 0.99),
    "emoji decoration": (decoration, 0.99),
    "zero width": (zero_width, 0.99),
    "homoglyphs 10 %": (homoglyphs(0.1), 0.99),
    "homoglyphs 30 %": (homoglyphs(0.3), 0.99),
    "another greeting": (other_greeting, 0.95),
    "leet": (leet, 0.95),
    "spaced": (spaced, 0.95),
    "padding 20 %": (padding, 0.95),
    "10 % dropped": (dropped(0.1), 0.95),
    "20 % dropped": (dropped(0.2), 0.85),
    "sentences shuffled": (shuffled, 0.85),
    "framed": (framed, 0.85),
    "35 % dropped": (dropped(0.35), 0.5),
    "look-alikes of any script 30 %": (disguises.lookalikes_of_any_script(0.3), 0.97),
    "Latin leet": (disguises.leet_in("latin"), 0.97),
    "Cyrillic leet": (disguises.leet_in("cyrillic"), 0.97),
    "Greek leet": (disguises.leet_in("greek"), 0.97),
    "barred letters": (disguises.barred, 0.97),
    "signs for vowels": (disguises.starred_vowels, 0.97),
    "quotation marks and lines": (disguises.quoted, 0.99),
    "HTML": (disguises.as_html, 0.99),
    "typos 7 %": (disguises.typos(0.07), 0.99),
    "typos 15 %": (disguises.typos(0.15), 0.8),
    "letters swapped 10 %": (disguises.swapped(0.1), 0.95),
    "words replaced 15 %": (disguises.replaced(0.15, filler), 0.95),
    "words replaced 30 %": (disguises.replaced(0.3, filler), 0.4),
    "as much other text": (disguises.beside(1, filler), 0.9),
    "three times as much other text": (disguises.beside(3, filler), 0.6),
}
"""Each way of altering a copy, and the share of campaigns that are to be found."""
SHORT_DROPPED = ((0.1, 0.85), (0.2, 0.6))
"""The same of short texts by four accounts that drop so many of the words."""
PAIRS = 24
"""So many pairs of alterations are drawn, of those by each of which alone 0.9 of the campaigns are to be found."""
PAIR_WANTED, SEEDS_OF_PAIR = 0.75, 30

# --- Texts -------------------------------------------------------------------------------------------------------------


def rows_in(directory: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """The rows of the files that have a text, in their order."""
    for path in sorted(directory.glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (row for line in lines if (row := json.loads(line)).get("text"))


def seed_texts(directory: Path | None, count: int, rng: random.Random) -> list[str]:
    """Our own texts and, up to `count`, others; none of them similar to another."""
    seeds = list(OWN["seeds"].values())
    if directory:
        texts = {row["text"] for row in rows_in(directory, "[!p]*.jsonl.gz")}
        others = sorted(text for text in texts if MIN_CHARACTERS <= len(text) <= 2_000)
        rng.shuffle(others)
        others = others[: 8 * count]
        # a row of @names is no text
        read = zip(others, read_texts(others), strict=True)
        seeds += [text for text, reading in read if len(reading.normalised) >= MIN_CHARACTERS]
    return apart(seeds)[:count]


def short_texts(directory: Path, count: int, rng: random.Random) -> list[str]:
    """Up to `count` texts of 60 to 80 characters, besides links and names, none of them similar to another."""
    others = sorted({row["text"] for row in rows_in(directory, "[!p]*.jsonl.gz") if 60 <= len(row["text"]) <= 80})
    rng.shuffle(others)
    read = zip(others[: 16 * count], read_texts(others[: 16 * count]), strict=True)
    return apart([text for text, reading in read if len(reading.normalised) >= 60], of_one_length=True)[:count]


def apart(texts: list[str], *, of_one_length: bool = False) -> list[str]:
    """The texts without those that share a band of the signature with an earlier one: those may be copies in fact. Nor are two
    of as many letters kept, unless they all are `of_one_length`, so that there are long ones among them.
    """
    seen: set[tuple[int, bytes]] = set()
    kept = []
    for text, reading in zip(texts, read_texts(texts), strict=True):
        signature = reading.signature
        if signature:
            last = len(signature) - 2 * of_one_length  # the number of letters stands there
            bands = {(at, signature[at : at + 8]) for at in range(0, last, 8)}
            if not bands & seen:
                kept.append(text)
            seen |= bands
    return kept


# --- The engine --------------------------------------------------------------------------------------------------------


class Post(NamedTuple):
    """One text by one account."""

    time: datetime
    actor: str
    text: str


async def incidents_of(
    posts: Iterable[Post], redis: str, namespace: str, boilerplate: tuple[str, ...] = ()
) -> list[Incident]:
    """What the engine says of the posts, in their order, each in a forum of its own: the campaigns."""
    events = [
        {
            "type": "forum_post",
            "event_id": f"{namespace}{number}",
            "occurred_at": post.time,
            "actor_id": post.actor,
            "forum_id": "f",
            "thread_id": f"t{number}",
            "text": post.text,
        }
        for number, post in enumerate(posts)
    ]
    found = await judged(events, redis, namespace, boilerplate)
    return [incident for incident in found if incident.rule == "coordinated_campaign"]


async def judged(
    events: Sequence[dict[str, Any]], redis: str, namespace: str, boilerplate: tuple[str, ...] = ()
) -> list[Incident]:
    """All incidents that the engine tells of the events, in their order."""
    policy = load_policy(POLICY)
    policy = msgspec.structs.replace(policy, boilerplate=(*policy.boilerplate, *boilerplate))
    client = Redis.from_url(redis)
    store = Store(client, KEY, namespace=namespace, limits=policy.memory.store_limits())
    engine = Engine(policy, store)
    records = [RawRecord(value=msgspec.json.encode(event)) for event in events]
    found: list[Incident] = []
    for start in range(0, len(records), BATCH):
        outcome = await engine.process(records[start : start + BATCH])
        if outcome.dead_letters:
            raise SystemExit(f"dead letter: {outcome.dead_letters[0].detail}")
        found += outcome.incidents
    await client.aclose()
    return found


def campaign_posts(seeds: list[str], mutation: Mutation, rng: random.Random, most: int = 12) -> list[Post]:
    """A campaign a seed, of 4 to `most` accounts within a day. An account is named after its campaign."""
    posts = []
    for number, seed in enumerate(seeds):
        for account in range(rng.randint(4, most)):
            when = START + timedelta(seconds=rng.uniform(0, 20 * 3600))
            posts.append(Post(when, f"{number}/{account}", mutation(seed, rng)))
    return sorted(posts)


def campaigns_found(incidents: list[Incident]) -> tuple[set[str], int]:
    """Campaigns of which an incident names three accounts or more and hardly others; how many incidents mix campaigns.

    Named is who is accused, and whose words the others copy.
    """
    members: dict[str, set[str]] = defaultdict(set)
    for incident in incidents:
        members[incident.incident_id] |= {incident.subject_id, *incident.accomplice_ids}
        if incident.evidence.copied_from:
            members[incident.incident_id].add(incident.evidence.copied_from)
    found, mixed = set(), 0
    for accounts in members.values():
        by_campaign = defaultdict(set)
        for account in accounts:
            by_campaign[account.split("/")[0]].add(account)
        most = max(by_campaign, key=lambda name: len(by_campaign[name]))
        if len(by_campaign[most]) >= max(3, 0.8 * len(accounts)):
            found.add(most)
        else:
            mixed += 1
    return found, mixed


async def recall_table(seeds: list[str], directory: Path | None, redis: str, only: str | None) -> None:
    """Print the recall of each mutation; of short texts that real files hold by themselves."""
    ours = {str(number) for number, seed in enumerate(seeds) if seed in OWN["seeds"].values()}
    print(f"\n{len(seeds)} campaigns a row, each of 4 to 12 accounts within 20 hours\n")
    print("| alteration | found | aim | of our own texts | incidents over two campaigns |\n|---|---|---|---|---|")
    for number, (name, (mutation, wanted)) in enumerate(MUTATIONS.items()):
        if only and only not in name:
            continue
        posts = campaign_posts(seeds, mutation, random.Random(number))
        found, mixed = campaigns_found(await incidents_of(posts, redis, f"m{number}:"))
        own = len(found & ours) / len(ours)
        print(f"| {name} | {len(found) / len(seeds):.3f} | {wanted} | {own:.3f} | {mixed} |", flush=True)
    short = short_texts(directory, len(seeds), random.Random(3)) if directory else []
    for share, wanted in SHORT_DROPPED if short else ():
        name = f"{share:.0%} dropped, 60 to 80 characters, four accounts"
        if only and only not in name:
            continue
        posts = campaign_posts(short, dropped(share), random.Random(f"{share}"), most=4)
        found, mixed = campaigns_found(await incidents_of(posts, redis, f"s{share}:"))
        print(f"| {name} | {len(found) / len(short):.3f} | {wanted} | | {mixed} |", flush=True)


async def pairs_table(seeds: list[str], redis: str) -> None:
    """Print the recall of two alterations one after the other, for pairs that are drawn; the last third as held back."""
    names = [name for name, (_, wanted) in MUTATIONS.items() if name != "exact" and wanted > 0.9]
    chosen = random.Random(23).sample([(one, other) for one in names for other in names if one != other], PAIRS)
    print(f"\nTwo alterations one after the other, {SEEDS_OF_PAIR} campaigns a pair; wanted of each: {PAIR_WANTED}\n")
    print("| first | then | found |\n|---|---|---|")
    shares = []
    for number, (one, other) in enumerate(chosen):
        rng = random.Random(f"{one}, {other}")
        posts = campaign_posts(rng.sample(seeds, SEEDS_OF_PAIR), both(MUTATIONS[one][0], MUTATIONS[other][0]), rng)
        found, _ = campaigns_found(await incidents_of(posts, redis, f"d{number}:"))
        shares.append(len(found) / SEEDS_OF_PAIR)
        print(f"| {one} | {other} | {shares[-1]:.2f} |", flush=True)
    print()
    for name, those in ((f"All {PAIRS}", shares), ("The last third, held back", shares[2 * PAIRS // 3 :])):
        below = sum(share < PAIR_WANTED for share in those)
        print(f"{name}: {statistics.mean(those):.3f} on average, {below} of {len(those)} below {PAIR_WANTED}.")


async def paraphrase_table(redis: str) -> None:
    """Print how many paraphrases are found."""
    posts = [
        Post(START + timedelta(minutes=10 * version), f"{number}/{version}", text)
        for number, versions in enumerate(OWN["paraphrases"])
        for version, text in enumerate(versions)
    ]
    found, _ = campaigns_found(await incidents_of(sorted(posts), redis, "p:"))
    print(f"\nParaphrases: {len(found)} of {len(OWN['paraphrases'])} campaigns found.")


OWN_COPY = 0.5
"""Share of their words that make two texts by one person copies of one another. They would count as two persons' here."""


def harmless_texts(directory: Path) -> list[str]:
    """Texts by people that say enough to be compared, without what one person wrote again: copies of one's own are copies.

    Those by bots are left out, as are equal texts and those that share `OWN_COPY` of their words with an earlier one of the
    same person.
    """
    by_author: dict[str, list[str]] = defaultdict(list)
    for number, row in enumerate(rows_in(directory, "benign_*.jsonl.gz")):
        if row.get("label") != "bot":
            by_author[row.get("actor") or f"row {number}"].append(row["text"])
    return sorted({text for texts in by_author.values() for text in without_own_copies(texts)})


def without_own_copies(texts: list[str]) -> list[str]:
    """The texts of one person that share less than `OWN_COPY` of their words with each of the person's before."""
    readings = read_texts(texts)
    frequency = Counter(word for reading in readings for word in set(reading.normalised.split()))
    holders: dict[str, list[set[str]]] = defaultdict(list)
    kept = []
    for text, reading in zip(texts, readings, strict=True):
        words = set(reading.normalised.split())
        # who shares half of the words shares one of the rarer half, and one
        rare = sorted(words, key=lambda word: (frequency[word], word))[: int(len(words) * (1 - OWN_COPY)) + 1]
        before = {id(other): other for word in rare for other in holders[word]}.values()
        if reading.digest and not any(len(words & other) >= OWN_COPY * len(words | other) for other in before):
            kept.append(text)
            for word in words:
                holders[word].append(words)
    return kept


async def false_table(directory: Path, redis: str) -> None:
    """Print the campaigns among harmless texts, each by another author, all within a day and in random order."""
    rng = random.Random(7)
    texts = harmless_texts(directory)
    rng.shuffle(texts)
    step = timedelta(hours=20) / len(texts)
    posts = [Post(START + number * step, f"{number}/0", text) for number, text in enumerate(texts)]
    incidents = await incidents_of(posts, redis, "b:")
    latest = {incident.incident_id: incident for incident in incidents}
    print(f"\n**{len(latest)} false campaigns among {len(texts):,} texts.**")
    for incident in latest.values():
        print(f"  {incident.accomplice_count + 1} accounts, similarity {incident.evidence.similarity}:")
        for account in sorted({incident.subject_id, *incident.accomplice_ids})[:4]:
            print("     ", texts[int(account.split("/")[0])][:150].replace("\n", " "))


# --- Templates -----------------------------------------------------------------------------------------------------------

TEMPLATES = ("en", "de", "el", "pl", "tr")
AUTHORS_OF_TEMPLATE, TEMPLATE_DAYS = 40, 4
"""Authors of each, and the days on which they write: boilerplate is learnt of what is used on three (`state.boilerplate`)."""
SHARES = (0.3, 0.5, 0.7)


def filled_in(template: str, share: float, words: Iterator[str]) -> str:
    """A template with words of somebody's own around it, so that the template makes up this share of the letters."""
    own: list[str] = []
    while sum(map(len, own)) < (1 - share) / share * len(template.replace(" ", "")):
        own.append(next(words))
    cut = len(own) // 2
    return f"{' '.join(own[:cut])}.\n{template}\n{' '.join(own[cut:])}"


def template_posts(shares: tuple[float, ...], words: Iterator[str], rng: random.Random) -> list[Post]:
    """Many authors who have nothing in common but the templates that they fill in."""
    posts = []
    for name in TEMPLATES:
        for author in range(AUTHORS_OF_TEMPLATE):
            text = filled_in(OWN["seeds"][name], rng.choice(shares), words)
            posts.append(Post(START + timedelta(hours=rng.uniform(0, 24 * TEMPLATE_DAYS)), f"{name}-{author}/0", text))
    return sorted(posts)


async def template_table(directory: Path, seeds: list[str], redis: str) -> None:
    """Print the campaigns among authors who fill in templates, and how many campaigns are found that embed one."""
    rng = random.Random(19)
    texts = sorted({row["text"] for row in rows_in(directory, "benign_fortunes*.jsonl.gz")})
    rng.shuffle(texts)
    words = (word for text in texts for word in text.split())
    streams = [((share,), f"{share:.0%}") for share in SHARES] + [(SHARES, "mixed")]
    print("\n| template's share | learnt | false campaigns | accounts in them |\n|---|---|---|---|")
    for number, (shares, name) in enumerate(streams):
        posts = template_posts(shares, words, rng)
        for learnt in ("no", "yes", "declared in the policy"):
            declared = tuple(OWN["seeds"][one] for one in TEMPLATES) if learnt.startswith("declared") else ()
            with unlearnt(learnt == "no"):
                found = await incidents_of(posts, redis, f"t{number}{learnt}:", declared)
            latest = {incident.incident_id: incident for incident in found}
            accounts = sum(incident.accomplice_count + 1 for incident in latest.values())
            print(f"| {name} | {learnt} | {len(latest)} | {accounts} |", flush=True)
    others = [seed for seed in seeds[len(OWN["seeds"]) :] if len(seed) < 400]
    print("\n| campaigns that embed a template | learnt | found |\n|---|---|---|")
    for number, name in enumerate(("exact", "another greeting", "10 % dropped", "20 % dropped")):
        mutation, _ = MUTATIONS[name]
        before = template_posts((0.3,), words, rng)

        def embed(text: str, rng: random.Random, mutation: Mutation = mutation) -> str:
            return f"{OWN['seeds'][TEMPLATES[len(text) % len(TEMPLATES)]]}\n{mutation(text, rng)}"

        after = timedelta(days=TEMPLATE_DAYS)
        spam = [post._replace(time=post.time + after) for post in campaign_posts(others, embed, rng)]
        for learnt in ("no", "yes"):
            with unlearnt(learnt == "no"):
                campaigns, _ = campaigns_found(await incidents_of([*before, *spam], redis, f"e{number}{learnt}:"))
            share = sum(one.isdigit() for one in campaigns) / len(others)
            print(f"| {name} | {learnt} | {share:.3f} |", flush=True)


@contextmanager
def unlearnt(wanted: bool) -> Iterator[None]:
    """Without boilerplate being learnt, if that is wanted."""
    with patch("state.boilerplate.are_enough", lambda _: False) if wanted else nullcontext():
        yield


# --- Short texts -------------------------------------------------------------------------------------------------------

SHORT_TEXTS = 12_000


def mistyped(text: str, rng: random.Random) -> str:
    """The text with one character more, less or another."""
    at, other = rng.randrange(len(text)), rng.choice("etaoinsr")
    return text[:at] + rng.choice([other + text[at:], text[at + 1 :], other + text[at + 1 :]])


async def short_table(directory: Path, redis: str) -> None:
    """Print which copies of short texts are found that differ by one character, by their number of letters."""
    rng = random.Random(5)
    texts = sorted({row["text"] for row in rows_in(directory, "[!p]*.jsonl.gz") if 15 <= len(row["text"]) <= 60})
    rng.shuffle(texts)
    texts = texts[:SHORT_TEXTS]
    pairs_ = [
        (left, right)
        for left, right in zip(signed(texts), signed([mistyped(text, rng) for text in texts]), strict=True)
        if left.digest and right.digest and left.digest != right.digest
    ]
    client = Redis.from_url(redis)
    store = Store(client, KEY, limits=load_policy(POLICY).memory.store_limits())
    found = await answered(store, a_day_of([reading for pair in pairs_ for reading in pair], "s", START, 20))
    await client.aclose()
    joined: dict[int, list[bool]] = defaultdict(list)
    letters = [len(form.letters) for form in compare([left.normalised for left, _ in pairs_])]
    for count, (one, _), (other, _) in zip(letters, found[::2], found[1::2], strict=True):
        together = one is not None and other is not None and one.campaign_id == other.campaign_id
        joined[min(count // 4 * 4, 44)].append(together)
    print("\n| letters | pairs | found |\n|---|---|---|")
    for count, those in sorted(joined.items()):
        print(f"| {count} to {count + 3} | {len(those):,} | {statistics.mean(those):.2f} |")


# --- What signatures find clear, and what people have upheld -------------------------------------------------------------


def second_opinion(left: TextReading, right: TextReading) -> float:
    """RapidFuzz's opinion of two texts, 0 to 100: the better of those ratios that neither order nor additions lower."""
    one, other = left.words[:MAX_LETTERS], right.words[:MAX_LETTERS]
    return max(fuzz.token_set_ratio(one, other), fuzz.partial_ratio(one, other))


def signed(texts: Sequence[str]) -> list[TextReading]:
    """Readings as a store with `KEY` gets them."""
    return read_texts(texts, salt=KEY.salt)


async def answered(store: Store, texts: list[Text]) -> list[tuple[Campaign | None, bool]]:
    """The campaign of each text, and whether that took a decision besides signatures."""
    found: list[tuple[Campaign | None, bool]] = []
    for at in range(0, len(texts), BATCH):
        batch = texts[at : at + BATCH]
        recalled = await store.recall([], batch, [])
        await store.settle([], recalled.decisions)
        decided = {one.name for one in recalled.decisions if isinstance(one, MergeDecision)}
        found += [
            (campaign, name_in_store(text) in decided) for text, campaign in zip(batch, recalled.campaigns, strict=True)
        ]
    return found


def a_day_of(readings: list[TextReading], name: str, begin: datetime, hours: float) -> list[Text]:
    """Texts by an author each, in equal steps."""
    step = timedelta(hours=hours) / len(readings)
    moments = [int((begin + number * step).timestamp() * 1_000_000) for number in range(len(readings))]
    return [text_of(f"{name}{n}", moment, r) for n, (moment, r) in enumerate(zip(moments, readings, strict=True))]


async def clear_table(directory: Path, seeds: list[str], redis: str) -> None:
    """Print what RapidFuzz says of pairs of copies that signatures find clear, and of such texts among harmless ones."""
    client = Redis.from_url(redis)
    limits = load_policy(POLICY).memory.store_limits()
    opinions: dict[str, list[float]] = defaultdict(list)
    for number, (name, (mutation, _)) in enumerate(MUTATIONS.items()):
        rng = random.Random(number)
        store = Store(client, KEY, namespace=f"o{number}:", limits=limits)
        written = [mutation(seed, rng) for seed in seeds for _ in range(2)]
        readings = [reading if reading.digest else None for reading in signed(written)]
        pairs_ = [(a, b) for a, b in zip(readings[::2], readings[1::2], strict=True) if a and b]
        both = [reading for pair in pairs_ for reading in pair]
        found = await answered(store, a_day_of(both, f"o{number}:", START, 20))
        for (left, right), (one, _), (other, decided) in zip(pairs_, found[::2], found[1::2], strict=True):
            if one and other and one.campaign_id == other.campaign_id and left.digest != right.digest and not decided:
                opinions[name].append(second_opinion(left, right))
    texts = harmless_texts(directory)
    random.Random(7).shuffle(texts)
    readings_of_all = signed(texts)
    store = Store(client, KEY, namespace="o:", limits=limits)
    members: dict[str, list[TextReading]] = defaultdict(list)
    found = await answered(store, a_day_of(readings_of_all, "o:", START, 20))
    for reading, (campaign, decided) in zip(readings_of_all, found, strict=True):
        if campaign:
            if (others := members[campaign.campaign_id]) and not decided:
                opinions["harmless texts"].append(max(second_opinion(reading, other) for other in others))
            others.append(reading)
    await client.aclose()
    print("\n| clear copies | pairs | least opinion of RapidFuzz | of one in a hundred |\n|---|---|---|---|")
    for name, said in opinions.items():
        ordered = sorted(said)
        print(f"| {name} | {len(said)} | {ordered[0]:.0f} | {ordered[len(said) // 100]:.0f} |")


async def upheld_table(directory: Path, redis: str) -> None:
    """Print how many harmless texts are taken for copies when spam, or some of themselves, were upheld before."""
    client = Redis.from_url(redis)
    limits = load_policy(POLICY).memory.store_limits()
    harmless = harmless_texts(directory)
    random.Random(7).shuffle(harmless)
    spam = sorted({row["text"] for row in rows_in(directory, "spam_*.jsonl.gz") if row.get("label") == "spam"})
    print("\n| upheld before | texts | harmless texts | taken for copies |\n|---|---|---|---|")
    for number, (name, before, after) in enumerate(
        [("spam", spam, harmless), ("harmless texts", harmless[:500], harmless[500:])]
    ):
        store = Store(client, KEY, namespace=f"u{number}:", limits=limits)
        first, later = ([r for r in signed(texts) if r.digest] for texts in (before, after))
        texts = a_day_of(first, "first", START, 1)
        judged = [
            judged_text(text, campaign)
            for text, (campaign, _) in zip(texts, await answered(store, texts), strict=True)
            if campaign
        ]
        await store.learn(judged)
        found = await answered(store, a_day_of(later, "later", START + timedelta(hours=2), 20))
        copies = [reading for reading, (campaign, _) in zip(later, found, strict=True) if campaign and campaign.upheld]
        print(f"| {name} | {len(judged):,} | {len(later):,} | {len(copies)} |", flush=True)
        for reading in copies[:20]:
            print("     ", reading.undisguised[:110].replace("\n", " "))
    await client.aclose()


def judged_text(text: Text, campaign: Campaign) -> ModeratorVerdict:
    """An incident about the text was upheld, an hour and a half after all began."""
    return ModeratorVerdict(
        incident_id=text.identity,
        subject=text.author,
        time=int((START + timedelta(hours=1, minutes=30)).timestamp() * 1_000_000),
        identity=f"verdict {text.identity}",
        upheld=True,
        rule="copied_message",
        article=1,
        happened=text.time,
        weight=2,
        level=1.0,
        reported=False,
        sample=Sample(campaign.campaign_id, text.digest, text.signature),
    )


# --- The estimate ------------------------------------------------------------------------------------------------------


def compared(texts: list[str]) -> list[Compared]:
    """Each text as it is compared."""
    return compare([reading.normalised for reading in read_texts(texts)])


def true_similarity(left: Compared, right: Compared) -> float:
    """The Jaccard similarity of two texts' shingles."""
    one, other = (set(shingle_hashes([text.letters])[0].tolist()) for text in (left, right))
    return len(one & other) / len(one | other)


def estimated_similarity(left: Compared, right: Compared) -> float:
    """The share of equal slots of shingles in the texts' signatures."""
    one, other = (np.frombuffer(s, dtype=">u2", count=SIGNATURE_SLOTS) for s in signatures([left, right]))
    return float((one == other).sum()) / SIGNATURE_SLOTS


def pairs(seeds: list[str], count: int) -> list[tuple[Compared, Compared]]:
    """Pairs of altered copies over the whole range of similarity."""
    rng = random.Random(11)
    mutations = [dropped(share) for share in (0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7)] + [padding, shuffled, framed, leet]
    made: list[tuple[Compared, Compared]] = []
    while len(made) < count:
        seed = rng.choice(seeds)
        left, right = compared([rng.choice(mutations)(seed, rng), rng.choice(mutations)(seed, rng)])
        if min(len(left.letters), len(right.letters)) >= MIN_SIGNED_LETTERS:
            made.append((left, right))
    return made


def estimate_row(made: list[tuple[Compared, Compared]]) -> None:
    """Print how far the estimate is from the truth."""
    errors = [abs(true_similarity(*pair) - estimated_similarity(*pair)) for pair in made]
    print(
        f"\nThe estimate of the shingles' similarity over {len(errors):,} pairs of altered copies has a mean absolute error "
        f"of {statistics.mean(errors):.3f}; 99 % are within {sorted(errors)[int(0.99 * len(errors))]:.3f}."
    )


# --- The curve ---------------------------------------------------------------------------------------------------------

BINS = 20
CURVE_PAIRS = 6_000


def text_of(name: str, time: int, reading: TextReading) -> Text:
    """A text by an author of its own, as the store takes it."""
    return Text(
        time=time,
        identity=name,
        author=name,
        digest=reading.digest or b"",
        signature=reading.signature or b"",
        words=reading.words,
    )


async def curve(seeds: list[str], redis: str) -> list[tuple[float, float, int]]:
    """For each bin of true similarity that has 20 pairs or more: its middle, the share that the store joins, the pairs."""
    rng = random.Random(13)
    client = Redis.from_url(redis)
    limits = load_policy(POLICY).memory.store_limits()
    joined: dict[int, list[bool]] = defaultdict(list)
    for number in range(CURVE_PAIRS // 500):
        # a store for each 500, so that no pair meets another of its seed's
        store = Store(client, KEY, namespace=f"c{number}:", limits=limits)
        chosen = [rng.choice(seeds) for _ in range(500)]
        written = [dropped(rng.uniform(0, 0.6))(seed, rng) for seed in chosen for _ in range(2)]
        forms, readings = compared(written), signed(written)
        for at in range(0, len(written), 2):
            pair = [reading for reading in readings[at : at + 2] if reading.digest and reading.signature]
            if len(pair) == 2:
                # two weeks apart, which is longer than any campaign is remembered
                time = at * 7 * 24 * 3600 * 1_000_000
                texts = [text_of(f"{at}/{n}", time, r) for n, r in enumerate(pair)]
                one, other = (await store.recall([], texts, [])).campaigns
                similarity = true_similarity(forms[at], forms[at + 1])
                together = one == other or (one and other and one.campaign_id == other.campaign_id)
                joined[min(int(similarity * BINS), BINS - 1)].append(bool(together))
    await client.aclose()
    return [
        ((n + 0.5) / BINS, statistics.mean(found), len(found))
        for n, found in sorted(joined.items())
        if len(found) >= 20
    ]


def draw(measured: list[tuple[float, float, int]], path: Path) -> None:
    """The measured shares as dots, over the computed share of pairs that become candidates (24 bands of 3 slots)."""
    width, height, margin = 640, 360, 50

    def place(x: float, y: float) -> str:
        return f"{margin + x * (width - 2 * margin):.1f},{height - margin - y * (height - 2 * margin):.1f}"

    computed = " ".join(place(n / 100, 1 - (1 - (n / 100) ** 3) ** 24) for n in range(101))
    dots = [place(x, y).split(",") for x, y, _ in measured]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(
            f'<text x="{place(n / 10, 0).split(",")[0]}" y="{height - margin + 18}" text-anchor="middle">{n / 10}</text>'
            f'<text x="{margin - 8}" y="{place(0, n / 10).split(",")[1]}" text-anchor="end">{n / 10}</text>'
            for n in range(0, 11, 2)
        ),
        f'<polyline fill="none" stroke="#888" points="{place(0, 1)} {place(0, 0)} {place(1, 0)}"/>',
        f'<polyline fill="none" stroke="#36c" stroke-width="2" points="{computed}"/>',
        *(f'<circle cx="{x}" cy="{y}" r="4" fill="#c33"/>' for x, y in dots),
        f'<text x="{width / 2}" y="{height - 10}" text-anchor="middle">true Jaccard similarity of shingles</text>',
        f'<text x="{margin + 10}" y="{margin - 20}" fill="#36c">computed: become candidates (24 bands of 3 slots)</text>',
        f'<text x="{margin + 10}" y="{margin - 4}" fill="#c33">measured: one campaign (candidates that pass the check)</text>',
        "</svg>",
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


async def estimate_rows(seeds: list[str]) -> None:
    """Print what a text unlike all others costs in a fresh Redis, and how far the estimate is from the truth."""
    with embedded_redis() as server:
        await memory_row(server.url)
    estimate_row(pairs(seeds, ESTIMATED_PAIRS))


async def memory_row(redis: str) -> None:
    """Print what a text unlike all others costs in a Redis that has nothing else."""
    client = Redis.from_url(redis)
    before = (await client.info("memory"))["used_memory"]
    store = Store(client, KEY, limits=load_policy(POLICY).memory.store_limits())
    rng = random.Random(17)
    written = [filler(rng, 300) for _ in range(10_000)]
    readings = signed(written)
    texts = [text_of(f"{n}", int(START.timestamp()) * 1_000_000, reading) for n, reading in enumerate(readings)]
    for at in range(0, len(texts), BATCH):
        await store.recall([], texts[at : at + BATCH], [])
    used = (await client.info("memory"))["used_memory"] - before
    await client.aclose()
    print(f"\nA text of 300 letters that is unlike all others adds {used / len(texts):,.0f} bytes to Redis.")


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--curve", type=Path, help="draw the curve into this SVG file, and nothing else")
    parser.add_argument("--only", help="mutations whose name contains this; nothing else is measured then")
    parser.add_argument("--write", action="store_true", help="write the tables into the pages of docs")
    parser.add_argument("--recall", action="store_true", help="measure which alterations are found, and nothing else")
    parser.add_argument("--pairs", action="store_true", help="measure two alterations at once, and nothing else")
    parser.add_argument("--paraphrases", action="store_true", help="measure paraphrases, and nothing else")
    parser.add_argument("--estimate", action="store_true", help="measure memory and the estimate, and nothing else")
    parser.add_argument("--templates", action="store_true", help="measure filled in templates, and nothing else")
    parser.add_argument("--short", action="store_true", help="measure short texts, and nothing else")
    parser.add_argument("--clear", action="store_true", help="measure a second opinion, and nothing else")
    parser.add_argument("--upheld", action="store_true", help="measure copies of upheld texts, and nothing else")
    parser.add_argument("--false", action="store_true", help="measure false campaigns, and nothing else")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("--write: found it with --only, expected whole tables")
    global POLICY
    POLICY = arguments.policy
    seeds = seed_texts(arguments.directory, arguments.campaigns, random.Random(3))
    with embedded_redis() as server:
        if arguments.curve:
            draw(asyncio.run(curve(seeds, server.url)), arguments.curve)
            return

        def table(measure: Coroutine[Any, Any, None], name: str, page: str = "near-duplicates.md") -> None:
            with recorded(page, name, write=arguments.write):
                asyncio.run(measure)

        alone: dict[str, Callable[[], None]] = {
            "recall": lambda: table(recall_table(seeds, arguments.directory, server.url, arguments.only), "recall"),
            "pairs": lambda: table(pairs_table(seeds, server.url), "pairs"),
            "paraphrases": lambda: table(paraphrase_table(server.url), "paraphrases"),
            "clear": lambda: table(clear_table(arguments.directory, seeds, server.url), "clear"),
            "short": lambda: table(short_table(arguments.directory, server.url), "short"),
            "upheld": lambda: table(upheld_table(arguments.directory, server.url), "upheld", "feedback.md"),
            "templates": lambda: table(template_table(arguments.directory, seeds, server.url), "templates"),
            "false": lambda: table(false_table(arguments.directory, server.url), "false"),
            "estimate": lambda: table(estimate_rows(seeds), "estimate"),
        }
        chosen = [name for name in alone if getattr(arguments, name)]
        if arguments.only:
            chosen = ["recall"]
        of_our_own = ["recall", "paraphrases", "estimate"]
        for name in chosen or (alone if arguments.directory else of_our_own):
            alone[name]()


if __name__ == "__main__":
    main()
