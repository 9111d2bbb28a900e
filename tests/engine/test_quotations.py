"""Who shows what somebody else wrote is no accomplice; who only says so is."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from models.incidents import Incident
from rules.policy import load_policy
from tests.engine.world import START, Event, engine_over, process, records, said
from tests.state.conftest import Bench

OFFER = (
    "Our pottery workshop by the lake has a few places left for classes this spring. Each pupil takes a glazed bowl home, the"
    " bus is paid for by us, and whoever books two days gets the third for nothing. Ask for the list of dates soon."
)
THREAT = "I will kill you. I know where you live."
LINES = "\n".join(f"> {line}" for line in OFFER.split(". "))
WAYS = {
    "in lines": f"{{own}}\n{LINES}",
    "in bars": "{own}\n" + LINES.replace("> ", "| "),
    "in marks": f"{{own}} “{OFFER}”",
    "in guillemets": f"{{own}} «{OFFER}»",
    "as an answer": f"{{own}}\nOn Monday Anna wrote:\n{OFFER}",
    "forwarded": f"{{own}}\n---------- Forwarded message ----------\nFrom: anna\nSubject: bowls\n\n{OFFER}",
    "in a signature": f"{{own}}\n--\n{OFFER}",
    "below blanks": "{own}" + " " * 15_000 + OFFER,
    "below empty lines": "{own}" + "\n" * 15_000 + OFFER,
    "below a question": f"Is this true?\n\n{OFFER}",
    "below a line": f"I got this today:\n{OFFER}",
}
"""How words are said to be others', or put out of sight. `{own}` are the author's."""
OWN = (
    "Seven swallows sat upon the wire while rain was drumming on the school roof.",
    "My class has counted forty snails between the gym and the old bakery today.",
    "The choir rehearses in the cellar because the hall is being painted green.",
    "Nobody remembers who planted the walnut tree behind our small railway station.",
)
"""No two are alike."""


def events_of(happening: Iterable[tuple[str, str, str, str]], pause: timedelta = timedelta(0)) -> list[Event]:
    """(type, actor, addressees with commas between, text), a minute apart, after the first with a pause besides."""
    addressee = {"message": "recipient_ids", "forum_post": "thread_id", "comment": "owner_id"}
    events = []
    for number, (type_, actor, others, text) in enumerate(happening):
        to: Any = others.split(",") if type_ == "message" else others
        where = {"forum_id": "lounge"} if type_ == "forum_post" else {}
        moment = (START + timedelta(minutes=number) + (pause if number else timedelta(0))).isoformat()
        events.append(
            {"type": type_, "event_id": f"e{number}", "occurred_at": moment, "actor_id": actor, "text": text}
            | {addressee[type_]: to}
            | where
        )
    return events


def told(
    bench: Bench,
    happening: Iterable[tuple[str, str, str, str]],
    size: int | None = None,
    pause: timedelta = timedelta(0),
) -> list[Incident]:
    bench.empty()
    events = records(events_of(happening, pause))
    outcome = process(bench, engine_over(bench.store(), load_policy()), events, size)
    assert not outcome.dead_letters
    return outcome.incidents


def named(incidents: Iterable[Incident]) -> dict[str, set[str]]:
    """Who is a subject or an accomplice, by rule."""
    found: dict[str, set[str]] = {}
    for incident in incidents:
        found.setdefault(incident.rule, set()).update((incident.subject_id, *incident.accomplice_ids))
    return found


SENT = [
    ("message", "spammer", ",".join(f"v{n}" for n in range(0, 6)), OFFER),
    ("message", "other", ",".join(f"v{n}" for n in range(6, 12)), OFFER),
]
"""Two accounts: the third that spreads it makes a campaign."""


# --- who is spared -----------------------------------------------------------------------------------------------------

REMARKS = {
    "en": ("Did anybody else get this?", "Beware, this is a scam!", "This is what I was sent today:"),
    "de": ("Was soll ich damit machen?", "Vorsicht, das ist Betrug!", "Das habe ich heute bekommen:"),
    "fr": ("Que dois-je en faire ?", "Attention à cette arnaque !", "Voici ce que j'ai reçu :"),
    "es": ("¿Alguien más ha recibido esto?", "¡Cuidado, es una estafa!", "Hoy he recibido esto:"),
    "it": ("Che cosa devo fare?", "Attenzione, è una truffa!", "Ecco che cosa ho ricevuto:"),
    "pl": ("Co mam z tym zrobić?", "Uwaga, to oszustwo!", "Dzisiaj dostałam to:"),
    "pt": ("O que devo fazer com isto?", "Cuidado, é uma fraude!", "Recebi isto hoje:"),
    "ro": ("Ce să fac cu asta?", "Atenție, vă înșeală!", "Am primit asta astăzi:"),
    "el": ("Τι να κάνω με αυτό;", "Προσοχή, είναι απάτη!", "Σήμερα έλαβα αυτό:"),
    "tr": ("Bununla ne yapmalıyım?", "Dikkat, bu dolandırıcılık!", "Bugün bunu aldım:"),
    "ru": ("Что мне с этим делать?", "Осторожно, это мошенники!", "Сегодня мне прислали это:"),
    "hu": ("Mit csináljak ezzel?", "Vigyázzatok, ez csalás!", "Ma ezt kaptam:"),
    "fi": ("Mitä minun pitäisi tehdä tälle?", "Varoitus, tämä on huijaus!", "Sain tämän tänään:"),
    "sv": ("Vad ska jag göra med detta?", "Varning, det här är bedrägeri!", "Jag fick det här idag:"),
    "nl": ("Wat moet ik hiermee doen?", "Pas op, dit is oplichting!", "Dit heb ik vandaag gekregen:"),
    "cs": ("Co s tím mám dělat?", "Pozor, je to podvod!", "Dnes mi přišlo toto:"),
    "bg": ("Какво да правя с това?", "Внимание, това е измама!", "Днес получих това:"),
    "uk": ("Що мені з цим робити?", "Обережно, це шахрайство!", "Сьогодні я отримала це:"),
    "ar": ("ماذا أفعل بهذا؟", "احذروا، هذا احتيال!", "وصلني هذا اليوم:"),
    "hr": ("Što da radim s ovim?", "Oprez, ovo je prijevara!", "Danas sam dobila ovo:"),
}


@pytest.mark.parametrize("language", REMARKS)
def test_whoever_asks_about_it_warns_of_it_or_shows_it_is_no_accomplice(bench: Bench, language: str) -> None:
    asks, warns, shows = REMARKS[language]
    incidents = told(
        bench,
        [
            *SENT,
            ("forum_post", "v0", "help", f"{asks}\n\n{OFFER}"),
            ("forum_post", "v1", "help", f"{asks} “{OFFER}”"),
            ("forum_post", "v2", "help", f"{asks}\n{LINES}"),
            ("message", "v3", "helpdesk", f"{OFFER}\n\n{asks}"),
            ("forum_post", "v6", "help", f"{warns}\n\n{OFFER}"),
            ("comment", "v7", "v7", f"{warns} «{OFFER}»"),
            ("forum_post", "bystander", "lounge", f"{warns}\n{LINES}"),
            ("message", "v8", "helpdesk", f"{shows}\n{OFFER}"),
            ("message", "v9", "helpdesk", f"{shows}\n---------- Forwarded message ----------\nFrom: x\n\n{OFFER}"),
            ("message", "v10", "spammer", f"{shows}\n{LINES}"),
        ],
    )
    assert named(incidents) == {}


def test_many_victims_in_one_thread_and_at_one_help_desk_are_no_campaign(bench: Bench) -> None:
    """However many they are, and though they say the same."""
    victims = [f"w{n}" for n in range(40)]
    sent = [("message", "spammer", victim, OFFER) for victim in victims]
    shown = [("forum_post", victim, "help", f"Did anybody else get this?\n\n{OFFER}") for victim in victims]
    asked = [("message", victim, "helpdesk", f"What shall I do with this?\n\n{OFFER}") for victim in victims]
    assert named(told(bench, [*sent, *shown, *asked])) == {"copied_message": {"spammer"}, "mass_messaging": {"spammer"}}


def test_those_who_answer_a_letter_and_quote_it_are_none(bench: Bench) -> None:
    guests = [f"g{n}" for n in range(8)]
    asked = ("message", "founder", ",".join(guests[:4]), OFFER)
    again = ("message", "founder", ",".join(guests[4:7]), OFFER)
    answers = [("message", guest, "founder", f"Yes, gladly!\nOn Monday Anna wrote:\n{LINES}") for guest in guests[:7]]
    assert named(told(bench, [asked, again, *answers])) == {}


COPIED = [("forum_post", "ana", "bowls", OFFER), *[("message", f"sock{n % 3}", f"x{n}", OFFER) for n in range(9)]]


@pytest.mark.parametrize("language", REMARKS)
def test_the_author_of_what_others_copy_may_show_it(bench: Bench, language: str) -> None:
    asks, warns, shows = REMARKS[language]
    shown = [
        ("forum_post", "ana", "help", f"{asks} “{OFFER}”"),
        ("message", "ana", "helpdesk", f"{shows}\n{OFFER}"),
        ("forum_post", "ana", "bowls", f"{warns}\n{LINES}"),
    ]
    incidents = told(bench, [*COPIED, *shown])
    assert named(incidents)["coordinated_campaign"] == {"sock0", "sock1", "sock2"}
    assert {one.evidence.copied_from for one in incidents if one.rule == "coordinated_campaign"} == {"ana"}


def test_the_author_of_what_others_copy_who_shows_it_to_many_spreads_it(bench: Bench) -> None:
    shown = [("message", "ana", f"y{n}", f"Is this true?\n\n{OFFER}") for n in range(6)]
    assert "ana" in named(told(bench, [*COPIED, *shown]))["coordinated_campaign"]


def test_a_threat_is_shown_and_held_out_but_not_passed_on_to_several(bench: Bench) -> None:
    """What is too short for the index is known by who attacked whom."""
    sent = ("message", "bully", "ana,ben,cia", THREAT)
    shown = [
        ("message", "ana", "helpdesk", f"I got this message today:\n{THREAT}"),
        ("message", "ben", "bully", f"> {THREAT}\nPlease stop writing to me."),
        ("message", "cia", "bully", "Why did you write “I will kill you”? Stop."),
        ("message", "cia", "helpdesk", f"Please help me.\n> {THREAT}"),
    ]
    assert named(told(bench, [sent, *shown]))["threat"] == {"bully"}
    forwarded = ("message", "ana", "helpdesk", f"---------- Forwarded message ----------\nFrom: bully\n\n{THREAT}")
    passed_on = ("message", "ben", "dan,eva", f"“{THREAT}”")
    assert named(told(bench, [sent, forwarded, passed_on]))["threat"] == {"bully", "ben"}
    invented = ("message", "eve", "dan", f"> {THREAT}\nSee you tomorrow then.")
    assert named(told(bench, [invented]))["threat"] == {"eve"}


def test_who_sends_on_without_a_word_what_he_got_to_one_is_none(bench: Bench) -> None:
    """As the help desk is written to. Who sends it to a second spreads it; who never got it has it of his own."""
    sent_on = [("message", f"v{n}", "helpdesk", OFFER) for n in range(5)]
    assert named(told(bench, [*SENT, *sent_on])) == {}
    spread = [("message", "v0", f"x{n}", OFFER) for n in range(2)]
    assert "v0" in named(told(bench, [*SENT, *spread]))["coordinated_campaign"]
    assert named(told(bench, [*SENT, ("message", "third", "x1", OFFER)]))["coordinated_campaign"] >= {"third"}


def test_many_who_each_send_it_on_to_one_are_a_campaign_in_the_end(bench: Bench) -> None:
    socks = [f"sock{n}" for n in range(40)]
    first = ("message", "mule", ",".join(socks), OFFER)
    sent_on = [("message", sock, f"stranger of {sock}", OFFER) for sock in socks]
    assert len(named(told(bench, [first, *sent_on]))["coordinated_campaign"] & set(socks)) >= 8


POSTED = [("forum_post", f"sock{n}", f"thread{n}", OFFER) for n in range(4)]


@pytest.mark.parametrize("language", REMARKS)
def test_who_read_it_in_a_forum_may_ask_and_warn_of_it_wherever_his_colleagues_are(bench: Bench, language: str) -> None:
    asks, warns, _ = REMARKS[language]
    readers = [
        *[("message", f"r{n}", f"colleague of r{n}", f"{asks}\n\n{OFFER}") for n in range(7)],
        *[("message", f"q{n}", f"colleague of q{n}", f"{warns}\n{LINES}") for n in range(7)],
    ]
    found = named(told(bench, [*POSTED, *readers]))
    assert found["coordinated_campaign"] <= {actor for _, actor, _, _ in POSTED}
    many = [("message", "sock9", f"stranger{n}", f"{asks}\n\n{OFFER}") for n in range(8)]
    assert "sock9" in named(told(bench, [*POSTED, *readers, *many]))["coordinated_campaign"]


SPEECH = OFFER.replace(
    "whoever books two days gets the third for nothing", "we say “whoever books two days stays for three”"
)
"""Words with a quotation of their own."""


def test_what_is_shown_may_have_quotations_of_its_own(bench: Bench) -> None:
    sent = [(type_, actor, others, SPEECH) for type_, actor, others, _ in SENT]
    shown = [
        *[("forum_post", f"v{n}", f"own thread {n}", f"Did anybody else get this?\n\n{SPEECH}") for n in range(4)],
        ("message", "v7", "helpdesk", f"What shall I do with this?\n\n{SPEECH}"),
        *[("forum_post", f"v{n}", f"own thread {n}", f"Somebody passes this on: “{SPEECH}”") for n in range(8, 12)],
    ]
    assert named(told(bench, [*sent, *shown])) == {}
    spread = [("forum_post", f"sock{n}", f"thread{n}", SPEECH) for n in range(3)]
    assert len(named(told(bench, [*sent, *spread]))["coordinated_campaign"]) >= 3


def test_a_semicolon_asks_nothing_but_in_greek(bench: Bench) -> None:
    saying = "El amor es el poder iniciador de la vida; la pasión posibilita su permanencia.\n\t\t-- Teresa, cantante."
    posts = [("forum_post", f"sock{n}", f"thread{n}", saying.replace(" de la", f" {n} de la")) for n in range(8)]
    assert len(named(told(bench, posts))["coordinated_campaign"]) >= 7


SHORT = "The dog is simply happy! https://pictures.example/dog"


@pytest.mark.parametrize("words", [SHORT, "Fake friends are but a waste of time"])
def test_who_asks_about_a_few_words_in_the_same_words_is_none(bench: Bench, words: str) -> None:
    """A word of warning in them is not the author's."""
    sent = [("message", f"s{n}", f"v{2 * n},v{2 * n + 1}", words) for n in range(4)]
    shown = [("forum_post", f"v{n}", f"own thread {n}", f"Did you get this, too?\n\n{words}") for n in range(7)]
    victims = {f"v{n}" for n in range(8)}
    assert not victims & set().union(*named(told(bench, [*sent, *shown])).values())
    spread = [("forum_post", f"sock{n}", f"thread{n}", words) for n in range(4)]
    assert named(told(bench, [*sent, *spread]))["coordinated_campaign"] >= {f"sock{n}" for n in range(4)}


