"""More ways of altering a copy, made from what is known of spam and not from what our code undoes."""

import random
import re
import unicodedata
from collections.abc import Callable

Mutation = Callable[[str, random.Random], str]

# letters of many scripts that are drawn like Latin ones; what they are called in Unicode was not looked at
_OF_ANY_SCRIPT = {
    "a": "аɑα⍺ꭺ", "b": "ЬᏏᑲƄ", "c": "сϲⲥᴄꮯ", "d": "ԁᏧᑯ", "e": "еҽⲉꬲ", "g": "ɡց", "h": "һհᏂ", "i": "іιⲓꭵ", "j": "јϳ",
    "k": "κкⲕᴋ", "l": "ӏⵏƖ", "m": "мⲙᴍ", "n": "ոռп", "o": "оοօဝⲟᴏ๐", "p": "рρⲣᴘ", "q": "ԛզգ", "r": "гⲅꭇᴦ", "s": "ѕꜱꮪ",
    "t": "тτⲧᴛ", "u": "սᴜʋꭎ", "v": "νᴠꮩѵ", "w": "ԝաᴡꮃ", "x": "хχⲭᕁ", "y": "уγყʏ", "z": "ᴢꮓ",
    "A": "АΑᎪᗅꓮⲀ", "B": "ВΒᏴᗷꓐⲂ", "C": "СϹᏟᑕꓚⲤ", "D": "ᎠᗞꓓÐ", "E": "ЕΕᎬꓰⲈ", "F": "ᖴꓝϜ", "G": "ᏀꓖԌ", "H": "НΗᎻᕼꓧⲎ", "I": "ІΙⲒꓲ",
    "J": "ЈᎫᒍꓙ", "K": "КΚᏦꓗⲔ", "L": "ᏞᒪꓡⳐ", "M": "МΜᎷᗰꓟⲘ", "N": "ΝꓠⲚ", "O": "ОΟՕꓳⲞ", "P": "РΡᏢᑭꓑⲢ", "R": "ᎡᏒᖇꓣ", "S": "ЅᏚՏꓢ",
    "T": "ТΤᎢꓔⲦ", "U": "ՍᑌꓴᏌ", "V": "ѴᏙᐯꓦ", "W": "ԜᎳꓪ", "X": "ХΧ᙭ꓫⲬ", "Y": "УΥꓬⲨ", "Z": "ΖᏃꓜⲌ",
    "а": "aɑᴀ", "в": "ʙⲃ", "г": "rⲅᴦ", "е": "eҽ", "и": "uᴎ", "к": "kκⲕ", "л": "ᴧ", "м": "mⲙᴍ", "н": "ʜⲏ",
    "о": "oοօⲟ", "п": "nᴨⲡ",
    "р": "pρⲣ", "с": "cϲⲥ", "т": "tτⲧᴛ", "у": "yγყ", "х": "xχⲭ", "і": "iιⲓ", "я": "ᴙ",
    "α": "aаɑ", "β": "ßв", "ε": "ɛⲉ", "η": "nŋ", "ι": "iіⲓ", "κ": "kкⲕ", "ν": "vѵ", "ο": "oоօ",
    "ρ": "pрⲣ", "τ": "tтⲧ", "υ": "uυʋ",
    "χ": "xхⲭ", "ω": "wԝ", "Α": "AАᎪ", "Ε": "EЕᎬ", "Η": "HНᎻ", "Κ": "KКᏦ", "Μ": "MМᎷ", "Ο": "OОՕ", "Τ": "TТᎢ", "Ρ": "PРᏢ",
}  # fmt: skip
_LEET = {
    "latin": {"a": "4@", "e": "3€", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "l": "1|"},
    "cyrillic": {"а": "@4", "б": "6", "в": "8", "е": "3", "з": "3", "о": "0", "ч": "4", "с": "$", "т": "7", "і": "1!"},
    "greek": {"α": "@4", "β": "8", "ε": "3", "ι": "1!", "ο": "0", "σ": "5$", "τ": "7", "ω": "0"},
}
_BARRED = dict(zip("abcdefghijklopqrtuyzABCDEFGHIJLOPRTUYZ", "ⱥƀȼđɇꞙǥħɨɉꝁłøᵽꝗɍŧʉɏƶȺɃȻĐɆꞘǤĦƗɈŁØⱣɌŦɄɎƵ", strict=True))
_VOWELS = frozenset("aeiouyаеёиоуыэюяіїєαεηιουω")
_KEYS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "ςερτυθιοπ",
    "ασδφγηξκλ",
    "ζχψωβνμ",
)
_QUOTES = ("„{}“", "«{}»", "“{}”", '"{}"', "‘{}’", "> {}", "| {}", "*{}*", "---\n{}\n---", "=====\n{}\n=====")


