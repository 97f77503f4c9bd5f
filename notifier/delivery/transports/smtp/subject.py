"""A subject that is read as it was written, however long and whatever its accents.

Python's own folding (3.11) encodes word by word and loses or doubles the space between two words
that have accents: "dégradationd’un bâtiment". RFC 2047, 2: encoded words of 75 characters at most.
"""

from email.header import Header
from email.policy import Policy


class Subject(str):
    """Takes the place of EmailMessage's own header object, which would fold it."""

    name = "Subject"

    def __new__(cls, text: str) -> "Subject":
        """Raise ValueError for a text of several lines, which would end the header early."""
        if len(text.splitlines()) > 1:
            raise ValueError("a subject has one line")
        return super().__new__(cls, text)

    def fold(self, *, policy: Policy) -> str:
        """The whole header as it is sent, its line end included."""
        # Without a charset: ASCII stays as it is, all else is encoded from its first word on.
        folded = Header(self, header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {folded}{policy.linesep}"
