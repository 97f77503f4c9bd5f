"""The statements that are written out because Django's own form costs too much.

Gain: processor time of Python, both forms in turn in one process on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from notifier.db.columns import Columns, M, all_names
from notifier.directory.models import (
    Absence,
    Address,
    Convention,
    ConventionNarrowing,
    ConventionRule,
    Mandate,
    OnCallShift,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Preferences,
    Zone,
)

_MANDATE = Columns(Mandate, ("id", "person_id", "function", "rank", "starts_on", "ends_on"))
_ADDRESS = Columns(Address, ("id", "kind", "value", "failures", "failing_since", "opted_out_at"))
_PREFERENCES = Columns(Preferences, ("id", "quiet_from", "quiet_until", "routine_channels"))
_ABSENCE = Columns(Absence, ("id", "mandate_id", "starts_at", "ends_at", "stand_in_id"))
_SHIFT = Columns(OnCallShift, ("id", "mandate_id", "starts_at"))
_RULE = Columns(ConventionRule, all_names(ConventionRule))
_CONVENTION = Columns(Convention, ("id", "reference", "title"))
_ORGANISATION = Columns(Organisation, ("id", "kind", "code", "name"))
_TERRITORY = Columns(Organisation, ("id", "kind", "code", "time_zone"))
_ZONE = Columns(Zone, ("id", "kind", "name", "shape", "starts_on", "ends_on"))
_ZONE_WIDTH = len(_ZONE.names)
_NARROWING = Columns(ConventionNarrowing, ("id", "commune", "categories"))


@dataclass(frozen=True)
class MandateRow:
    """A mandate with its organisation, an address of its person, an absence, a shift on call.

    Of these last three, what there is.
    """

    mandate: Mandate
    organisation: OrganisationRef
    time_zone: str
    address: Address | None
    lacks_consent: bool
    """Whether it is a resident's, who has not agreed to be told."""
    preferences: Preferences | None
    absence: Absence | None
    shift: OnCallShift | None


def mandates_of(organisations: Collection[OrganisationRef], at: datetime) -> list[MandateRow]:
    """Return the mandates of the organisations, past and future ones too, as they are at `at`.

    Once for each address of the person, in the order of these, for each absence and for each shift
    that last at that moment; without one, once. Gains 0.5 ms for each alert over Django's own form,
    which takes longer to compile than the database to answer.
    """
    moment = connection.ops.adapt_datetimefield_value(at)
    pairs = " OR ".join(["(o.kind = %s AND o.code = %s)"] * len(organisations))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_MANDATE.of('m')}, {_ADDRESS.of('a')}, {_PREFERENCES.of('p')}, "  # noqa: S608 - names of the models and marks
            f"{_ABSENCE.of('b')}, {_SHIFT.of('s')}, "
            "o.kind, o.code, o.time_zone, "
            "o.kind = %s AND NOT EXISTS (SELECT 1 FROM directory_consent c "
            "WHERE c.mandate_id = m.id AND c.withdrawn_at IS NULL) "
            "FROM directory_organisation o "
            "JOIN directory_mandate m ON m.organisation_id = o.id "
            "LEFT JOIN directory_address a ON a.person_id = m.person_id "
            "LEFT JOIN directory_preferences p ON p.person_id = m.person_id "
            "LEFT JOIN directory_absence b ON b.mandate_id = m.id "
            "AND b.starts_at <= %s AND b.ends_at > %s "
            "LEFT JOIN directory_oncallshift s ON s.mandate_id = m.id "
            "AND s.organisation_id = o.id AND s.starts_at <= %s AND s.ends_at > %s "
            f"WHERE {pairs} ORDER BY m.id, a.position, a.id",
            [
                OrganisationKind.QUARTER.value,
                *([moment] * 4),
                *(part for ref in organisations for part in (ref.kind, ref.code)),
            ],
        )
        return [_to_mandate(row) for row in cursor.fetchall()]


def _to_mandate(row: Sequence[Any]) -> MandateRow:
    mandate, values = _take(_MANDATE, list(row))
    address, values = _take_any(_ADDRESS, values)
    preferences, values = _take_any(_PREFERENCES, values)
    absence, values = _take_any(_ABSENCE, values)
    shift, values = _take_any(_SHIFT, values)
    kind, code, time_zone, lacks_consent = values
    ref = OrganisationRef(kind, code)
    return MandateRow(
        mandate, ref, time_zone, address, bool(lacks_consent), preferences, absence, shift
    )


@dataclass(frozen=True)
class RuleOfTerritory:
    """A rule in force, a part of its territory that was asked for, what is kept back there."""

    rule: ConventionRule
    convention: Convention
    organisation: Organisation
    territory_of: Organisation
    commune: str
    """Empty where the whole territory of a département stands for it."""
    is_covered: bool
    """Whether all of the commune is a part of the territory."""
    zone: Zone | None
    narrowing: ConventionNarrowing | None


