"""What the service works with: categories and texts, communes, sources and contacts, its worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Min
from django.utils import timezone

from notifier.alerting.categories import CategoriesError
from notifier.alerting.composition import TemplatesError
from notifier.alerting.in_force import categories, composer
from notifier.console.doctor.findings import Finding, bad, good, warning
from notifier.delivery.models import Message, MessageState
from notifier.directory.models import Contact
from notifier.intake.models import Handling, Intervention, Source
from notifier.territory.resolve import all_communes, communes_of, departement_of

# What is due for longer was not taken by any worker: sweeps come every two seconds.
WORKER_SILENT_AFTER = timedelta(seconds=60)


def wording() -> Iterator[Finding]:
    """Categories and templates are valid."""
    try:
        yield good(f"Catégories : {len(categories().codes())} codes")
    except CategoriesError as error:
        yield bad(f"Catégories : {error}", "corriger le fichier (CATEGORIES_FILE) à la ligne dite")
    try:
        composer()
        yield good("Textes : modèles valides")
    except TemplatesError as error:
        yield bad(f"Textes : {error}", "corriger le modèle (TEMPLATES_DIR) à la ligne dite")


def territory() -> Iterator[Finding]:
    """The file of communes opens and holds France."""
    count = sum(1 for _ in all_communes())
    if count:
        yield good(f"Territoire : {count:,} communes".replace(",", "\u202f"))
    else:
        yield bad("Territoire : aucune commune", "réinstaller le paquet : son fichier est vide")


def sources_and_contacts() -> Iterator[Finding]:
    """Somebody may push, and wherever they may, somebody can be told."""
    sources = list(Source.objects.filter(revoked_at=None))
    if not sources:
        yield bad("Sources : aucune", 'notifier source add "CORG 90" --departement 90')
        return
    yield good(f"Sources : {', '.join(source.name for source in sources)}")
    reached = set(Contact.objects.values_list("commune", flat=True).distinct())
    for departement in sorted({code for source in sources for code in source.departements}):
        communes = {commune.code for commune in communes_of(departement)}
        known = {code for code in reached if departement_of(code) == departement}
        silent = len(communes - known)
        if not known:
            yield bad(
                f"Contacts du département {departement} : aucun",
                "notifier contacts import CONTACTS.csv",
            )
        elif silent:
            yield warning(
                f"Contacts du département {departement} : aucun pour {silent} "
                f"{'commune' if silent == 1 else 'communes'} sur {len(communes)}",
                "compléter le fichier et relancer notifier contacts import",
            )
        else:
            yield good(f"Contacts du département {departement} : {len(communes)} communes servies")


def worker() -> Iterator[Finding]:
    """Nothing that is due has been lying about."""
    now = timezone.now()
    pending = Message.objects.filter(state=MessageState.PENDING)
    received = Intervention.objects.filter(state=Handling.RECEIVED)
    oldest = {
        "un message attend": pending.aggregate(since=Min("due_at"))["since"],
        "une intervention attend": received.aggregate(since=Min("received_at"))["since"],
    }
    late = {what: now - since for what, since in oldest.items() if since}
    late = {what: age for what, age in late.items() if age > WORKER_SILENT_AFTER}
    for what, age in late.items():
        yield bad(
            f"Travailleur : {what} depuis {int(age.total_seconds())} s",
            "lancer notifier worker et notifier beat, ou lire leurs journaux",
        )
    if not late:
        yield good("Travailleur : rien n’attend")
    reviews = Intervention.objects.filter(state=Handling.REVIEW).count()
    if reviews:
        yield warning(f"À vérifier : {reviews} en attente d’une décision", "notifier review")
