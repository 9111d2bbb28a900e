"""Latin text that is drawn with letters and signs of other scripts, as programs for ornate writing give it.

Unlike a disguise of some letters (`text.normalise_lookalikes`) such a text has hardly a letter of its own script left.
"""

import re
import unicodedata
from functools import cache

from phonenumbers import SUPPORTED_REGIONS

from text.normalise_lookalikes import Script, fold_lookalikes, lookalikes, script_of

# what the common alphabets of such programs draw each letter with, besides what the consortium lists
_DRAWN_WITH = {
    "a": "αคልꪖ卂ᗩᎯ₳", "b": "вВ๒ጌ᥇乃ᗷ฿ҍ", "c": "¢ςርᥴ匚ᑕ₵", "d": "∂๔ዕᦔᗪժ", "e": "єЄεቿꫀ乇ҽ", "f": "ғƒŦŧቻᠻ千ᖴ₣", "g": "وኗᧁᎶ₲ց",
    "h": "нНђዘꫝ卄հҺ", "i": "ιเጎ꠸丨", "j": "נןጋ꠹フᒍ", "k": "кКጕᛕҜҝ₭ҟӄ", "l": "ɭረꪶㄥᒪ", "m": "м๓ጠꪑ爪ᗰ₥", "n": "ηภክꪀ几ᑎ₦ղռ",
    "o": "σ๏ዐꪮㄖօ", "p": "ρקየ卩ᑭ₱ք", "q": "ዒҨᑫզ", "r": "яЯгГዪ᥅尺ᖇ", "s": "ѕЅรነᦓ丂ᔕ₴", "t": "тТՇፕㄒ₮էᡶ", "u": "υยሁꪊㄩᑌմ",
    "v": "νשሀꪜᐯѵ", "w": "ωฬሠ᭙山ᗯ₩ա", "x": "χאሸ᥊乂᙭ӿӾ", "y": "уУүץሃꪗㄚվ¥", "z": "ɀƺչጊ乙",
}  # fmt: skip
_SIGNS = frozenset("¢∂₳฿₵₣₲₭₥₦₱₴₮₩¥")
_SIGN = re.compile(rf"(?<!\d)[{''.join(sorted(_SIGNS))}](?!\s?\d)")
"""A sign of money beside a number is one."""
_ONE_SCRIPT = frozenset({"ETHIOPIC"})
"""Scripts of which one alphabet is drawn whole, and that no member writes in."""
MIN_MIXED_WORDS, MIN_LETTERS = 2, 8
_SHARE_FOREIGN, _SHARE_KNOWN = 0.3, 0.95
_TOKEN = re.compile(r"\S+")

_TURNED = dict(zip("ɐqɔpǝɟƃɓɥᴉᵢıɾſʞʃɯubdɹʇnʌʍʎ", "abcdefgghiiijjklmnqprtuvwy", strict=True))
_TURNED |= dict(zip("∀ƆƎℲ⅁ԀΛ⅄¿¡˙", "acefgpvy?!.", strict=True))
_NEVER_UPRIGHT = frozenset("ɐɔǝɟƃɥᴉʞɯɹʇʌʍʎ")
MIN_TURNED = 4
"""So many different turned letters, and not one that would have been turned as well, make a text upside down."""
_WOULD_BE_TURNED = frozenset("acefghkmrtvwy")
_TURNED_TABLE = str.maketrans(_TURNED)

_INDICATORS = re.compile("[\U0001f1e6-\U0001f1ff]+")
_FIRST_INDICATOR = 0x1F1E6
_FLAGS = frozenset(SUPPORTED_REGIONS) | {"EU", "UN", "XK", "AQ"}
_ZEROS = "".join(c for c in map(chr, range(0x0660, 0x1D7CE)) if unicodedata.decimal(c, None) == 0)
_ZERO_FOR_O = re.compile(rf"[{_ZEROS}](?:(?=[A-Za-z])|(?<=[A-Za-z].))")
"""A zero of another script beside a Latin letter."""
_ANY_ZERO = re.compile(f"[{_ZEROS}]")


def fold_disguise(text: str) -> str:
    """Letters that only pass for others, or that an ornate text is drawn with, as those others. Case must be intact."""
    if text.isascii():
        return text
    text = fold_lookalikes(read_ornate(text))
    return _ZERO_FOR_O.sub("o", text) if _ANY_ZERO.search(text) else text


def read_ornate(text: str) -> str:
    """A text that is drawn with other letters, turned upside down or spelt with the letters of flags, in plain letters."""
    if _INDICATORS.search(text):
        text = _INDICATORS.sub(_spelt, text)
    if len(_NEVER_UPRIGHT.intersection(text)) >= MIN_TURNED and _WOULD_BE_TURNED.isdisjoint(text):
        return "\n".join([line[::-1].translate(_TURNED_TABLE) for line in text.split("\n")])
    return _drawn_plain(text) if _is_drawn(text) else text


def _spelt(found: re.Match[str]) -> str:
    """The letters of which a run consists; the run itself where it is flags, one beside the other."""
    letters = "".join([chr(ord("A") + ord(one) - _FIRST_INDICATOR) for one in found[0]])
    pairs = [letters[at : at + 2] for at in range(0, len(letters), 2)]
    return found[0] if _FLAGS.issuperset(pairs) else letters.lower()


@cache
def _plain() -> dict[str, str]:
    """For each letter and sign the Latin letter that it draws."""
    table = {drawn: letter for letter, ones in _DRAWN_WITH.items() for drawn in ones}
    return lookalikes("LATIN") | table


def _is_drawn(text: str) -> bool:
    """Whether nearly every letter draws a Latin one, and words hold letters of several other scripts, or of one that nobody
    writes in.
    """
    table = _plain()
    scripts_of = {character: _drawing_script(character) for character in set(text) if not character.isascii()}
    foreign_scripts = set(scripts_of.values()) - {None, "LATIN"}
    if len(foreign_scripts) < 2 and not (foreign_scripts and foreign_scripts <= _ONE_SCRIPT):
        return False
    letters = [c for c in text if c.isalpha() or scripts_of.get(c)]
    foreign = [c for c in letters if scripts_of.get(c) not in (None, "LATIN")]
    known = sum(c in table for c in foreign)
    if len(foreign) < max(MIN_LETTERS, _SHARE_FOREIGN * len(letters)) or known < _SHARE_KNOWN * len(foreign):
        return False
    words = [
        {scripts_of.get(c, "LATIN") for c in token if c.isalpha() or c in _SIGNS} for token in _TOKEN.findall(text)
    ]
    if foreign_scripts <= _ONE_SCRIPT:
        return sum(bool(word) for word in words) >= MIN_MIXED_WORDS
    mixed, drawn = sum(len(word) > 1 for word in words), sum(not word <= {"LATIN"} for word in words)
    return mixed >= MIN_MIXED_WORDS and 2 * mixed >= drawn


def _drawing_script(character: str) -> Script | None:
    """The script of a letter, a name for signs that draw one, None for other signs."""
    if character in _SIGNS:
        return "SIGNS"
    return script_of(character) if character.isalpha() else None


def _drawn_plain(text: str) -> str:
    table = _plain()
    text = _SIGN.sub(lambda found: table[found[0]], text)
    return "".join([table.get(c, c) if c not in _SIGNS else c for c in text])