def rules_of_territories(
    communes: Collection[str],
    councils: Collection[str],
    departements: Collection[str],
    at: datetime,
    convention: int | None = None,
) -> list[RuleOfTerritory]:
    """Return the rules in force at `at`, once for each part of their territory that was asked for.

    Those of one convention alone where its id is given.

    `councils` are the départements whose council acts in a commune, `departements` those whose
    préfecture does. Zones are not looked at by date: their days are their organisation's.

    Gains 5 ms for each alert over Django's union of four queries, which takes longer to compile.
    """
    now = connection.ops.adapt_datetimefield_value(at)
    of_code = {
        OrganisationKind.COMMUNE.value: communes,
        OrganisationKind.DEPARTEMENT.value: councils,
        OrganisationKind.PREFECTURE.value: departements,
    }
    is_asked = " OR ".join(
        f"(kind = '{kind}' AND code IN ({_marks(codes)}))"
        for kind, codes in of_code.items()
        if codes
    )
    territory = ", ".join(f"territory_{name}" for name in _TERRITORY.names)
    of_one = territory_of_one = ""
    ids = []
    if convention is not None:
        of_one, ids = " AND r.convention_id = %s", [convention]
        # Said of each part as well: else all that was asked for is read before any rule is.
        territory_of_one = (
            " AND t.id IN (SELECT territory_of_id FROM directory_conventionrule"
            " WHERE convention_id = %s)"
        )
    # What a part is stands in it, so that no table is joined twice: planning is what costs here.
    statement = f"""
        WITH part({territory}, commune, is_covered, {", ".join(_ZONE.names)}) AS (
            SELECT {_TERRITORY.of("t")}, zc.commune, zc.is_covered, {_ZONE.of("z")}
            FROM directory_zonecommune zc JOIN directory_zone z ON z.id = zc.zone_id
            JOIN directory_organisation t ON t.id = z.organisation_id
            WHERE zc.commune IN ({_marks(communes)}){territory_of_one}
            UNION ALL
            SELECT {_TERRITORY.of("t")}, CASE kind WHEN 'commune' THEN code ELSE '' END, TRUE,
                {", ".join(["NULL"] * len(_ZONE.names))}
            FROM directory_organisation t WHERE ({is_asked}){territory_of_one}
        )
        SELECT part.commune, part.is_covered, {_RULE.of("r")}, {_CONVENTION.of("c")},
            {_ORGANISATION.of("o")}, {territory}, {_ZONE.of("part")},
            {_NARROWING.of("n")}
        FROM part
        JOIN directory_conventionrule r ON r.territory_of_id = part.territory_id
            AND r.starts_at <= %s AND (r.ends_at IS NULL OR r.ends_at > %s){of_one}
        JOIN directory_convention c ON c.id = r.convention_id
        JOIN directory_organisation o ON o.id = r.organisation_id
        LEFT JOIN directory_conventionnarrowing n ON n.convention_id = c.id
            AND n.commune IN ({_marks(communes)})
            AND n.starts_at <= %s AND (n.ends_at IS NULL OR n.ends_at > %s)
    """  # noqa: S608 - names of the models, constants and marks
    codes = [code for of_kind in of_code.values() for code in of_kind]
    parameters = [*communes, *ids, *codes, *ids, now, now, *ids, *communes, now, now]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [_to_rule(row) for row in cursor.fetchall()]


def _to_rule(row: Sequence[Any]) -> RuleOfTerritory:
    commune, is_covered, *values = row
    rule, values = _take(_RULE, values)
    convention, values = _take(_CONVENTION, values)
    organisation, values = _take(_ORGANISATION, values)
    territory_of, values = _take(_TERRITORY, values)
    # Of an outer join, where there may be nothing.
    zone, values = (None, values[_ZONE_WIDTH:]) if values[0] is None else _take(_ZONE, values)
    narrowing = None if values[0] is None else _NARROWING.load(values)
    return RuleOfTerritory(
        rule,
        convention,
        organisation,
        territory_of,
        commune,
        bool(is_covered),
        zone,
        narrowing,
    )


def _take(columns: Columns[M], values: list[Any]) -> tuple[M, list[Any]]:
    width = len(columns.names)
    return columns.load(values[:width]), values[width:]


def _take_any(columns: Columns[M], values: list[Any]) -> tuple[M | None, list[Any]]:
    """Take what is of an outer join, where there may be nothing."""
    if values[0] is None:
        return None, values[len(columns.names) :]
    return _take(columns, values)


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))
