"""Check what the service works with: categories and texts, communes, sources, contacts, queues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from shlex import quote

from django.db.models import Min
from django.utils import timezone

from notifier.alerting.content.composer import TemplatesError
from notifier.alerting.content.reflexes import ReflexesError
from notifier.alerting.policy.categories import CategoriesError
from notifier.alerting.policy.current import categories, composer, reflexes
from notifier.alerting.throttling.pause import paused_names
from notifier.alerting.webhooks.overview import failing_webhooks
from notifier.delivery.models import NOT_PAUSED, Message, MessageState
from notifier.directory.coverage import Coverage, coverage
from notifier.directory.zones.editions import communes_that_are_no_more
from notifier.intake.models import Report, ReportState, Source
from notifier.intake.sealing import SealBrokenError
from notifier.ops.doctor.findings import Finding, bad, good, warning
from notifier.territory.resolve import Commune, all_communes

# What is due for longer was not taken by any worker: sweeps come every two seconds.
WORKER_SILENT_AFTER = timedelta(seconds=60)
# Of the communes that lack something, as many are named.
SHOWN = 10


def check_content() -> Iterator[Finding]:
    """Check that categories and templates are valid."""
    try:
        yield good(f"Catégories : {len(categories().codes())} codes")
    except CategoriesError as error:
        yield bad(f"Catégories : {error}", "corriger le fichier (CATEGORIES_FILE) à la ligne dite")
    try:
        composer()
        yield good("Textes : modèles valides")
    except TemplatesError as error:
        yield bad(f"Textes : {error}", "corriger le modèle (TEMPLATES_DIR) à la ligne dite")
    try:
        reflexes()
        yield good("Fiches réflexes : valides")
    except ReflexesError as error:
        yield bad(f"Fiches réflexes : {error}", "corriger la fiche (REFLEXES_DIR)")


def check_territory() -> Iterator[Finding]:
    """Check that the file of communes opens and is complete."""
    count = sum(1 for _ in all_communes())
    if count:
        yield good(f"Territoire : {count:,} communes".replace(",", "\u202f"))
    else:
        yield bad("Territoire : aucune commune", "réinstaller le paquet : son fichier est vide")


def check_sources_and_contacts() -> Iterator[Finding]:
    """Check that some source may push, and that somebody can be told wherever it may."""
    sources = list(Source.objects.filter(revoked_at=None))
    if not sources:
        yield bad(
            "Sources : aucune",
            'notifier source add "CORG 90" --departement 90 --duty-email ADRESSE '
            "--duty-phone NUMÉRO",
        )
        return
    yield good(f"Sources : {', '.join(source.name for source in sources)}")
    yield from _check_sealed_secrets(sources)
    for failing in failing_webhooks(Source.objects.filter(revoked_at=None)):
        name = failing.source.name
        yield warning(
            f"Retours de « {name} » : son logiciel ne les prend plus depuis le "
            f"{timezone.localtime(failing.since):%d/%m à %H:%M}",
            f"notifier source webhook {quote(name)}, puis --test",
        )
    now = timezone.now()
    for departement in sorted({code for source in sources for code in source.departements}):
        yield from _check_contacts(coverage(departement, now))
    for remark in communes_that_are_no_more():
        yield warning(f"Organismes : {remark}", "notifier organisation territory --file FICHIER")


def _check_sealed_secrets(sources: list[Source]) -> Iterator[Finding]:
    """Check that the signing secrets open with the current SECRET_KEY."""
    for source in sources:
        try:
            _ = source.signing_secret
        except SealBrokenError:
            yield bad(
                f"Source {source.name} : son secret de signature a été chiffré sous une autre "
                "SECRET_KEY, ses envois reçoivent 503",
                "remettre l’ancienne dans SECRET_KEY_FALLBACKS, redémarrer, puis notifier source "
                "reseal ; ou notifier source rotate",
            )
        try:
            _ = source.webhook_secrets
        except SealBrokenError:
            yield warning(
                f"Source {source.name} : le secret de ses retours a été chiffré sous une autre "
                "SECRET_KEY, son logiciel n’apprend plus les réponses",
                "remettre l’ancienne dans SECRET_KEY_FALLBACKS, redémarrer, puis notifier source "
                f"reseal ; ou notifier source webhook {quote(source.name)} --rotate",
            )


def _check_contacts(found: Coverage) -> Iterator[Finding]:
    """Check where somebody active can be told, and by phone; list the other communes."""
    communes = found.communes
    silent = [commune.label for commune in communes if commune.code in found.by_nobody]
    unrung = [commune.label for commune in communes if commune.code in found.by_mail_only]
    departement = found.departement
    title = f"Contacts du département {departement} :"
    if len(silent) == len(communes):
        yield bad(
            f"{title} aucun n’est en fonction aujourd’hui", "notifier contacts import CONTACTS.csv"
        )
        return
    if silent:
        yield warning(
            f"{title} aucun n’est en fonction aujourd’hui dans {_format_counted(silent, communes)}",
            "compléter le fichier et relancer notifier contacts import",
        )
    if unrung:
        yield warning(
            f"{title} aucun n’a de mobile dans {_format_counted(unrung, communes)}",
            "y ajouter un mobile : une alerte urgente n’y réveille personne, la permanence est "
            "prévenue",
        )
    for what, lines in (
        ("mandats à confirmer", found.unconfirmed),
        ("adresses qui ne servent plus", found.failing),
        ("astreintes sans personne", found.gaps),
    ):
        if lines:
            yield warning(
                f"{title} {what} : {_format_first(lines)}",
                f"notifier directory coverage --departement {departement}",
            )
    if not silent and not unrung:
        yield good(f"{title} {len(communes)} communes dont un contact peut être réveillé")


def _format_first(lines: Sequence[str]) -> str:
    """Join the first ten, and say how many others there are."""
    more = f" et {len(lines) - SHOWN} autres" if len(lines) > SHOWN else ""
    return f"{' ; '.join(lines[:SHOWN])}{more}"


def _format_counted(those: Sequence[str], communes: Sequence[Commune]) -> str:
    """Return "2 communes sur 101 : Delle (90033), Bourg-sous-Châtelet (90016)", at most ten."""
    noun = "commune" if len(those) == 1 else "communes"
    more = f" et {len(those) - SHOWN} autres" if len(those) > SHOWN else ""
    return f"{len(those)} {noun} sur {len(communes)} : {', '.join(those[:SHOWN])}{more}"


def check_waiting() -> Iterator[Finding]:
    """Check that nothing is overdue, and nothing held by hand."""
    now = timezone.now()
    for name in paused_names():
        whose = "de toutes les sources" if name == "*" else f"de « {name} »"
        yield bad(
            f"Envois {whose} suspendus : rien n’en part",
            "notifier resume" if name == "*" else f"notifier resume {quote(name)}",
        )
    pending = Message.objects.filter(NOT_PAUSED, state=MessageState.PENDING)
    received = Report.objects.filter(state=ReportState.RECEIVED)
    oldest = {
        "un message attend": pending.aggregate(since=Min("due_at"))["since"],
        "une intervention attend": received.aggregate(since=Min("received_at"))["since"],
    }
    late = {what: now - since for what, since in oldest.items() if since}
    late = {what: age for what, age in late.items() if age > WORKER_SILENT_AFTER}
    for what, age in late.items():
        yield bad(
            f"File d’attente : {what} depuis {int(age.total_seconds())} s",
            "lancer notifier worker et notifier beat, ou lire leurs journaux",
        )
    if not late:
        yield good("File d’attente : rien n’attend")
    reviews = Report.objects.filter(state=ReportState.REVIEW).count()
    if reviews:
        yield warning(f"À vérifier : {reviews} en attente d’une décision", "notifier review")
