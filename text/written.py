"""What a member wrote as everything reads it: as a reader sees it, without what shows nothing, cut where nobody reads on.

This is where reading begins, for every written field. Words, links, personal data, copies, names and excerpts are read of
the same text, and no reader has a limit of its own for how much of it.
"""

import re
from typing import NamedTuple

from text.html import visible
from text.normalise import (
    HEAD_CHARACTERS,
    MAX_CHARACTERS,
    TAIL_CHARACTERS,
    forwards,
    head_and_tail,
    remove_invisible,
    visible_characters,
)
from text.normalise_lookalikes import is_ordinary, script_of

__all__ = ["HEAD_CHARACTERS", "MAX_CHARACTERS", "TAIL_CHARACTERS", "Written", "read_written"]

WIDE_GAP = "     "
"""What stands for any wider gap between words. Columns stay apart for those who look for numbers."""

_ORDINARY_BLANKS = "\n\t\r\u2028\u2029"
"""Besides " ", in texts that `is_ordinary` tells."""
_GAP = re.compile(r"\s{3,}")


class Written(NamedTuple):
    """What a reader sees (`seen`): characters that show nothing are gone, gaps are at most `WIDE_GAP` or one empty line, and
    of more than `MAX_CHARACTERS` visible characters the first and the last are left.

    `targets` are the addresses of links as `text.html` finds them. `cut`: something was left out. `veiled`: something that
    shows nothing stood within the text.
    """

    seen: str
    targets: tuple[str, ...] = ()
    cut: bool = False
    veiled: bool = False


def read_written(field: str) -> Written:
    """Read one written field as it was stored. Linear in its length."""
    shown, targets = visible(field) if "<" in field or "&" in field else (field, ())
    ordinary = is_ordinary(shown)
    bare = shown if ordinary else remove_invisible(forwards(shown))
    # there is no blank but " "
    single = not any(map(bare.__contains__, _ORDINARY_BLANKS)) if ordinary else bare.isprintable()
    narrow = single and "   " not in bare
    folded = (bare if narrow else _GAP.sub(_narrower, bare)).strip()
    cut = len(folded) > MAX_CHARACTERS and visible_characters(folded) > MAX_CHARACTERS
    return Written(
        head_and_tail(folded) if cut else folded,
        targets,
        cut,
        len(bare) < len(shown) and _is_veiled(shown.strip(), bare.strip()),
    )


def _narrower(gap: re.Match[str]) -> str:
    ends = len(f"{gap[0]}.".splitlines()) - 1
    return WIDE_GAP[: len(gap[0])] if not ends else "\n" * min(ends, 2)


def _is_veiled(shown: str, bare: str) -> bool:
    """Whether something invisible stands within. Arabic and Persian are written with such joiners."""
    within = len(bare) < len(shown) and shown[:1] == bare[:1] and shown[-1:] == bare[-1:]
    return within and "ARABIC" not in set(map(script_of, bare))
