"""Greek, Bulgarian, Macedonian, Russian, Ukrainian and Arabic in Latin letters, as people type them in chats.

Nobody keeps to one romanisation, so that a text is not turned back into its alphabet. Both the words of the lists and those of
the text are folded to one skeleton, in which all spellings of a letter are the same: `skotoso`, `skotwsw`, `skotosw`. A
language's list is asked only where at least `LEAST_SIGNS` different words of the text are its own and no other language's.
"""

import re
from collections import Counter
from functools import cache

import msgspec
from msgspec import Struct

from text.hostility.lexicon import ANCHORS, GAPS, TARGETS, Lexicon, lexicon
from text.words import Memo

LEAST_SIGNS = 2
LONGEST_SIGN = 30
"""Letters of a word that may be a sign."""
SHORTEST_SKELETON = 3
"""Letters of a folded word of violence or abuse: Arabic is written without vowels, and two consonants are many words."""


class Romanisation(Struct, frozen=True):
    """How a language is written in Latin letters.

    `letters` are one or more ways to write its own letters, each kept to within a word; `folds` pairs of a pattern and what
    stands for it in the skeleton, applied in order to both sides; `signs` words that tell the language from others.
    """

    letters: tuple[dict[str, str], ...]
    folds: tuple[tuple[re.Pattern[str], str], ...]
    signs: re.Pattern[str]


def _folds(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), plain) for pattern, plain in pairs)


def _letters(own: str, latin: str, **others: str) -> dict[str, str]:
    return dict(zip(own.split(), latin.split(), strict=True)) | others


_CYRILLIC = _letters(
    "а б в г д е ж з и й к л м н о п р с т у ф х ц ч ш ы э ю я і є ґ ј љ њ џ ѕ",
    "a b v g d e z z i i k l m n o p r s t u f h c c s i e iu ia i e g i l n dz dz",
)
_CYRILLIC_FOLDS = (
    (r"(?<=\w)['’ʹʼ`](?=\w)", ""),
    (r"shch|sch|šč|sh|š|ş", "s"),
    (r"ch|č|ć|ts|tz|4", "c"),
    (r"zh|ž", "z"),
    (r"kh|x", "h"),
    (r"6", "s"),
    (r"w", "v"),
    (r"đ", "d"),
    (r"[yj]", "i"),
)
_DOUBLED = (r"([^\W\d_])\1+", r"\1")
_IOTATED = ((r"i+[eo]", "e"),)