# --- who is not --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_mark_alone_hides_no_campaign(bench: Bench, way: str) -> None:
    """Nobody has written to them what they say that they quote."""
    happening = [("message", f"sock{n}", f"a{n},b{n},c{n}", WAYS[way].format(own=own)) for n, own in enumerate(OWN)]
    assert set(named(told(bench, happening))["coordinated_campaign"]) == {f"sock{n}" for n in range(len(OWN))}


@pytest.mark.parametrize("way", WAYS)
def test_a_mark_alone_hides_no_copies_of_one_author(bench: Bench, way: str) -> None:
    happening = [("message", "spammer", f"a{n}", WAYS[way].format(own=OWN[n % len(OWN)])) for n in range(10)]
    assert named(told(bench, happening)).get("copied_message") == {"spammer"}


@pytest.mark.parametrize("way", ["in lines", "forwarded", "below a question", "in marks"])
def test_an_account_that_wrote_it_before_hides_no_campaign(bench: Bench, way: str) -> None:
    """They do have got it, but send it on to more strangers than anybody asks."""
    first = ("message", "mule", ",".join(f"sock{n}" for n in range(4)), OFFER)
    sent = [
        ("message", f"sock{n}", f"s{n}-{k}", WAYS[way].format(own=own)) for k in range(5) for n, own in enumerate(OWN)
    ]
    assert {f"sock{n}" for n in range(4)} <= named(told(bench, [first, *sent]))["coordinated_campaign"]


