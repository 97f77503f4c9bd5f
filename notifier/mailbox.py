"""E-mail addresses: as people paste them, and as every mail server accepts them."""

import re
import unicodedata
from dataclasses import dataclass

import idna

# Python takes the remains of a lost "à" (U+0085) for a space as well.
BLANK = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and c != "\x85")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")


def strip_invisible(text: str) -> str:
    """Return the text without invisible characters, which text pasted from a page contains."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip(BLANK)


def encode_domain(address: str) -> str:
    """Return the address with its domain in ASCII (IDNA 2008, UTS 46).

    `maire@mairie-orléans.fr` -> `maire@xn--mairie-orlans-khb.fr`, which every server accepts. The
    part before the @ stays. Raises ValueError for an invalid domain.
    """
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise ValueError("son domaine n’en est pas un") from None


@dataclass(frozen=True)
class Mailbox:
    """The sender of a mail: the display name, often empty, and the encoded address."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read `a@b.fr`, `Name <a@b.fr>` or `"Name" <a@b.fr>`; a name may contain commas.

        Raises ValueError for anything else, such as several addresses.
        """
        text = strip_invisible(text)
        name, address = "", text
        if text.endswith(">"):
            name, _, address = text[:-1].rpartition("<")
            name = name.strip()
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        if re.search(r"[<>\x00-\x1f\x7f]", name):
            raise ValueError("doit être une seule adresse : Alertes <alertes@example.fr>")
        local, at, domain = address.strip().rpartition("@")
        if not at or not domain or not _LOCAL.fullmatch(local):
            raise ValueError("doit être une seule adresse : alertes@example.fr")
        return cls(name, encode_domain(f"{local}@{domain}"))