_ROMANISED = {
    "el": Romanisation(
        letters=tuple(
            _letters(
                "ου αυ ευ αι ει οι μπ ντ γκ γγ α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ ς τ υ φ χ ψ ω",
                f"u af ef e i i b d g g a {b} g d e z i 8 i k l m n x o p r s s t {y} f x ps o",
            )
            for b, y in (("v", "i"), ("b", "u"))
        ),
        folds=_folds(
            (r"th|9", "8"),
            (r"ks|ch|kh|3|(?<![^aeiouyw\W])h(?=[aeiouyw])", "x"),
            (r"4", "ps"),
            (r"ou|oy", "u"),
            (r"ei|oi|[yh]", "i"),
            (r"ai", "e"),
            (r"([ae])[uv]", r"\1f"),
            (r"w", "o"),
            (r"mp", "b"),
            (r"nt|dh", "d"),
            (r"g[gkh]|ng", "g"),
            (r"ph", "f"),
            _DOUBLED,
        ),
        signs=re.compile(
            "tha|8a|9a|einai|eisai|eiste|eimai|den|kai|sou|mou|tou|sas|mas|tous|stin|ston|sti|sto|gia|apo|thelo|thelw"
            "|8elw|8elo|exo|exw|exeis|exei|pou|oti|otan|an|tora|twra|kala|poli|poly|polu|esi|esy|esu|kaneis|mporo|mporw"
            "|prepei|ksero|kserw|xerw|3erw|menei?s|ston|mia|ena|esena|emena|pali|gamw|gamo|malaka|sxoleio|sholeio|"
            "mathites|daskal[ae]|paidi[ao]?|re|vre|mori|mwri|ante|skase|min|mhn|thn|ths|tis"
        ),
    ),
    "bg": Romanisation(
        letters=tuple(_CYRILLIC | {"щ": "st", "ъ": vowel, "ь": ""} for vowel in ("a", "u", "i")),
        folds=_folds(*_CYRILLIC_FOLDS, (r"q", "ia"), _DOUBLED),
        signs=re.compile(
            "shte|6te|tova|tozi|kato|teb|deca|decata|nyama|nqma|njama|sega|kak[vy]o|kakwo|zashto|shto|sus|sas|oshte"
            "|trqbva|tryabva|trjabva|mnogo|neshto|kude|kade|kydem?|zhiveesh|jiveesh|jiveq|znaq|znam|iskam|iskash|moje"
            "|mozhe|choveka?|hora|horata|uchilishte(?:to)?|uchitel(?:ka)?|kazhi|kaji|kajesh|kazhesh|napravi|nikoi|vsichki"
            "|vsi4ki|sum|sym|bade|bude|nqkoi|rabota|proekta?t?|pishi|samo|tvoi?ya|tvoq|mlukni|mlykni|mlakni|tupa|typa|tapa"
            "|ako|gi|az|pak|dete(?:to)?|krakata|glavata|zubite|zabite|rucete|racete|mutrata|poveche|pove4e|vednaga|nikoga"
            "|[a-z]+(?:zh|sht|4|6)[a-z]+|[a-z]{4,}[ae]sh"
        ),
    ),
    "mk": Romanisation(
        letters=(_CYRILLIC,),
        folds=_folds((r"lj", "l"), (r"nj", "n"), (r"kj|ḱ|ќ", "k"), (r"gj|dj|ǵ", "g"), *_CYRILLIC_FOLDS, _DOUBLED),
        signs=re.compile(
            "kje|ke|ḱe|nogata|nozete|glavata|zabite|deka|sega|zosto|zoshto|sto|shto|što|nemoj|kazes|kazhes|kazi|imas|znam|ziveesh|ziveeš|zivees|nesto"
            "|ucilishte|uciliste|nastavnik|nastavnicka|tvojot|tvojata|mojot|mojata|pisete|pisi|ova|toa|koga|kako|mnogu"
            "|dobro|decata|covek|ti|si|rabota|glupak"
        ),
    ),
    "ru": Romanisation(
        letters=(_CYRILLIC | {"щ": "s", "ъ": "", "ь": ""},),
        folds=_folds(*_CYRILLIC_FOLDS, *_IOTATED, _DOUBLED),
        signs=re.compile(
            "ty|tebya|tebja|tebia|teb'ya|menya|menja|ya|vy|chto|4to|shto|kak|gde|kogda|esli|yesli|jesli|ubyu|ubju|ub'yu"
            "|znayu|znaju|zhivesh|zhivyosh|zhivesh'|zhivyesh|kto|nas|vas|vsekh|vseh|ochen|ochen'|shkole?|shkolu|tvo[iy]"
            "|tvoya|tvoyu|tvoyo|pozhaleesh'?|budesh'?|skazhesh'?|mne|nado|vse|eto|etot|eta|tvoj|svoyu|svoy|"
            "[a-z]{2,}(?:aya|aja|oye|ogo|iye|yye|shch[a-z]+|tsya|eshь?|esh'?)|[a-z]+(?:zh|shch|kh)[a-z]+"
        ),
    ),
    "uk": Romanisation(
        letters=(_CYRILLIC | {"щ": "s", "ь": "", "г": "h", "ґ": "h"},),
        folds=_folds(*_CYRILLIC_FOLDS, *_IOTATED, (r"g", "h"), _DOUBLED),
        signs=re.compile(
            "ty|tebe|tobi|mene|meni|ya|vy|shcho|sho|scho|yak|jak|de|koly|yakshcho|yaksho|vb'?yu|ub'?yu|znayu|znaju"
            "|zhyvesh|zyvesh|zhivesh|khto|hto|vas|vsikh|duzhe|shkol[iau]|tvi[yj]|tvoya|tvoyu|budesh|skazhesh|treba"
            "|tse|tsei|cej|[a-z]+(?:zh|shch|kh)[a-z]+|[a-z]{2,}(?:yi|oyi|oho|iyi|tsya)"
        ),
    ),
    "ar": Romanisation(
        letters=(
            _letters(
                "ا ب پ ت ث ج ح خ د ذ ر ز س ش ص ض ط ظ ع غ ف ق ك ل م ن ه و ي ء",
                "a b b t s j h x d d r z s c s d t z 3 g f q k l m n h w y a",
            ),
        ),
        folds=_folds(
            (r"(?<=\w)['’](?=\w)", ""),
            (r"sh", "c"),
            (r"kh|5", "x"),
            (r"g(?!h)", "j"),
            (r"gh|8", "g"),
            (r"th", "s"),
            (r"dh", "d"),
            (r"7", "h"),
            (r"6", "t"),
            (r"9", "s"),
            (r"v", "f"),
            (r"p", "b"),
            _DOUBLED,
            (r"(?<=[^\W])h(?!\w)", ""),
            (r"[aeiou2]|(?<=\w)[wy]", ""),
        ),
        signs=re.compile(
            r"[a-z]*[a-z][235679][a-z]+|[3579][a-z]{2,}|enta|inta|enti|inti|ya|yaa|mish|mesh|wallah|walla|inshallah|habibi"
            "|ana|kalb|kalbeh|haywan|hmar|hayawan|sharmouta|sharmuta|rah|raah|lazem|lazim|zayyak|zayak|omak|ummak|ibn"
            "|kes|kos|tfou|youm|hatha|hada|shu|shou|leish|lesh"
        ),
    ),
}


