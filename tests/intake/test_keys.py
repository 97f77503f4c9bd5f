"""Keys: shown once, kept as a hash, revoked and renewed; a source speaks with its own key only."""

import base64

import pytest
from django.db import connection

from notifier.intake.keys import KeyRefusedError, renew_key, revoke, source_of
from notifier.intake.models import Source
from tests.intake.samples import source

pytestmark = pytest.mark.django_db


def test_no_column_of_any_table_holds_a_key() -> None:
    new = source()
    again = renew_key(new.source)
    secrets = {new.key, again, new.key.removeprefix("am_"), again.removeprefix("am_")}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    assert not any(secret in str(value) for secret in secrets), table


def test_a_key_is_256_random_bits() -> None:
    keys = {source(f"CORG {number}").key for number in range(20)}
    assert len(keys) == 20
    for key in keys:
        drawn = base64.urlsafe_b64decode(key.removeprefix("am_") + "=")
        assert len(drawn) == 32


def test_a_key_leads_to_its_source() -> None:
    one, other = source("CORG 90"), source("CORG 25", "25")
    assert source_of(one.key) == one.source
    assert source_of(other.key) == other.source


@pytest.mark.parametrize("key", ["", "am_", "am_inconnue", "x" * 10_000, "clé", "am_%00"])
def test_an_unknown_key(key: str) -> None:
    source()
    with pytest.raises(KeyRefusedError, match="clé inconnue"):
        source_of(key)


def test_the_hash_itself_opens_nothing() -> None:
    new = source()
    with pytest.raises(KeyRefusedError):
        source_of(Source.objects.get(pk=new.source.pk).key_hash)


def test_a_key_in_other_letters_is_another_key() -> None:
    new = source()
    with pytest.raises(KeyRefusedError):
        source_of(new.key.swapcase())


def test_a_revoked_key() -> None:
    new = source()
    assert revoke(new.source)
    with pytest.raises(KeyRefusedError, match=r"révoquée le \d\d/\d\d/\d{4}"):
        source_of(new.key)
    assert not revoke(new.source)


def test_revoking_one_source_leaves_the_others() -> None:
    one, other = source("CORG 90"), source("CORG 25", "25")
    revoke(one.source)
    assert source_of(other.key) == other.source


def test_a_renewed_key_replaces_the_old_one() -> None:
    new = source()
    key = renew_key(new.source)
    assert source_of(key) == new.source
    with pytest.raises(KeyRefusedError, match="inconnue"):
        source_of(new.key)


def test_a_renewed_key_opens_a_revoked_source_again() -> None:
    new = source()
    revoke(new.source)
    assert source_of(renew_key(new.source)) == new.source
