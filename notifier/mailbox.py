"""Mail addresses: as people paste them, and as every mail server takes them."""

import re
import unicodedata
from dataclasses import dataclass

import idna

# Python takes the remains of a lost "à" (U+0085) for a space as well.
BLANK = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and c != "\x85")
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+")


def strip_invisible(text: str) -> str:
    """The text without the characters that show nothing: what is pasted from a page has some."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip(BLANK)


def encode_domain(address: str) -> str:
    """The address with its domain in the letters of DNS (IDNA 2008, UTS 46).

    `maire@mairie-orléans.fr` -> `maire@xn--mairie-orlans-khb.fr`: a server that knows no other
    letters takes it too. What is before the @ stays. Raises ValueError for a domain that is none.
    """
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise ValueError("son domaine n’en est pas un") from None


@dataclass(frozen=True)
class Mailbox:
    """Who a mail is from: the name that is shown, often none, and the address as it is sent."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read `a@b.fr`, `Name <a@b.fr>` or `"Name" <a@b.fr>`; a name may hold commas.

        Raises ValueError for anything else, several addresses among it.
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
