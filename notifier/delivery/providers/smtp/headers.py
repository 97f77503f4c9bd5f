"""Headers that are read as they were written, however long and whatever their accents.

They replace EmailMessage's own header objects, whose folding (3.11) encodes word by word
and loses or doubles the space between two words that have accents ("dégradationd’un bâtiment"), and
takes a comma in a name for the end of an address. RFC 2047, 2: encoded words of 75 characters at
most.
"""

from email.header import Header
from email.policy import Policy
from email.utils import quote

from notifier.mailbox import Mailbox


class Subject(str):
    """The subject of a mail."""

    name = "Subject"

    def __new__(cls, text: str) -> "Subject":
        """Raise ValueError for a text of several lines, which would end the header early."""
        if len(text.splitlines()) > 1:
            raise ValueError("a subject has one line")
        return super().__new__(cls, text)

    def fold(self, *, policy: Policy) -> str:
        """Return the whole header as it is sent, with its line end."""
        # Without a charset: ASCII stays as it is, all else is encoded from its first word on.
        folded = Header(self, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {folded}{policy.linesep}"


class Sender(str):
    """Who a mail is from, by name and address; the string is the address."""

    name = "From"
    shown: str

    def __new__(cls, mailbox: Mailbox) -> "Sender":
        sender = super().__new__(cls, mailbox.address)
        sender.shown = mailbox.name
        return sender

    def fold(self, *, policy: Policy) -> str:
        """Return the whole header as it is sent, with its line end."""
        if not self.shown:
            return f"{self.name}: {self}{policy.linesep}"
        phrase = f'"{quote(self.shown)}"'
        if not self.shown.isascii():
            phrase = Header(self.shown, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {phrase}{policy.linesep} <{self}>{policy.linesep}"