def test_many_accounts_that_each_show_it_to_few_are_one_in_the_end(bench: Bench) -> None:
    socks = [f"sock{n}" for n in range(20)]
    first = ("message", "mule", ",".join(socks), OFFER)
    sent = [("message", sock, f"{sock}-{n}", f"Is this true?\n\n{OFFER}") for sock in socks for n in range(3)]
    assert len(named(told(bench, [first, *sent]))["coordinated_campaign"] & set(socks)) >= 9


def test_who_wrote_it_does_not_quote_it(bench: Bench) -> None:
    """A day ago, too, which is too long for a campaign, and though others have sent it since."""
    happening = [
        ("message", "third", "x1", OFFER),
        *[(type_, actor, f"third,{others}", text) for type_, actor, others, text in SENT],
        *[("forum_post", "third", thread, f"Did anybody else get this?\n\n{OFFER}") for thread in ("help", "news")],
    ]
    incidents = told(bench, happening, pause=timedelta(hours=25))
    assert "third" in named(incidents)["coordinated_campaign"]


@pytest.mark.parametrize("language", REMARKS)
def test_who_never_got_it_may_ask_one_about_it_but_not_many(bench: Bench, language: str) -> None:
    """It may have come by mail. A spammer who puts the same question on top of it is found."""
    asks = f"{REMARKS[language][0]}\n\n{OFFER}"
    victims = [("message", f"w{n}", "helpdesk", asks) for n in range(8)]
    assert named(told(bench, [*SENT, *victims, ("forum_post", "x", "help", asks)])) == {}
    spread = [("message", "third", f"s{n}", asks) for n in range(50)]
    found = named(told(bench, [*SENT, *victims, *spread]))
    assert found["copied_message"] == {"third"}
    assert "third" in found["coordinated_campaign"]
    assert not {f"w{n}" for n in range(8)} & found["coordinated_campaign"]


