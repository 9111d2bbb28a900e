"""The texts that take longest to read, of all that the fuzz made and people thought of."""

COSTLY = (
    "+49 170 1234567",
    "anna (at) school dot eu ",
    "4111 1111 1111 1111 ",
    "GB82WEST12345698765432 ",
    "DE89 3704 0044 0532 0130 00 ",
    "756.1234.5678.97 ",
    "i will kill you idiot ",
    "7h15 15 4 7357 ",
    "k.i.l.l y.o.u ",
    "ﷺ ",
)
"""Pieces, over and over again. `benchmarks/batch_cost.py` tells what each costs; add what `make fuzz` finds to be slower."""
SIZES = (300, 3_000, 15_000, 53_000)
"""Characters: the cost is not even, because of a long text only some is read."""


def costly_text(number: int, piece: str, size: int) -> str:
    """A text like no other of so many characters."""
    return f"{number} {piece * (size // len(piece) + 1)}"[:size]
