"""The command `notifier on-call`: who is on call in an organisation, by periods."""  # noqa: N999

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifier.directory.absences import absences_of, describe_absence
from notifier.directory.changes import changing
from notifier.directory.lookup import (
    describe_mandate,
    mandate_named,
    parse_local,
    parse_moment,
)
from notifier.directory.management.commands._arguments import (
    MOMENT_HELP,
    PERSON_HELP,
    add_author_option,
    add_organisation_argument,
    find_organisation,
    refusals_in_one_line,
)
from notifier.directory.models import Absence, ChangeKind, OnCallShift, Organisation, Person
from notifier.directory.on_call import feeds, gaps, planning
from notifier.directory.on_call.calendar_import import (
    CalendarImport,
    ImportedEvent,
    import_calendar,
)
from notifier.directory.on_call.calendar_in import MAX_BYTES, EventKind
from notifier.directory.on_call.planning import NewRotation
from notifier.moments import weekday_moment

_SHOWN_WEEKS = 8


class Command(BaseCommand):
    """Plan a rotation, show, swap and stop shifts."""

    help = "Astreintes d’un organisme : planifier, afficher, échanger, arrêter."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions, each with its own arguments."""
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="plan|show|swap|stop|import|calendar"
        )
        planning_ = actions.add_parser(
            "plan", help="planifier un roulement, 53 semaines à l’avance"
        )
        add_organisation_argument(planning_)
        planning_.add_argument(
            "people", nargs="+", metavar="PERSONNE", help=f"dans l’ordre des tours : {PERSON_HELP}"
        )
        planning_.add_argument(
            "--from", dest="start", required=True, metavar="MOMENT",
            help=f"première prise d’astreinte, {MOMENT_HELP} ; la relève garde cette heure",
        )  # fmt: skip
        planning_.add_argument(
            "--days", type=int, default=7, metavar="JOURS", help="durée d’un tour (7)"
        )
        planning_.add_argument(
            "--until", dest="end", metavar="DATE",
            help="dernier jour, à l’heure de la relève ; sans lui, le roulement continue",
        )  # fmt: skip
        planning_.add_argument(
            "--dry-run", action="store_true", help="montrer les tours, ne rien écrire"
        )
        showing = actions.add_parser("show", help="qui est d’astreinte, les tours et les trous")
        add_organisation_argument(showing)
        showing.add_argument(
            "--weeks", type=int, default=_SHOWN_WEEKS, metavar="SEMAINES",
            help=f"jusqu’où montrer ({_SHOWN_WEEKS})",
        )  # fmt: skip
        swapping = actions.add_parser("swap", help="donner un tour, ou en échanger deux")
        add_organisation_argument(swapping)
        swapping.add_argument("moment", metavar="MOMENT", help=f"pendant le tour, {MOMENT_HELP}")
        how = swapping.add_mutually_exclusive_group(required=True)
        how.add_argument("--to", metavar="PERSONNE", help=f"qui le prend : {PERSON_HELP}")
        how.add_argument(
            "--with", dest="other", metavar="MOMENT", help="pendant l’autre tour, à échanger"
        )
        swapping.add_argument(
            "--until", dest="end", metavar="MOMENT",
            help="avec --to : seulement de MOMENT à celui-ci, même si personne n’était d’astreinte",
        )  # fmt: skip
        stopping = actions.add_parser(
            "stop", help="ne plus planifier personne à partir d’un moment"
        )
        add_organisation_argument(stopping)
        stopping.add_argument("moment", metavar="MOMENT", help=MOMENT_HELP)

        importing = actions.add_parser(
            "import", help="reprendre les tours et les absences d’un fichier .ics"
        )
        add_organisation_argument(importing)
        importing.add_argument("file", type=Path, metavar="FICHIER.ics")
        importing.add_argument(
            "--comme", choices=[kind.value for kind in EventKind],
            help="ce qu’est chaque événement, quel que soit son titre",
        )  # fmt: skip
        importing.add_argument(
            "--valides",
            action="store_true",
            help="reprendre les bons bien que d’autres soient refusés",
        )
        importing.add_argument(
            "--dry-run", action="store_true", help="montrer ce qui serait repris, ne rien écrire"
        )
        giving = actions.add_parser(
            "calendar", help="adresse secrète à donner à un agenda : les tours et les absences"
        )
        add_organisation_argument(giving)
        giving.add_argument(
            "--person", metavar="PERSONNE", help=f"ses seuls tours, partout : {PERSON_HELP}"
        )
        what = giving.add_mutually_exclusive_group()
        what.add_argument("--renew", action="store_true", help="remplacer l’adresse en service")
        what.add_argument("--revoke", action="store_true", help="retirer l’adresse en service")
        for action in (planning_, swapping, stopping, importing, giving):
            add_author_option(action)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the action; exit code 1, with nothing written, when anything is refused."""
        with refusals_in_one_line():
            organisation = find_organisation(options["organisation"])
            getattr(self, f"_{options['action']}")(organisation, options)

    def _plan(self, organisation: Organisation, options: dict[str, Any]) -> None:
        now = timezone.now()
        new = NewRotation(
            members=[mandate_named(organisation, text, now) for text in options["people"]],
            first_start=parse_local(options["start"]),
            shift_days=options["days"],
            ends_on=parse_local(options["end"]).date() if options["end"] else None,
        )
        with _changing(options):
            shifts = planning.plan_rotation(organisation, new, now, dry_run=options["dry_run"])
        self._head(organisation)
        self._write(shifts[: max(_SHOWN_WEEKS, len(new.members) + 1)])
        last = weekday_moment(shifts[-1].ends_at.astimezone(organisation.zone_info))
        self.stdout.write(f"{len(shifts)} tours, le dernier jusqu’au {last}.")
        if options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")

    def _show(self, organisation: Organisation, options: dict[str, Any]) -> None:
        now = timezone.now()
        self._head(organisation)
        until = now + timedelta(weeks=options["weeks"])
        shifts = planning.shifts_between(organisation, now, until)
        if shifts and shifts[0].starts_at <= now:
            current, zone = shifts[0], organisation.zone_info
            self.stdout.write(
                f"En ce moment : {describe_mandate(current.mandate)}, jusqu’au "
                f"{weekday_moment(current.ends_at.astimezone(zone))}."
            )
        else:
            self.stdout.write("En ce moment : personne.")
        self._write(shifts, absences_of(organisation, now))
        self._write_gap(organisation)

    def _swap(self, organisation: Organisation, options: dict[str, Any]) -> None:
        now = timezone.now()
        at = parse_moment(options["moment"], organisation.zone_info)
        if options["other"]:
            other = parse_moment(options["other"], organisation.zone_info)
            with _changing(options):
                changed = planning.swap(organisation, at, other, now)
            self._write(changed)
            return
        mandate = mandate_named(organisation, options["to"], now)
        if options["end"]:
            starts_at, ends_at = at, parse_moment(options["end"], organisation.zone_info)
        else:
            shift = planning.shift_at(organisation, at)
            starts_at, ends_at = shift.starts_at, shift.ends_at
        with _changing(options):
            changed = planning.give(organisation, starts_at, ends_at, mandate, now)
        self._write(changed)

    def _stop(self, organisation: Organisation, options: dict[str, Any]) -> None:
        at = max(parse_moment(options["moment"], organisation.zone_info), timezone.now())
        with _changing(options):
            count = planning.stop(organisation, at)
        local = weekday_moment(at.astimezone(organisation.zone_info))
        self.stdout.write(
            f"À partir du {local}, plus personne n’est planifié (tours ôtés ou écourtés : {count})."
        )

    def _import(self, organisation: Organisation, options: dict[str, Any]) -> None:
        try:
            with options["file"].open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"« {options['file']} » illisible ({error.strerror})") from None
        with _changing(options):
            done = import_calendar(
                organisation,
                content,
                timezone.now(),
                kind=EventKind(options["comme"]) if options["comme"] else None,
                only_valid=options["valides"],
                dry_run=options["dry_run"],
            )
            self._show_import(organisation, done, options)

    def _show_import(
        self, organisation: Organisation, done: CalendarImport, options: dict[str, Any]
    ) -> None:
        for what, events in (("astreinte", done.shifts), ("absence", done.absences)):
            for one in events:
                self.stdout.write(f"  {what} {_imported(one, organisation)}")
        counts = ((len(done.shifts), "tour"), (len(done.absences), "absence"))
        said = ", ".join(f"{count} {word}{'s' * (count > 1)}" for count, word in counts)
        self.stdout.write(f"{said}, {done.unchanged} déjà là.")
        if done.refused:
            refused = "\n".join(f"  {line}" for line in done.refused)
            if not options["valides"]:
                raise CommandError(
                    f"rien n’est repris (--valides reprend les bons), refus :\n{refused}"
                )
            self.stderr.write(f"refus :\n{refused}")
        if options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")

    def _calendar(self, organisation: Organisation, options: dict[str, Any]) -> None:
        now = timezone.now()
        owner: Organisation | Person = organisation
        if options["person"]:
            owner = mandate_named(organisation, options["person"], now).person
        if options["revoke"]:
            closed = feeds.close_feed(owner, now)
            self.stdout.write("Adresse retirée." if closed else "Aucune adresse en service.")
            return
        current = feeds.open_feeds(owner).first()
        if current and not options["renew"]:
            raise CommandError(
                f"une adresse est en service, créée par {current.created_by} le "
                f"{weekday_moment(timezone.localtime(current.created_at))}, et n’est plus "
                "affichée : --renew la remplace, --revoke la retire"
            )
        secret = feeds.open_feed(owner, options["who"], now)
        self.stdout.write(
            f"Calendrier de {owner}, à ouvrir dans un agenda par « S’abonner à un calendrier ». "
            "Qui a cette adresse lit le calendrier ; elle ne sera plus affichée :"
        )
        self.stdout.write(feeds.feed_address(secret))

    def _head(self, organisation: Organisation) -> None:
        self.stdout.write(f"{organisation}, heure de {organisation.time_zone}")

    def _write(self, shifts: list[OnCallShift], absences: Sequence[Absence] = ()) -> None:
        for shift in shifts:
            zone = shift.organisation.zone_info
            starts, ends = (
                weekday_moment(at.astimezone(zone)) for at in (shift.starts_at, shift.ends_at)
            )
            self.stdout.write(f"  du {starts} au {ends} : {describe_mandate(shift.mandate)}")
            for absence in absences:
                is_theirs = absence.mandate_id == shift.mandate_id
                is_then = absence.starts_at < shift.ends_at and shift.starts_at < absence.ends_at
                if is_theirs and is_then:
                    self.stdout.write(f"    {describe_absence(absence)}")

    def _write_gap(self, organisation: Organisation) -> None:
        now = timezone.now()
        gap = gaps.first_gap(organisation, now)
        if gap is None:
            self.stdout.write("Aucun roulement : « notifier on-call plan » en crée un.")
            return
        starts = weekday_moment(gap.starts_at.astimezone(organisation.zone_info))
        if gap.ends_at is not None:
            ends = weekday_moment(gap.ends_at.astimezone(organisation.zone_info))
            self.stdout.write(f"Personne n’est d’astreinte du {starts} au {ends}.")
        elif gaps.is_extended(organisation, gap.starts_at):
            self.stdout.write(f"Sans trou jusqu’au {starts} ; la suite s’ajoute d’elle-même.")
        else:
            self.stdout.write(f"Personne n’est d’astreinte à partir du {starts}.")


def _changing(options: dict[str, Any]) -> AbstractContextManager[object]:
    """Have what is written stand under the author's name; of a trial nothing is written."""
    if options.get("dry_run"):
        return nullcontext()
    source = options["file"].name if options.get("file") else "notifier on-call"
    return changing(ChangeKind.HAND, options["who"], source)


def _imported(one: ImportedEvent, organisation: Organisation) -> str:
    starts, ends = (
        weekday_moment(at.astimezone(organisation.zone_info))
        for at in (one.event.starts_at, one.event.ends_at)
    )
    return f"du {starts} au {ends} : {', '.join(map(describe_mandate, one.mandates))}"
