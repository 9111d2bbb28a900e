"""Texts drawn with other letters, turned upside down or spelt with flags are read; what only looks like one is left alone."""

import random

import pytest

from benchmarks.disguises import lookalikes_of_any_script
from models.events import WrittenFields
from text.normalise import undisguise
from text.normalise_ornate import read_ornate
from text.reading import read_writings

MEANT = "write to me today and win a prize for your class"
STROKE = "\u04cf"


@pytest.mark.parametrize(
    "drawn",
    [
        "ωяιтє тσ мє тσ∂αу αη∂ ωιη α ρяιzє ƒσя уσυя ¢ℓαѕѕ",
        "ฬгเՇє Շ๏ ๓є Շ๏๔คץ คภ๔ ฬเภ ค קгเչє Ŧ๏г ץ๏ยг ςɭครร",
        "ሠዪጎፕቿ ፕዐ ጠቿ ፕዐዕልሃ ልክዕ ሠጎክ ል የዪጎጊቿ ቻዐዪ ሃዐሁዪ ርረልነነ",
        "᭙᥅꠸ᡶꫀ ᡶꪮ ꪑꫀ ᡶꪮᦔꪖꪗ ꪖꪀᦔ ᭙꠸ꪀ ꪖ ρ᥅꠸ɀꫀ ᠻꪮ᥅ ꪗꪮꪊ᥅ ᥴꪶꪖᦓᦓ",
        "山尺丨ㄒ乇 ㄒㄖ 爪乇 ㄒㄖᗪ卂ㄚ 卂几ᗪ 山丨几 卂 卩尺丨乙乇 千ㄖ尺 ㄚㄖㄩ尺 匚ㄥ卂丂丂",
        "ssɐlɔ ɹnoʎ ɹoɟ ǝzᴉɹd ɐ uᴉʍ puɐ ʎɐpoʇ ǝɯ oʇ ǝʇᴉɹʍ",
        "🇼 🇷 🇮 🇹 🇪 to me 🇹🇴🇩🇦🇾 and win a prize for your class",
        "WWrriittee ttoo mmee ttooddaayy aanndd wwiinn aa pprriizzee ffoorr yyoouurr ccllaassss",
        "(w)(r)(i)(t)(e) to me [t][o][d][a][y] and win a prize for your class",
        "w~r~i~t~e to me today and w+i+n a prize for your class",
        "ẁ̖̿r̖̀̿ì̖̿t̖̀̿è̖̿ to me today and win a prize for your class",
    ],
)
def test_ornate_writing_is_read(drawn: str) -> None:
    assert undisguise(drawn) == MEANT


@pytest.mark.parametrize(
    "text",
    [
        "Partners: 🇩🇪🇫🇷🇮🇹🇵🇱 and 🇪🇺",
        "In IPA it is [ˈhaʊs], and schwa is ə, ʌ is the vowel of cup, ɹ that of red, ʍ that of which",
        "Привет, коллеги! Γεια σας! Hello!",
        "α + β = γ, and ∂f/∂x costs 20 ₴ or ¥ 300",
        "Встреча в Zoom, Teams или на Moodle",
        "አማርኛ ሰላም ነው። ደህና ሁኑ ልጆች፥ እንኳን በደህና መጣችሁ",
        "今日はテストです。明日は休みです。東京タワーへ行きます。",
        "ⲁⲛⲟⲕ ⲡⲉ",
    ],
)
def test_what_only_looks_ornate_stays(text: str) -> None:
    assert read_ornate(text) == text


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_a_threat_is_read_however_many_of_its_letters_are_of_other_scripts(share: float) -> None:
    disguise, rng = lookalikes_of_any_script(share), random.Random(5)
    said = [disguise("I will kill you tomorrow after school", rng) for _ in range(50)]
    writings = read_writings([(WrittenFields(text=text), None) for text in said])
    missed = [text for text, writing in zip(said, writings, strict=True) if not writing.hostility.threat]
    assert not missed


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I will kIll you, you pIg", "i will kill you, you pig"),
        ("I wILL kILL yOU", "i will kill you"),
        ("pIease heIp the worId, kiII time", "please help the world, kill time"),
        (f"the wor{STROKE}d wi{STROKE}{STROKE} he{STROKE}р", "the world will help"),
        ("McIntosh", "mcintosh"),
    ],
)
def test_a_stroke_is_read_by_the_letters_beside_it(written: str, read: str) -> None:
    assert undisguise(written) == read
