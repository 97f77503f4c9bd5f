"""The rows of the dataset: places, people, agreements, and three years of interventions.

Written by SQL, for a million rows told by the service would take hours. Columns that a step does
not name get the default of Django's field: a column more in a room's models changes nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

FIRST_NAMES = (
    *("Alix", "Camille", "Claude", "Dominique", "Éloïse", "Gaël", "Inès", "Jocelyne", "Kévin"),
    *("Léa", "Maël", "Noé", "Océane", "Pascal", "Rémi", "Sacha", "Thaïs", "Ulysse", "Yaël", "Zoé"),
)
LAST_NAMES = (
    *("Abélard", "Beaugrand", "Carpentier", "Duchêne", "Estève", "Fougère", "Garçon", "Hérisson"),
    *("Isnard", "Jolivet", "Kergoat", "Lemoine", "Maréchal", "Noël", "Ozanne", "Pêcheur"),
    *("Quéméner", "Rousselet", "Salomé", "Tréhet", "Urvoy", "Vasseur", "Weiss", "Yvon", "Zeller"),
)
# Codes of the configured categories, the first ones most often.
CATEGORIES = (
    *("C01.01.01", "C01.01.01", "C01.01.01", "C03.01.00", "C03.01.00", "C04.01.01"),
    *("C04.01.01", "C07.01.01", "C10.01.05", "C02.01.01"),
)


@dataclass(frozen=True)
class Size:
    """How much of everything; an incident has five notifications."""

    people: int = 100_000
    incidents: int = 205_000
    days: int = 3 * 365


def places(cursor: Any, _size: Size) -> None:
    from notifier.directory.models import OrganisationKind, OrganisationRef
    from notifier.directory.organisations import organisations
    from notifier.intake.access.api_keys import add_source
    from notifier.territory.reference.communes import all_communes
    from notifier.territory.zones.departements import all_departements
    from notifier.territory.zones.epci import all_epci

    communes = list(all_communes())
    refs = [OrganisationRef(OrganisationKind.COMMUNE, each.code) for each in communes]
    refs += [OrganisationRef(OrganisationKind.EPCI, each.siren) for each in all_epci()]
    inhabited = {commune.departement for commune in communes}
    for departement in all_departements():
        if departement.code in inhabited:
            refs.append(OrganisationRef(OrganisationKind.DEPARTEMENT, departement.code))
            refs.append(OrganisationRef(OrganisationKind.PREFECTURE, departement.code))
    organisations(refs)
    for code in sorted(inhabited):
        duty = f"permanence@groupement{code.lower()}.example"
        add_source(f"CORG {code}", [code], service="Gendarmerie", duty_email=duty, signed=False)
    cursor.execute(
        "CREATE TEMP TABLE place AS SELECT row_number() OVER (ORDER BY md5(o.code)) AS n,"
        " o.id AS organisation_id, o.code, o.name, o.departement, s.id AS source_id"
        " FROM directory_organisation o JOIN intake_source s ON s.name = 'CORG ' || o.departement"
        " WHERE o.kind = 'commune'; CREATE INDEX ON place (n); ANALYZE place"
    )


def people(cursor: Any, size: Size) -> None:
    """Give each commune a mayor, then deputies, then somebody on call, until all are placed."""
    from notifier.directory.models import Address, Mandate, Person
    from notifier.directory.names import fold

    names = [(last, first, fold(f"{last} {first}")) for last in LAST_NAMES for first in FIRST_NAMES]
    cursor.execute("CREATE TEMP TABLE named (n serial, last text, first text, key text)")
    cursor.executemany("INSERT INTO named (last, first, key) VALUES (%s, %s, %s)", names)
    cursor.execute("CREATE INDEX ON named (n); SELECT count(*) FROM place")
    cursor.execute("SELECT count(*) FROM place")
    communes = cursor.fetchone()[0]
    cursor.execute(
        "CREATE TEMP TABLE somebody AS SELECT i AS id, p.n, p.organisation_id,"  # noqa: S608
        f" (i - 1) / {communes} AS turn, mod(i * 7919, {len(names)}) + 1 AS name"
        f" FROM generate_series(1, {size.people}) AS i"
        f" JOIN place p ON p.n = mod(i - 1, {communes}) + 1"
    )
    _insert(
        cursor, Person, "somebody s JOIN named d ON d.n = s.name",
        id="s.id", last_name="d.last", first_name="d.first", name_key="d.key",
    )  # fmt: skip
    mobile = "'+3363998' || lpad(mod(s.id, 10000)::text, 4, '0')"
    addresses = {"mobile": mobile, "courriel": "'p' || s.id || '@mairie.example'"}
    for position, (kind, value) in enumerate(addresses.items(), start=1):
        _insert(
            cursor, Address, "somebody s", kind=f"'{kind}'", value=value, position=str(position),
            person_id="s.id", failures="CASE WHEN mod(s.id, 211) = 0 THEN 2 ELSE 0 END",
        )  # fmt: skip
    _insert(
        cursor, Mandate, "somebody s", person_id="s.id", organisation_id="s.organisation_id",
        function="(ARRAY['maire', 'adjoint', 'astreinte'])[mod(s.turn, 3) + 1]",
        rank="s.turn / 3 + 1", origin="'rne'", is_confirmed="mod(s.id, 17) <> 0",
    )  # fmt: skip
    # The head of each EPCI and council is a mayor as well.
    _insert(
        cursor, Mandate,
        "(SELECT row_number() OVER (ORDER BY id) AS n, id FROM directory_organisation"
        " WHERE kind IN ('epci', 'departement')) o JOIN somebody s ON s.id = o.n",
        person_id="s.id", organisation_id="o.id", function="'president'", rank="1",
        origin="'rne'",
    )  # fmt: skip
    cursor.execute("ANALYZE directory_mandate, directory_address, directory_organisation")


def agreements(cursor: Any, _size: Size) -> None:
    """Let each council be told, under a convention, of what happens in its département."""
    from notifier.directory.models import Convention, ConventionRule

    council = "directory_organisation o WHERE o.kind = 'departement'"
    _insert(
        cursor, Convention, council, id="o.id", reference="'departement-' || lower(o.code)",
        kind="'departement'", title="'Convention avec le ' || o.name",
        starts_on="current_date - 1500",
    )  # fmt: skip
    _insert(
        cursor, ConventionRule, council, id="o.id", convention_id="o.id", organisation_id="o.id",
        territory_of_id="o.id", categories="'[\"C01\", \"C04\"]'::jsonb",
        starts_at="now() - interval '1500 days'",
    )  # fmt: skip


def incidents(cursor: Any, size: Size) -> None:
    """Spread them over the days; one in three is in one of the 300 busiest communes."""
    from notifier.intake.models import Incident, Report

    codes = ", ".join(f"'{code}'" for code in CATEGORIES)
    cursor.execute(
        "CREATE TEMP TABLE draw AS SELECT i AS id,"  # noqa: S608
        f" now() - interval '1 minute' - (1 - i / {size.incidents}.0) * interval '{size.days} days'"
        " AS at, CASE WHEN random() < 0.33 THEN ceil(random() * 300)"
        " ELSE ceil(random() * (SELECT max(n) FROM place)) END::int AS n,"
        f" (ARRAY[{codes}])[ceil(random() * {len(CATEGORIES)})] AS category,"
        " (ARRAY['minor', 'moderate', 'severe', 'extreme'])[ceil(random() * 4)] AS severity,"
        f" i % 10 <> 3 AND i < {size.incidents} - 60 AS is_closed, random() AS luck"
        f" FROM generate_series(1, {size.incidents}) AS i"
    )
    cursor.execute(
        "CREATE TEMP TABLE happening AS SELECT d.*, p.code, p.name, p.departement, p.source_id,"
        " p.organisation_id FROM draw d JOIN place p ON p.n = d.n;"
        " CREATE INDEX ON happening (id); ANALYZE happening"
    )
    _insert(
        cursor, Incident, "happening h ORDER BY h.id", id="h.id", source_id="h.source_id",
        reference="h.departement || to_char(h.at, '-YYYY-') || lpad(h.id::text, 7, '0')",
        opened_at="h.at",
    )  # fmt: skip
    _insert(
        cursor, Report, f"happening h, {_REVISIONS}",
        id="md5(h.id || '-' || m)::uuid", incident_id="h.id", sequence="m",
        status="CASE m WHEN 2 THEN 'closed' ELSE 'engaged' END", category="h.category",
        severity="h.severity", occurred_at="h.at - interval '2 minutes'",
        location="jsonb_build_object('insee', h.code)", content_hash="md5(h.id || '-' || m)",
        received_at=f"h.at + {_AFTER}",
        # The last ones of a département in forty wait for a person.
        state=f"CASE WHEN h.id > {size.incidents} - 60 AND mod(h.id, 4) = 0 THEN 'review'"
        " ELSE 'decided' END",
        verdict=f"CASE WHEN h.id > {size.incidents} - 60 AND mod(h.id, 4) = 0 THEN 'conflict'"
        " ELSE 'certain' END",
        communes="jsonb_build_array(h.code)",
        handled_at=f"h.at + {_AFTER} + interval '8 ms'",
    )  # fmt: skip


# The end comes forty minutes after the first report.
_REVISIONS = "generate_series(1, CASE WHEN is_closed THEN 2 ELSE 1 END) AS g (m)"
_AFTER = "(m - 1) * interval '40 minutes'"
_WITHHELD = "h.category LIKE 'C02%'"
# Fires and searches of communes ask for an answer. Of a hundred six give none, and one says that it
# is not the commune.
_ASKS = "(h.kind = 'commune' AND h.category LIKE ANY (ARRAY['C04%', 'C10%']))"
_ANSWER = (
    f"CASE WHEN {_ASKS} THEN CASE WHEN mod(h.id, 100) < 6 THEN NULL WHEN mod(h.id, 100) < 7"
    " THEN 'not_mine' WHEN mod(h.id, 100) < 9 THEN 'call_me' WHEN mod(h.id, 100) < 60 THEN 'noted'"
    " ELSE 'taken' END END"
)
_ANSWERED_AT = "h.at + h.luck * interval '6 minutes'"


def alerts(cursor: Any, _size: Size) -> None:
    """Alert each commune but of what is withheld, and the council of what its rule names."""
    from notifier.alerting.models import Alert

    cursor.execute(
        "CREATE TEMP TABLE told AS SELECT row_number() OVER (ORDER BY id, kind) AS alert_id, t.*"
        " FROM (SELECT h.*, 'commune' AS kind, h.code AS organisation, h.name AS organisation_name,"
        " '{}'::jsonb AS terms FROM happening h WHERE h.category NOT LIKE 'C02%'"
        " UNION ALL SELECT h.*, 'departement', o.code, o.name, jsonb_build_object("
        "'rules', jsonb_build_array(o.id), 'conventions',"
        " jsonb_build_array('Convention avec le ' || o.name),"
        " 'functions', '[]'::jsonb, 'lane', '', 'detail', 'complet',"
        " 'communes', jsonb_build_array(h.code), 'sites', '[]'::jsonb, 'needs_release', false)"
        " FROM happening h JOIN directory_organisation o"
        " ON o.kind = 'departement' AND o.code = h.departement"
        " WHERE h.severity = 'extreme' AND h.category IN ('C01.01.01', 'C04.01.01')) t;"
        " CREATE INDEX ON told (alert_id); ANALYZE told"
    )
    facts = {
        "commune": "h.name", "time_zone": "'Europe/Paris'",
        "category_label": "'accident de la route [grave]'",
        "legal_basis": "'article L2212-2 du code général des collectivités territoriales'",
        "status": "'engaged'", "severity": "h.severity", "occurred_at": "h.at", "place": "NULL",
        "reference": "'R' || h.id", "service": "'Gendarmerie'", "duty_phone": "''",
        "exercise": "false", "next_to": "NULL", "holders": "'[]'::jsonb",
    }  # fmt: skip
    as_json = ", ".join(f"'{name}', {value}" for name, value in facts.items())
    _insert(
        cursor, Alert, "told h ORDER BY h.alert_id", id="h.alert_id", incident_id="h.id",
        organisation_kind="h.kind", organisation="h.organisation",
        organisation_name="h.organisation_name", departement="h.departement",
        report_id="md5(h.id || '-' || CASE WHEN h.is_closed THEN 2 ELSE 1 END)::uuid",
        category="h.category", severity="h.severity",
        kind="CASE WHEN h.is_closed THEN 'end' ELSE 'first' END",
        facts=f"jsonb_build_object({as_json})", terms="h.terms",
        revision="CASE WHEN h.is_closed THEN 2 ELSE 1 END", opened_at="h.at",
        # What nobody ended was closed when it was of no use any more.
        is_open="NOT h.is_closed AND h.at > now() - interval '1 day'",
        expires_at="h.at + interval '3 hours'",
        answers_wanted=f"CASE WHEN {_ASKS} THEN 1 ELSE 0 END",
        answered_at=f"CASE WHEN {_ANSWER} <> 'not_mine' THEN {_ANSWERED_AT} END",
    )  # fmt: skip


def notifications(cursor: Any, size: Size) -> None:
    """Tell the mayor by SMS and mail, every other time somebody more; store what was withheld."""
    from notifier.alerting.models import Notification
    from notifier.delivery.models import Attempt, Message

    cursor.execute(
        "CREATE TEMP TABLE reader AS SELECT o.kind, o.code AS organisation, m.person_id,"
        " a.kind AS address_kind, a.value AS address,"
        " row_number() OVER (PARTITION BY o.id, a.kind ORDER BY m.id) AS turn"
        " FROM directory_mandate m JOIN directory_organisation o ON o.id = m.organisation_id"
        " JOIN directory_address a ON a.person_id = m.person_id; ANALYZE reader"
    )
    cursor.execute(
        "CREATE TEMP TABLE letter AS"  # noqa: S608
        f" SELECT row_number() OVER (ORDER BY h.at + {_AFTER}) AS id,"
        " h.alert_id, h.id AS incident_id, h.source_id, h.kind, h.organisation, h.departement,"
        f" h.code, h.at + {_AFTER} AS at, m AS revision, h.luck, r.*, reader.person_id,"
        f" reader.address, {_ASKS} AND m = 1 AS asks, {_ANSWER} AS answer,"
        f" {_ANSWERED_AT} AS answered_at"
        " FROM told h"
        f" CROSS JOIN LATERAL {_REVISIONS}"
        " JOIN (VALUES ('sms', 'mobile', 1), ('email', 'courriel', 1), ('sms', 'mobile', 2))"
        " AS r (channel, address_kind, turn) ON r.turn = 1 OR mod(h.id, 2) = 0"
        " JOIN reader ON reader.kind = h.kind AND reader.organisation = h.organisation"
        " AND reader.turn = r.turn AND reader.address_kind = r.address_kind;"
        " CREATE INDEX ON letter (id); ANALYZE letter"
    )
    title = (
        "CASE WHEN turn = 2 THEN '1er adjoint' WHEN kind = 'commune' THEN 'maire'"
        " ELSE 'président' END"
    )
    # Of one incident in 41 nothing is received; no more is known of a mail than that it left.
    state = (
        "CASE WHEN l.at > now() - interval '1 minute' OR (l.channel = 'email'"
        " AND mod(l.incident_id, 199) <> 0) THEN 'accepted'"
        " WHEN mod(l.incident_id, 41) = 0 THEN 'undelivered'"
        " WHEN mod(l.incident_id, 199) = 0 THEN 'expired' WHEN mod(l.id, 211) = 0 THEN 'failed'"
        " WHEN mod(l.id, 997) = 0 THEN 'unknown' ELSE 'delivered' END"
    )
    handed_over = "l.at + interval '15 ms' + l.luck * interval '30 ms'"
    _insert(
        cursor, Message, "letter l ORDER BY l.id", id="l.id", channel="l.channel",
        address="l.address", incident_id="l.incident_id", pause_key="l.source_id::text",
        recipient="'person:' || l.person_id", title=title, lane="'urgent'",
        subject="CASE l.channel WHEN 'email' THEN 'Accident de la route' ELSE '' END",
        body="'Accident de la route grave, réf. R' || l.incident_id", state=state,
        reported_at="l.at", created_at="l.at + interval '8 ms'",
        expires_at="l.at + interval '3 hours'", attempt_count="1",
        provider="CASE l.channel WHEN 'sms' THEN 'twilio' ELSE 'smtp' END",
        provider_id="'SM' || md5(l.id::text)", token="md5('t' || l.id)",
        error_code="CASE WHEN mod(l.incident_id, 41) = 0 THEN '30003' ELSE '' END",
        accepted_at=handed_over, is_followed_up="true",
        ended_at="l.at + interval '2 seconds' + l.luck * l.luck * interval '20 seconds'",
    )  # fmt: skip
    _insert(
        cursor, Attempt, "letter l ORDER BY l.id", message_id="l.id", number="1",
        started_at="l.at + interval '9 ms'", ended_at=handed_over, result="'accepted'",
        detail="'remis à Twilio'", provider_id="'SM' || md5(l.id::text)",
    )  # fmt: skip
    _insert(
        cursor, Notification,
        "(SELECT l.*, 'queued' AS state, '' AS rule, '' AS why FROM letter l"  # noqa: S608
        " UNION ALL SELECT NULL, NULL, h.id, h.source_id, 'commune', h.code, h.departement,"
        " h.code, h.at, 1, h.luck, '', '', 0, NULL, '', false, NULL, NULL, 'suppressed',"
        f" 'withheld', 'la catégorie n’est pas communiquée' FROM happening h WHERE {_WITHHELD}) l"
        " ORDER BY l.at",
        kind="'alert'", state="l.state", source_id="l.source_id", incident_id="l.incident_id",
        report_id="md5(l.incident_id || '-' || l.revision)::uuid", alert_id="l.alert_id",
        revision="l.revision", organisation_kind="l.kind", organisation="l.organisation",
        commune="CASE l.state WHEN 'suppressed' THEN l.code ELSE '' END",
        departement="l.departement", channel="l.channel", address="l.address",
        recipient="coalesce('person:' || l.person_id, '')",
        title=f"CASE l.state WHEN 'suppressed' THEN '' ELSE {title} END", reason="l.rule",
        explanation="l.why", created_at="l.at + interval '8 ms'",
        expires_at="l.at + interval '3 hours'", message_id="l.id",
        answer_hash="CASE WHEN l.asks THEN md5('a' || l.alert_id || l.person_id) ELSE '' END",
    )  # fmt: skip


def answers(cursor: Any, _size: Size) -> None:
    """Let the mayors answer by the link of their SMS, some of them by telephone."""
    from notifier.alerting.models import Answer

    _insert(
        cursor, Answer,
        "letter l WHERE l.asks AND l.answer IS NOT NULL AND l.channel = 'sms' AND l.turn = 1"
        " ORDER BY l.id",
        incident_id="l.incident_id", alert_id="l.alert_id", recipient="'person:' || l.person_id",
        title="'maire'", kind="l.answer",
        means="(ARRAY['link', 'link', 'sms', 'voice'])[mod(l.id, 4) + 1]",
        at="greatest(l.answered_at, l.at + interval '10 ms')",
    )  # fmt: skip


def journal(cursor: Any, _size: Size) -> None:
    """Write the four lines of each report, the two of each message, and those of accounts."""
    from notifier.journal.models import Entry

    reported = (
        "(VALUES (1, 'received', 'Intervention reçue de la source.'), (2, 'resolved', 'Commune.'),"
        " (3, 'decided', 'Première alerte.'), (4, 'composed', 'Texte rédigé pour maire.'))"
        " AS w (place, step, text)"
    )
    sent = (
        "(VALUES (5, 'attempt', 'SMS pour maire, essai 1 : remis.'), (6, 'receipt', 'SMS reçu.'))"
        " AS w (place, step, text)"
    )
    _insert(
        cursor, Entry,
        "(SELECT h.at + w.place * interval '2 ms' AS at, h.id AS incident_id, NULL::bigint AS"  # noqa: S608
        f" message_id, w.step, w.text FROM happening h, {reported}"
        " UNION ALL SELECT l.at + (w.place - 4) * interval '1 second', l.incident_id, l.id, w.step,"
        f" w.text FROM letter l, {sent}"
        " UNION ALL SELECT now() - i * interval '25 minutes', NULL, NULL,"
        " (ARRAY['access', 'directory', 'agreement'])[mod(i, 3) + 1], 'Compte n° 1 : ouvert.'"
        " FROM generate_series(1, 60000) AS i) e ORDER BY e.at",
        at="e.at", incident_id="e.incident_id", message_id="e.message_id", step="e.step",
        text="e.text", data="'{}'::jsonb",
    )  # fmt: skip


def _insert(cursor: Any, model: Any, source: str, **values: str) -> None:
    """Insert a row for each of `source`; columns that are not named get the field's default."""
    for field in model._meta.concrete_fields:
        name = field.column
        if name not in values and not field.primary_key and not field.null:
            values[name] = _literal(field.get_default(), field.get_internal_type())
    columns = ", ".join(f'"{name}"' for name in values)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({columns})"  # noqa: S608 - expressions of this module
        f" SELECT {', '.join(values.values())} FROM {source}"
    )


def _literal(value: Any, kind: str) -> str:
    if kind == "JSONField":
        return "'[]'::jsonb" if isinstance(value, list) else "'{}'::jsonb"
    if value is None or isinstance(value, str):
        return f"'{value or ''}'"
    return str(value)


@contextmanager
def without_indexes(cursor: Any, *tables: str) -> Iterator[None]:
    """Drop the indexes that no constraint needs, and build them again at the end: much faster."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [list(tables)],
    )
    dropped = cursor.fetchall()
    for name, _ in dropped:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    for _, definition in dropped:
        cursor.execute(definition)


def set_sequences(cursor: Any) -> None:
    from django.apps import apps

    for model in apps.get_models():
        field = model._meta.pk
        if field.get_internal_type() == "BigAutoField":
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{field.column}'),"  # noqa: S608
                f" (SELECT coalesce(max({field.column}), 0) + 1 FROM {table}))"
            )
