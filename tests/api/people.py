"""Contacts of Delle for the tests of this folder: invented, with numbers for fiction."""

from notifier.directory.models import Contact, Function

MOBILE, MAIL = "+33639980712", "maire.personnelle@delle.example"


def mayor(commune: str = "90033", mobile: str = MOBILE, mail: str = MAIL) -> Contact:
    """A mayor who can be reached by SMS and e-mail."""
    return Contact.objects.create(
        commune=commune,
        function=Function.MAYOR,
        rank=1,
        last_name="Aubépine",
        first_name="Camille",
        mobile=mobile,
        email=mail,
    )