def test_accounts_that_never_got_it_and_ask_a_stranger_each_are_a_campaign(bench: Bench) -> None:
    asking = [("message", f"sock{n}", f"s{n}", f"Is this true?\n\n{OFFER}") for n in range(10)]
    assert len(named(told(bench, [SENT[0], *asking]))["coordinated_campaign"]) >= 5


QUESTIONS = ("Is this true?", "Did anybody else get this?", "What shall I do with this?", "Can I trust them?")


@pytest.mark.parametrize("others", ["message", "forum_post"])
def test_one_question_above_what_nobody_wrote_without_it_hides_no_campaign(bench: Bench, others: str) -> None:
    """What came by mail members ask in words of their own. Where they are the same by chance, nothing grave is told of it."""
    ring = [
        (others, f"sock{n}", f"s{n}", f"Did you know what all our schools talk about?\n\n{OFFER}") for n in range(4)
    ]
    incidents = told(bench, ring)
    assert len(named(incidents)["coordinated_campaign"]) >= 3
    assert {one.severity for one in incidents} == {"low" if others == "forum_post" else "medium"}
    for questions in (QUESTIONS, QUESTIONS[:1] * 4):
        victims = [(others, f"w{n}", f"s{n}", f"{asks}\n\n{OFFER}") for n, asks in enumerate(questions)]
        assert named(told(bench, victims)) == {}


