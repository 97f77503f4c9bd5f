"""Try an address: a text with a code that its reader reads back, by which the address is confirmed.

A test is clearly no alert, and tells of nothing. Its code is stored as a keyed hash.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from notifier.alerting.models import AddressTest
from notifier.alerting.policy.current import composer
from notifier.delivery.address import mask
from notifier.delivery.models import Channel, Lane
from notifier.delivery.outbox import OutgoingMessage, enqueue_messages
from notifier.directory.addresses import confirm
from notifier.directory.changes import changing
from notifier.directory.models import Address, AddressKind, ChangeKind, Mandate
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

VALIDITY = timedelta(minutes=30)
MAX_WRONG_ANSWERS = 5
# Within an hour: of one address, and by one author.
MAX_PER_ADDRESS = 3
MAX_PER_AUTHOR = 30
_SALT = "notifier.alerting.address_test"


class AddressTestError(ValueError):
    """What was asked for is impossible; the message, in French, says why and what to do."""


def send_test(
    address: Address, mandate: Mandate, author: str, *, is_own: bool = False
) -> AddressTest:
    """Send a test text to an address of the holder of a mandate; it leaves after the commit.

    `is_own`: the holder asked for it, and types the code in. Raises AddressTestError, with nothing
    sent.
    """
    channel = _channel(address)
    code = f"{secrets.randbelow(1_000_000):06}"
    now = timezone.now()
    with transaction.atomic():
        # Of two at once the second waits, and counts the first.
        Address.objects.select_for_update().get(pk=address.pk)
        _refuse_too_many(address, author, now)
        (message,) = enqueue_messages([_message(address, mandate, channel, code, now, is_own)])
        test = AddressTest.objects.create(
            address=address,
            message=message,
            code_hash=_hash(address, code),
            author=author,
            sent_at=now,
            expires_at=now + VALIDITY,
        )
        _note(test, mandate, f"essai envoyé, par {author}")
    return test


def answer_test(
    test: AddressTest, mandate: Mandate, typed: str, author: str, source: str = ""
) -> bool:
    """Return whether the code that was read back is right; the address is confirmed if so.

    Raises AddressTestError once the test is over, answered, or answered wrongly too often.
    """
    now = timezone.now()
    code = "".join(c for c in typed if c.isdigit())
    open_ones = AddressTest.objects.filter(
        pk=test.pk,
        confirmed_at=None,
        expires_at__gt=now,
        wrong_answers__lt=MAX_WRONG_ANSWERS,
    )
    is_right = constant_time_compare(test.code_hash, _hash(test.address, code))
    with changing(ChangeKind.CONFIRMATION, author, source) if is_right else transaction.atomic():
        if is_right:
            counted = open_ones.update(confirmed_at=now)
        else:
            counted = open_ones.update(wrong_answers=F("wrong_answers") + 1)
        if not counted:
            raise AddressTestError(
                "Cet essai est terminé : le code a été confirmé, il a plus de trente minutes, ou "
                "trop de codes faux ont été saisis. Envoyez un nouvel essai."
            )
        if is_right:
            confirm(Address.objects.select_for_update().get(pk=test.address_id), now)
            _note(test, mandate, f"adresse confirmée par le code lu, par {author}")
    return is_right


def last_tests(addresses: list[int]) -> dict[int, AddressTest]:
    """Return the last test of each address by its number. One statement."""
    since = timezone.now() - timedelta(days=1)
    rows = AddressTest.objects.filter(address__in=addresses, sent_at__gt=since)
    return {row.address_id: row for row in rows.select_related("message").order_by("id")}


def _channel(address: Address) -> Channel:
    if address.opted_out_at is not None:
        raise AddressTestError(
            "Cette personne a refusé d’être prévenue à cette adresse : rien ne lui est envoyé tant "
            "qu’elle ne l’accepte pas de nouveau."
        )
    if address.kind == AddressKind.LANDLINE:
        raise AddressTestError("Un téléphone fixe ne reçoit pas de SMS : appelez-le.")
    return Channel.EMAIL if address.kind == AddressKind.EMAIL else Channel.SMS


def _refuse_too_many(address: Address, author: str, now: datetime) -> None:
    recent = AddressTest.objects.filter(sent_at__gt=now - timedelta(hours=1))
    if recent.filter(address=address).count() >= MAX_PER_ADDRESS:
        raise AddressTestError(
            "Trois essais ont été envoyés à cette adresse en une heure : attendez, ou appelez la "
            "personne."
        )
    if recent.filter(author=author).count() >= MAX_PER_AUTHOR:
        raise AddressTestError(f"Vous avez envoyé {MAX_PER_AUTHOR} essais en une heure : attendez.")


def _message(
    address: Address,
    mandate: Mandate,
    channel: Channel,
    code: str,
    now: datetime,
    is_own: bool,
) -> OutgoingMessage:
    texts = composer().address_test(
        {
            "organisation": mandate.organisation.name,
            "code": f"{code[:3]} {code[3:]}",
            "own": is_own,
        }
    )
    is_sms = channel is Channel.SMS
    return OutgoingMessage(
        channel=channel,
        address=address.value,
        recipient=f"person:{address.person_id}",
        title=mandate.title,
        subject="" if is_sms else texts.subject,
        body=texts.sms if is_sms else texts.plain,
        lane=Lane.ROUTINE,
        expires_at=now + VALIDITY,
        incident_id=None,
    )


def _hash(address: Address, code: str) -> str:
    return salted_hmac(_SALT, f"{address.pk}:{code}", algorithm="sha256").hexdigest()


def _note(test: AddressTest, mandate: Mandate, what: str) -> None:
    where = mandate.organisation
    text = f"{mandate.title} de {where.name} ({where.ref}), {mask(test.address.value)} : {what}."
    entry = new_entry(
        None, Step.DIRECTORY, text, message_id=test.message_id, organisation=str(where.ref)
    )
    write_entries([entry])
