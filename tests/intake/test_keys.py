"""Keys: shown once, kept as a hash, revoked and renewed; a source speaks with its own key only."""

import base64
from datetime import timedelta

import pytest
from django.db import connection

from notifier.intake.access.api_keys import (
    KeyRefusedError,
    renew_key,
    reseal,
    revoke,
    rotate,
    source_of,
)
from notifier.intake.models import Source
from notifier.intake.sealing import SealBrokenError, seal, unseal
from tests.intake.samples import source

pytestmark = pytest.mark.django_db


def test_no_column_of_any_table_holds_a_key() -> None:
    new = source(signed=True)
    first_secret = new.source.signing_secret
    again = rotate(Source.objects.get(), timedelta(hours=1))
    secrets = {new.key, again.key, first_secret, again.secret}
    secrets |= {secret.partition("_")[2] for secret in secrets}
    assert len(secrets) == 8
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


# --- rotation


DAY = timedelta(hours=24)


def test_both_keys_open_until_the_overlap_ends(clock) -> None:
    new = source()
    rotated = rotate(new.source, DAY)
    assert source_of(new.key) == source_of(rotated.key) == new.source
    clock.shift(DAY - timedelta(minutes=1))
    assert source_of(new.key) == new.source
    clock.shift(timedelta(minutes=2))
    with pytest.raises(KeyRefusedError, match=r"clé remplacée, refusée depuis le .* la nouvelle"):
        source_of(new.key)
    assert source_of(rotated.key) == new.source


def test_both_secrets_sign_until_the_overlap_ends(clock) -> None:
    new = source(signed=True)
    before = new.source.signing_secret
    rotated = rotate(new.source, DAY)
    now = Source.objects.get()
    assert now.signing_secret == rotated.secret != before
    assert now.signing_secrets == [rotated.secret, before]
    clock.shift(DAY + timedelta(minutes=1))
    assert Source.objects.get().signing_secrets == [rotated.secret]


def test_a_source_that_need_not_sign_gets_no_secret() -> None:
    assert rotate(source().source, DAY).secret == ""
    assert not Source.objects.get().must_sign


def test_rotated_twice_only_the_last_two_open() -> None:
    new = source()
    second = rotate(new.source, DAY)
    third = rotate(Source.objects.get(), DAY)
    with pytest.raises(KeyRefusedError, match="inconnue"):
        source_of(new.key)
    assert source_of(second.key) == source_of(third.key)


def test_without_overlap_the_old_one_is_refused_at_once() -> None:
    new = source()
    rotate(new.source, timedelta())
    with pytest.raises(KeyRefusedError, match="remplacée"):
        source_of(new.key)


@pytest.mark.parametrize("at_once", [renew_key, revoke])
def test_neither_key_outlives_a_renewal_or_a_revocation(at_once) -> None:
    new = source()
    rotated = rotate(new.source, DAY)
    at_once(Source.objects.get())
    for key in (new.key, rotated.key):
        with pytest.raises(KeyRefusedError):
            source_of(key)


def test_a_revoked_source_is_not_rotated() -> None:
    new = source()
    revoke(new.source)
    with pytest.raises(KeyRefusedError):
        rotate(Source.objects.get(), DAY)
    with pytest.raises(KeyRefusedError, match="révoquée"):
        source_of(new.key)


def test_two_who_rotate_at_once_do_not_lose_each_other_s_key() -> None:
    new = source()
    stale = Source.objects.get()
    first = rotate(new.source, DAY)
    with pytest.raises(KeyRefusedError, match="remplacée à l’instant"):
        rotate(stale, DAY)
    assert source_of(first.key) == new.source


# --- sealing


def test_a_secret_is_never_sealed_the_same_twice_and_opens_again() -> None:
    assert seal("whsec_x") != seal("whsec_x")
    assert unseal(seal("whsec_x")) == "whsec_x"


def test_a_former_key_still_opens_and_can_be_dropped_once_resealed(settings) -> None:
    new = source(signed=True)
    secret, former = new.source.signing_secret, settings.SECRET_KEY
    rotated = rotate(new.source, DAY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key" * 5, [former]
    assert Source.objects.get().signing_secrets == [rotated.secret, secret]
    assert reseal() == 1
    settings.SECRET_KEY_FALLBACKS = []
    assert Source.objects.get().signing_secrets == [rotated.secret, secret]


def test_another_key_opens_nothing_and_reseals_nothing(settings) -> None:
    source(signed=True)
    settings.SECRET_KEY = "another key" * 5
    with pytest.raises(SealBrokenError, match="SECRET_KEY_FALLBACKS"):
        _ = Source.objects.get().signing_secret
    before = Source.objects.get().sealed_secret
    with pytest.raises(SealBrokenError):
        reseal()
    assert Source.objects.get().sealed_secret == before