@pytest.mark.parametrize("above", ["Hello everybody!\n", "Dear colleagues:\n\n", ""])
def test_a_greeting_above_what_one_never_got_is_no_question(bench: Bench, above: str) -> None:
    text = f"{above}{OFFER}" if above else OFFER.replace(". ", ".\n")
    posted = [("forum_post", f"sock{n}", f"thread{n}", text) for n in range(4)]
    assert named(told(bench, posted))["coordinated_campaign"] == {f"sock{n}" for n in range(1, 4)}


def test_a_warning_of_what_nobody_wrote_is_the_authors_own_text(bench: Bench) -> None:
    """The first who is told so has written it; and words that deny it warn of nothing."""
    happening = [("message", f"sock{n}", f"a{n},b{n}", f"This is no scam, dear friends: {OFFER}") for n in range(3)]
    assert len(named(told(bench, happening))["coordinated_campaign"]) == 3


@pytest.mark.parametrize(
    "more", ["", " Ours are ten years old, learn English, and have drawn owls so far. Who begins?"]
)
def test_own_words_around_a_true_quotation_are_compared(bench: Bench, more: str) -> None:
    letter = "We look for a class that would like to draw the birds of its town with us and send the drawings by post in May."
    letter += more
    sent = ("message", "founder", ",".join(f"sock{n}" for n in range(4)), letter)
    spam = [("message", f"sock{n}", f"x{n},y{n}", f"{OFFER}\n\nOn Monday Anna wrote:\n> {letter}") for n in range(4)]
    assert named(told(bench, [sent, *spam]))["coordinated_campaign"] == {f"sock{n}" for n in range(4)}


