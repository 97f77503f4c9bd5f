"""Contacts of Delle for the tests of this folder: invented, with numbers for fiction."""

from notifier.directory.models import Mandate
from tests.harness.people import add_contact

MOBILE, MAIL = "+33639980712", "maire.personnelle@delle.example"


def mayor(commune: str = "90033", mobile: str = MOBILE, mail: str = MAIL) -> Mandate:
    """A mayor who can be reached by SMS and e-mail."""
    return add_contact(
        commune,
        last_name="Aubépine",
        first_name="Camille",
        mobile=mobile,
        email=mail,
    )
