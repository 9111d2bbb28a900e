"""Which languages a sentence may be in: a short list that holds the right one, rather than one guess."""

from array import array
from collections import Counter
from operator import itemgetter
from unicodedata import normalize

import numpy as np
from py3langid import langid
from py3langid.modelio import load_model

from text.tables import table

OURS = (
    *(
        "ar",
        "az",
        "be",
        "bg",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
        "gl",
        "he",
        "hi",
        "hr",
    ),
    *("hu", "hy", "is", "it", "ja", "ka", "ko", "lb"),
    *("lt", "lv", "mk", "mt", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk"),
    *("sl", "sq", "sr", "sv", "tr", "uk", "zh"),
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


_BITS = 4
_PIECE = 1 << _BITS
"""Bytes whose moves are kept together."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Odd, with its bits spread: no two pieces that differ have one sum of its powers."""


class _Detector:
    """py3langid's model and its way to score, in 12 MB of a worker instead of 90: of our languages alone, with equal rows of
    likelihoods once, and each of the pieces once that the rows of its automaton consist of.
    """

    def __init__(self) -> None:
        likelihoods, priors, languages, moves, rows, features = load_model(langid.MODEL_DIR / langid.MODEL_FILE)
        ours = [position for position, language in enumerate(languages) if language in OURS]
        self._languages = [languages[position] for position in ours]
        self._priors = priors[ours]
        rows_of: dict[bytes, int] = {}
        of_features = [rows_of.setdefault(row.tobytes(), len(rows_of)) for row in likelihoods[:, ours]]
        self._likelihoods = np.frombuffer(b"".join(rows_of), dtype=likelihoods.dtype).reshape(len(rows_of), -1)
        self._row_of = np.array(of_features, dtype=np.uint32)
        self._features = array("i", features)
        self._first_piece = array("I", np.asarray(rows, dtype=np.uint32) * (256 // _PIECE))
        pieces = np.asarray(moves, dtype=np.uint32).reshape(-1, _PIECE)
        sums = pieces.view(np.uint64) @ np.cumprod(np.full(_PIECE // 2, _FACTOR))
        _, first, number = np.unique(sums, return_index=True, return_inverse=True)
        self._moves = array("I", pieces[first].tobytes())
        self._pieces = array("I" if len(first) > np.iinfo(np.uint16).max else "H", number.tolist())

    def rank(self, sentence: str) -> list[tuple[str, float]]:
        """The languages with their likelihoods (logarithms), the likeliest first."""
        sentence = normalize("NFC", sentence.lower() if sentence.isupper() else sentence)
        counts = self._counts(sentence.encode("utf-8", "surrogatepass"))
        found: dict[str, float] = {}
        if counts:
            features = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
            often = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
            scores = np.log1p(often) @ self._likelihoods[self._row_of[features]] + self._priors
        else:
            scores = np.zeros(len(self._languages), dtype=np.float32)
        for language, score in zip(self._languages, scores.tolist(), strict=True):
            found[language] = max(score, found.get(language, score))
        return sorted(found.items(), key=itemgetter(1), reverse=True)

    def _counts(self, written: bytes) -> Counter[int]:
        """How often each feature, by its number, stands there."""
        moves, pieces, first_piece, features = self._moves, self._pieces, self._first_piece, self._features
        state, found = 0, []
        for byte in written:
            state = moves[(pieces[first_piece[state] + (byte >> _BITS)] << _BITS) + (byte & _PIECE - 1)]
            if features[state] >= 0:
                found.append(features[state])
        return Counter(found)


@table
def _detector() -> _Detector:
    return _Detector()


def likely(sentence: str) -> frozenset[str]:
    """The lists of the languages that the sentence may be in, one to `LIKELIEST_IF_SHORT`. Takes 50 to 300 µs."""
    ranked = _detector().rank(sentence)
    best = ranked[0][1]
    most = LIKELIEST_IF_SHORT if len(sentence) < SHORT else LIKELIEST
    found: dict[str, None] = {}
    for language, score in ranked:
        if best - score > CLOSE or len(found) == most:
            break
        found[_NAMED.get(language, language)] = None
    return frozenset(found)