SAID = (
    "We counted more storks along the river this spring than in all the years since the mill was closed.",
    "Nobody believed that the old orchard would bear fruit again, and now we do not know where to put the apples.",
    "The children asked for a bridge, the council gave them a ferry, and in the end everybody walked through the ford.",
    "When the snow melts we shall see which of the small paths behind the station can still be used by bicycles.",
)
"""Four people's words."""


@pytest.mark.parametrize(
    "frame",
    [
        "“{said}” @MariaLind with us in #TheMorning on #LakeRadio https://radio.example/{n}",
        "Maria Lind, mayor: «{said}» in #TheMorning https://radio.example/{n}",
    ],
)
def test_a_series_of_quotations_with_one_frame_is_no_copy(bench: Bench, frame: str) -> None:
    """Reporters quote another sentence each time, and say who said it in the same words."""
    series = [("forum_post", "radio", f"t{n}", frame.format(said=said, n=n)) for n, said in enumerate(SAID)]
    assert named(told(bench, series)) == {}


def test_parts_of_one_series_have_a_title_in_common(bench: Bench) -> None:
    """The line that announces the next is not compared, though the first words below it stand on its side."""
    title = (
        "You and the walnut tree\n\nBe on your guard as soon as you notice one of the signs that follow:  [{n}/4]\n\n"
    )
    listed = [f"{n}. {SAYINGS[n]}\n{n + 1}. {OWN[n]}\n{n + 2}. {SAID[n]}" for n in range(4)]
    series = [("forum_post", f"r{n}", f"t{n}", title.format(n=n + 1) + one) for n, one in enumerate(listed)]
    assert named(told(bench, series)) == {}
    same = [("forum_post", f"r{n}", f"t{n}", title.format(n=n + 1) + listed[0]) for n in range(4)]
    assert "coordinated_campaign" in named(told(bench, same))


