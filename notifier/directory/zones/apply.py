"""Put a file of territories into force, all of it or nothing."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from notifier.directory.models import OF_DEPARTEMENT, Organisation, OrganisationKind, ZoneKind
from notifier.directory.organisation_changes import record_changes
from notifier.directory.organisations import OrganisationError, organisations
from notifier.directory.zones.files import ZoneFile
from notifier.directory.zones.store import Changes, replace_zones

# Their communes are those that their code says.
_FIXED = (OrganisationKind.COMMUNE, *OF_DEPARTEMENT)


@transaction.atomic
def apply_zone_file(
    file: ZoneFile,
    *,
    origin: str,
    author: str,
    from_day: date | None = None,
    dry_run: bool = False,
) -> list[tuple[Organisation, Changes]]:
    """Replace the zones of every organisation of a file, and return what that changes, by name.

    `from_day`: see `replace_zones`. `origin` says where the zones come from, in 60 characters;
    with `author` it stands in the directory's history and in the journal. A dry run does the same
    and writes nothing.

    Raises `OrganisationError` for an organisation that is unknown or whose communes are not to be
    chosen, `ZoneInUseError`, and `ValueError` where both the file and `from_day` say from when.
    """
    if from_day and file.has_starts:
        raise ValueError(
            "le fichier dit lui-même à partir de quand (« du ») : ne pas donner une autre date"
        )
    if ZoneKind.COMMUNE in file.kinds:
        for ref in sorted(file.zones):
            if ref.kind in _FIXED:
                raise OrganisationError(
                    f"{ref} : ses communes sont connues par son code, et ne se choisissent pas"
                )
    owners = organisations(file.zones)
    done = [
        (
            owners[ref],
            replace_zones(
                owners[ref], file.zones[ref], file.kinds, origin=origin, from_day=from_day
            ),
        )
        for ref in sorted(file.zones)
    ]
    if dry_run:
        transaction.set_rollback(True)
    else:
        record_changes(done, author=author, source=origin)
    return done
