"""That residents agreed to be told under « participation citoyenne », its proof, and the way out.

Without a consent in force nobody of a quarter is told (`directory/recipients.py`).
"""

from __future__ import annotations

import secrets
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from notifier.directory.models import Consent, Mandate, Organisation, OrganisationKind
from notifier.journal.models import Step
from notifier.journal.write import new_entry, write_entries

BY_LINK = "par son lien de sortie"


class ConsentError(ValueError):
    """What is asked of a consent cannot be done; the message, in French, says why."""


def give_consent(mandate: Mandate, given_on: date, proof: str, by: str) -> Consent:
    """Note that a resident agreed on a day, and how that is proved. Raises ConsentError."""
    if mandate.organisation.kind != OrganisationKind.QUARTER:
        raise ConsentError(
            f"{mandate.organisation} n’est pas un quartier : ses personnes sont prévenues de par "
            "leur fonction, sans accord à donner"
        )
    if given_on > timezone.localdate():
        raise ConsentError(f"le {given_on:%d/%m/%Y} est à venir : donner le jour de l’accord")
    if not proof.strip():
        raise ConsentError("dire comment l’accord a été donné, et où la preuve est gardée")
    try:
        with transaction.atomic():
            consent = Consent.objects.create(
                mandate=mandate,
                given_on=given_on,
                proof=proof.strip(),
                exit_key=secrets.token_urlsafe(32),
            )
            _note(mandate, f"accord donné le {given_on:%d/%m/%Y}", by)
    except IntegrityError:
        raise ConsentError("cet habitant a déjà donné son accord") from None
    return consent


def withdraw_consent(mandate: Mandate, how: str, by: str) -> None:
    """End the consent of a resident from now on. Raises ConsentError if there is none."""
    with transaction.atomic():
        in_force = Consent.objects.filter(mandate=mandate, withdrawn_at=None)
        if not in_force.update(withdrawn_at=timezone.now(), withdrawn_how=how):
            raise ConsentError("cet habitant n’a pas d’accord en cours")
        _note(mandate, "accord retiré", by)


def consent_by_key(key: str) -> Consent | None:
    """Return the consent whose way out has this key, whether it is in force or not."""
    return Consent.objects.filter(exit_key=key).select_related("mandate__organisation").first()


def leave_by_key(key: str) -> bool:
    """End a consent by its way out; whether it was in force until now."""
    consent = consent_by_key(key)
    try:
        if consent is not None and consent.withdrawn_at is None:
            withdraw_consent(consent.mandate, BY_LINK, "l’habitant")
            return True
    except ConsentError:
        pass  # Withdrawn at the same moment.
    return False


def consents_of(organisation: Organisation) -> list[Consent]:
    """Return the consents of a quarter, past ones too, the latest first."""
    consents = Consent.objects.filter(mandate__organisation=organisation)
    return list(consents.select_related("mandate__person").order_by("-given_on", "-id"))


def _note(mandate: Mandate, what: str, by: str) -> None:
    text = f"{mandate.organisation}, habitant n° {mandate.pk} : {what} (par {by})."
    write_entries([new_entry(None, Step.AGREEMENT, text, mandate=mandate.pk, by=by)])