SAYINGS = (
    "Patience bakes no bread, but it keeps the fire.",
    "Whoever counts the waves forgets to swim.",
    "A borrowed map leads to somebody else's treasure.",
    "Snow remembers every footstep until noon.",
    "The longest ladder leans on the lowest stone.",
    "Silence is the only song that the deaf teach us.",
    "He who plants walnuts dines on hope.",
    "Old doors complain, new doors merely open.",
)


def test_sayings_of_one_author_are_no_copies(bench: Bench) -> None:
    """The name stands below each of them, whoever passes it on."""
    name = "\n\t\t-- Amalie von Lindenthal, Maxims and Reflections"
    assert (
        named(told(bench, [("forum_post", f"r{n}", f"t{n}", one + name) for n, one in enumerate((*SAYINGS, *OWN))]))
        == {}
    )


def test_three_who_quote_one_speaker_in_public_are_no_campaign(bench: Bench) -> None:
    """Five are told, and four who sell what they quote. The same own words around different quotations are a campaign."""
    told_by = (*OWN, "Two goats have escaped from the farm school and were seen near the observatory.")
    reports = [("forum_post", f"paper{n}", f"t{n}", f"{own} «{SAID[0]}»") for n, own in enumerate(told_by)]
    assert named(told(bench, reports[:3])) == {}
    assert "coordinated_campaign" in named(told(bench, reports))
    shills = [
        ("forum_post", f"shill{n}", f"t{n}", f"{own} «{OFFER} https://shop.example»") for n, own in enumerate(OWN)
    ]
    assert "coordinated_campaign" in named(told(bench, shills))
    socks = [("forum_post", f"sock{n}", f"t{n}", f"{OWN[0]} «{said}»") for n, said in enumerate(SAID)]
    assert "coordinated_campaign" in named(told(bench, socks))


def test_a_short_offer_beside_invented_quotations_is_a_copy(bench: Bench) -> None:
    offer = "Cheap worksheets, 50 % off, order now: https://shop.example"
    spam = [("forum_post", "seller", f"t{n}", f"“{said}”\n{offer}") for n, said in enumerate(SAID)]
    assert "seller" in named(told(bench, spam))["copied_post"]


# --- what must not matter ----------------------------------------------------------------------------------------------

MIXED = [
    *SENT,
    ("forum_post", "v0", "help", f"Did anybody else get this?\n\n{OFFER}"),
    ("message", "v1", "friend", WAYS["in lines"].format(own=OWN[0])),
    ("message", "sock", "z0", WAYS["in lines"].format(own=OWN[1])),
    ("message", "v0", "z1,z2,z3,z4", OFFER),
    ("message", "v1", "sock", WAYS["forwarded"].format(own=OWN[2])),
    ("message", "sock", "z5", WAYS["forwarded"].format(own=OWN[3])),
]


def test_how_quotations_are_cut_into_batches_does_not_matter(any_bench: Bench) -> None:
    whole = said(told(any_bench, MIXED))
    assert whole
    assert all(said(told(any_bench, MIXED, size)) == whole for size in (1, 2, 3, 5))


@pytest.mark.parametrize("again", [[2], [2, 3], [4], list(range(len(MIXED)))])
def test_a_quotation_that_comes_again_is_judged_as_before(any_bench: Bench, again: Sequence[int]) -> None:
    """Whoever has written it since, or has got it since."""
    any_bench.empty()
    engine = engine_over(any_bench.store(), load_policy())
    batch = records(events_of(MIXED))
    first = process(any_bench, engine, batch).incidents
    before = any_bench.dump()
    repeated = process(any_bench, engine, [batch[n] for n in again]).incidents
    assert all(one in said(first) for one in said(repeated))
    assert {key for key in any_bench.dump() if b":source:" in key or b":shown:" in key} == {
        key for key in before if b":source:" in key or b":shown:" in key
    }
    assert all(any_bench.dump()[key] == value for key, value in before.items() if b":shown:" in key)
