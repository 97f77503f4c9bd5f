"""The authenticator application: the codes of RFC 6238, appendix B, and the page that has them."""

import base64
from urllib.request import urlopen

import pytest

from notifier.simulator.client import Simulator
from notifier.simulator.codes import current_code, seconds_left

SECRET = base64.b32encode(b"12345678901234567890").decode()


# The RFC gives eight digits; an application shows the last six.
@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (2000000000, "69279037"),
    ],
)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert current_code(SECRET, at) == code[-6:]


def test_a_code_holds_to_the_end_of_its_half_minute() -> None:
    assert [seconds_left(at) for at in (0, 29, 30, 59)] == [30, 1, 30, 1]


def test_the_telephone_shows_the_code_of_each_account(simulator: Simulator) -> None:
    simulator.add_authenticator("groupement", SECRET)
    before = current_code(SECRET)
    assert simulator.code("groupement") in {before, current_code(SECRET)}
    with urlopen(simulator.control) as answer:  # noqa: S310  # loopback
        page = answer.read().decode()
    assert "Application d’authentification" in page
    assert '<dd data-account="groupement">' in page