def skeleton(language: str, text: str) -> str:
    """The text, in lower case, with each letter in the one form that stands for all its spellings."""
    for pattern, plain in _ROMANISED[language].folds:
        text = pattern.sub(plain, text)
    return text


def romanised_in(words: list[str], signs: Memo[tuple[str, ...]]) -> str | None:
    """The language that these words, in lower case, are written in with Latin letters; None where too few say so.

    Where two languages have equally many signs, neither is taken. `signs` remembers
    `languages_signed`.
    """
    written = set(words)
    count: Counter[str] = Counter()
    for word in written:
        if languages := signs[word]:
            count.update(languages)
    best = count.most_common(2)
    if not best or best[0][1] < LEAST_SIGNS or 3 * best[0][1] < len(written):
        return None
    return best[0][0] if len(best) == 1 or best[0][1] > best[1][1] else None


def languages_signed(word: str) -> tuple[str, ...]:
    """The languages that the word is a sign of."""
    if len(word) > LONGEST_SIGN:
        return ()
    return tuple(language for language, romanisation in _ROMANISED.items() if romanisation.signs.fullmatch(word))


@cache
def romanised_lexicon(language: str) -> Lexicon:
    """The language's list in skeletons."""
    listed = next(one for one in lexicon().languages if one.code == language)
    entries = dict.fromkeys(
        (bit, folded)
        for bit, parts in listed.entries
        for letters in _ROMANISED[language].letters
        if (folded := tuple(_romanised(language, letters, part) for part in parts))
        and all(folded)
        and not (bit & (ANCHORS & ~TARGETS) and len("".join(folded).replace("*", "")) < SHORTEST_SKELETON)
    )
    return Lexicon((msgspec.structs.replace(listed, entries=tuple(entries)),))


def _romanised(language: str, letters: dict[str, str], part: str) -> str:
    """A part of an entry in Latin letters, as a skeleton."""
    if part in GAPS:
        return part
    stem, star, suffix = part.removeprefix("=").partition("*")
    return skeleton(language, _spelt(letters, stem)) + star + skeleton(language, _spelt(letters, suffix))


def _spelt(letters: dict[str, str], word: str) -> str:
    for own, latin in letters.items():
        word = word.replace(own, latin)
    return word
