"""What is looked for."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """Kinds of personal data; the values are the names in the policy and in incidents."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"


class Standing(StrEnum):
    """How private a piece of personal data is where it stands.

    OFFICE leads to an institution rather than to a person (`info@…`, a mailing list). ATTRIBUTION says where a quotation
    comes from (a mail's header, "Anna <anna@…> wrote:", a line of a chat log): it was published with what is quoted. EXAMPLE
    is somebody's of whom an exercise or a novel speaks.
    """

    PERSONAL = "personal"
    OFFICE = "office"
    ATTRIBUTION = "attribution"
    EXAMPLE = "example"


class PersonalDatum(Struct, frozen=True):
    """One piece of personal data. `start` and `end` are indices into the text that was searched.

    `mask` tells its kind and shape and never its value: `[IBAN DE…]`. `anothers`: the text ascribes it to somebody else than
    its writer.
    """

    kind: Kind
    start: int
    end: int
    mask: str
    standing: Standing = Standing.PERSONAL
    anothers: bool = False
