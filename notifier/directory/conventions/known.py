"""What a convention may name of the directory: organisations that there are, and their sites."""

from __future__ import annotations

from notifier.directory.models import Organisation, OrganisationKind, OrganisationRef, Zone
from notifier.directory.organisations import known_organisation, read_ref
from notifier.territory.resolve import Location, commune_by_code, resolve


def read_organisation(text: str) -> OrganisationRef:
    """Read "epci:246300701", an organisation that there is.

    Raises ValueError in French; of a commune that is none any more it says which took its place.
    """
    kind, _, code = text.partition(":")
    if kind.strip() == OrganisationKind.COMMUNE and commune_by_code(code.strip().upper()) is None:
        says = " ".join(clue.says for clue in resolve(Location(insee=code.strip())).clues)
        raise ValueError(f"{says.rstrip('.')} ; donner le code d’une commune actuelle")
    ref = read_ref(text)
    stored = Organisation.objects.filter(kind=ref.kind, code=ref.code)
    if known_organisation(ref) is None and not stored.exists():
        raise ValueError(f"aucun organisme « {ref} » ; le créer par « notifier organisation add »")
    return ref


def sites_of(organisation: OrganisationRef) -> set[str]:
    """Return the names of an organisation's sites and outlines, past and future ones too."""
    zones = Zone.objects.filter(
        organisation__kind=organisation.kind, organisation__code=organisation.code
    )
    return set(zones.exclude(name="").values_list("name", flat=True))
