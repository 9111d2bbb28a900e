"""Which languages a sentence may be in: a short list that holds the right one, rather than one guess."""

from collections.abc import Sequence
from functools import cache

from py3langid import langid
from py3langid.modelio import load_model

OURS = (
    *("ar", "az", "bg", "bs", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hi", "hr", "hu", "hy", "is"),
    *("it", "ja", "ka", "lb", "lt", "lv", "mk", "mt", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr"),
    *("sv", "tr", "uk", "zh"),
)
"""The network's languages, and some that its members write besides, as the detector names them (BCP 47, `no` for Bokmål)."""
_NAMED = {"no": "nb", "nn": "nb", "hr": "sh", "bs": "sh", "sr": "sh"}
"""Languages that share one list of words: Bokmål and Nynorsk; Croatian, Bosnian and Serbian."""
LIKELIEST = 3
LIKELIEST_IF_SHORT = 5
SHORT = 20
"""A sentence of fewer characters says little about its language."""
CLOSE = 10.0
"""Only languages whose likelihood is so close to the best one's (difference of logarithms) are in question. Of 13,400 short
sentences in 42 languages 0.995 are in one of these, which are 1.24 languages a sentence.
"""


def list_of(language: str) -> str:
    """The list of words that a language (BCP 47) is read with: `de` for `de-AT`, `sh` for `hr`."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return _NAMED.get(primary, primary)


@cache
def _detector() -> langid.LanguageIdentifier:
    # `from_model_file` and `set_languages` would keep the likelihoods of all its 142 languages beside ours: 27 MB of a worker
    likelihoods, priors, languages, moves, rows, features = load_model(langid.MODEL_DIR / langid.MODEL_FILE)
    ours = [position for position, language in enumerate(languages) if language in OURS]
    named = [languages[position] for position in ours]
    return langid.LanguageIdentifier(likelihoods[:, ours], priors[ours], named, moves, features, tk_row=rows)


def likely(sentence: str) -> frozenset[str]:
    """The lists of the languages that the sentence may be in, one to `LIKELIEST_IF_SHORT`. Takes 50 to 300 µs."""
    ranked: Sequence[tuple[str, float]] = _detector().rank(sentence)
    best = ranked[0][1]
    most = LIKELIEST_IF_SHORT if len(sentence) < SHORT else LIKELIEST
    found: dict[str, None] = {}
    for language, score in ranked:
        if best - score > CLOSE or len(found) == most:
            break
        found[_NAMED.get(language, language)] = None
    return frozenset(found)