def base(letter: str) -> str:
    """A small letter without its marks."""
    return unicodedata.normalize("NFKD", letter)[0].lower()


def lookalikes_of_any_script(share: float) -> Mutation:
    """Letters replaced by others, of whatever script, that are drawn alike."""

    def mutate(text: str, rng: random.Random) -> str:
        return "".join(
            rng.choice(_OF_ANY_SCRIPT[c]) if c in _OF_ANY_SCRIPT and rng.random() < share else c for c in text
        )

    return mutate


def leet_in(script: str) -> Mutation:
    """Digits and signs for letters of a script, in a quarter to all of the places where they can stand."""
    table = _LEET[script]

    def mutate(text: str, rng: random.Random) -> str:
        share = rng.uniform(0.25, 1)
        return "".join(rng.choice(table[base(c)]) if base(c) in table and rng.random() < share else c for c in text)

    return mutate


def barred(text: str, rng: random.Random) -> str:
    """Letters with a bar, in a fifth to all of the places where there are such."""
    share = rng.uniform(0.2, 1)
    return "".join(_BARRED[c] if c in _BARRED and rng.random() < share else c for c in text)


def starred_vowels(text: str, rng: random.Random) -> str:
    """Signs for vowels, for some or all of them."""
    share, sign = rng.uniform(0.2, 1), rng.choice("***#_.")
    return "".join(sign if base(c) in _VOWELS and rng.random() < share else c for c in text)


def typos(share: float) -> Mutation:
    """So many of the letters are left out, doubled, or hit a neighbouring key."""

    def neighbour(letter: str, rng: random.Random) -> str:
        row = next((row for row in _KEYS if base(letter) in row), "")
        if not row:
            return ""
        at = row.index(base(letter)) + rng.choice((-1, 1))
        return row[at] if 0 <= at < len(row) else row[1]

    def mutate(text: str, rng: random.Random) -> str:
        out = []
        for letter in text:
            if letter.isalpha() and rng.random() < share:
                kind = rng.randrange(4)
                out.append(("", letter * 2, neighbour(letter, rng), neighbour(letter, rng) + letter)[kind])
            else:
                out.append(letter)
        return "".join(out)

    return mutate


def swapped(share: float) -> Mutation:
    """So many of the letters change places with the next one."""

    def mutate(text: str, rng: random.Random) -> str:
        letters = list(text)
        for at in range(len(letters) - 1):
            if letters[at].isalpha() and letters[at + 1].isalpha() and rng.random() < share:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
        return "".join(letters)

    return mutate


def replaced(share: float, filler: Callable[[random.Random, int], str]) -> Mutation:
    """So many of the words give way to others."""

    def mutate(text: str, rng: random.Random) -> str:
        words = text.split()
        return " ".join(filler(rng, 1).split()[0] if rng.random() < share else word for word in words)

    return mutate


def beside(times: float, filler: Callable[[random.Random, int], str]) -> Mutation:
    """Other text, so many times as long, before, behind, or on both sides."""

    def mutate(text: str, rng: random.Random) -> str:
        other = filler(rng, int(times * len(text))).split()
        cut = rng.choice((0, len(other) // 2, len(other)))
        before, behind = " ".join(other[:cut]), " ".join(other[cut:])
        return "\n".join(part for part in (before and before + ".", text, behind and behind + ".") if part)

    return mutate


def quoted(text: str, rng: random.Random) -> str:
    """Marks around the whole, or before each of its lines."""
    marks = rng.choice(_QUOTES)
    if marks[0] in ">|":
        return "\n".join(marks.format(line) for line in re.split(r"(?<=[.!?])\s+|\n", text))
    return marks.format(text)


def as_html(text: str, rng: random.Random) -> str:
    """Tags around and within, letters as entities."""
    words = []
    for word in text.replace("&", "&amp;").replace("<", "&lt;").split():
        kind = rng.randrange(6)
        middle = rng.randrange(len(word))
        if kind == 0 and "&" not in word:
            word = f"{word[:middle]}<b></b>{word[middle:]}"
        elif kind == 1 and "&" not in word:
            word = f"{word[:middle]}&#{ord(word[middle])};{word[middle + 1 :]}"
        elif kind == 2:
            word = f"<span style='color:#{rng.randrange(4096):03x}'>{word}</span>"
        words.append(word)
    return rng.choice(("<p>{}</p>", "<div><p>{}</p></div>", "<table><tr><td>{}</td></tr></table>")).format(
        " ".join(words)
    )


def both(first: Mutation, second: Mutation) -> Mutation:
    """One after the other."""
    return lambda text, rng: second(first(text, rng), rng)
