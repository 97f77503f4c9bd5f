"""Organisations, people, mandates, on-call and conventions, as stored."""

from notifier.directory.models.availability import (
    Absence,
    CalendarFeed,
    OnCallRotation,
    OnCallShift,
)
from notifier.directory.models.campaigns import (
    MAX_REMINDERS,
    Answer,
    ConfirmationCampaign,
    ConfirmationLink,
    ConfirmationRequest,
)
from notifier.directory.models.changes import Change, ChangeKind
from notifier.directory.models.conventions import (
    Consent,
    Convention,
    ConventionKind,
    ConventionNarrowing,
    ConventionNotice,
    ConventionRule,
    Detail,
)
from notifier.directory.models.coverage import CoverageCheck
from notifier.directory.models.functions import (
    ESCALATION_ORDER,
    OF_COMMUNE,
    Function,
    function_title,
)
from notifier.directory.models.imports import (
    UNFINISHED,
    WORKED_ON,
    ImportJob,
    ImportRow,
    ImportState,
    RowVerb,
)
from notifier.directory.models.organisations import (
    OF_DEPARTEMENT,
    Organisation,
    OrganisationKind,
    OrganisationRef,
    Zone,
    ZoneCommune,
    ZoneKind,
    unknown_commune,
)
from notifier.directory.models.people import (
    MAX_FAILURES,
    Address,
    AddressKind,
    Civility,
    Mandate,
    Origin,
    Person,
    Preferences,
)
from notifier.directory.models.undo_jobs import UNDO_WORKED_ON, UndoJob, UndoState

__all__ = [
    "ESCALATION_ORDER",
    "MAX_FAILURES",
    "MAX_REMINDERS",
    "OF_COMMUNE",
    "OF_DEPARTEMENT",
    "UNDO_WORKED_ON",
    "UNFINISHED",
    "WORKED_ON",
    "Absence",
    "Address",
    "AddressKind",
    "Answer",
    "CalendarFeed",
    "Change",
    "ChangeKind",
    "Civility",
    "ConfirmationCampaign",
    "ConfirmationLink",
    "ConfirmationRequest",
    "Consent",
    "Convention",
    "ConventionKind",
    "ConventionNarrowing",
    "ConventionNotice",
    "ConventionRule",
    "CoverageCheck",
    "Detail",
    "Function",
    "ImportJob",
    "ImportRow",
    "ImportState",
    "Mandate",
    "OnCallRotation",
    "OnCallShift",
    "Organisation",
    "OrganisationKind",
    "OrganisationRef",
    "Origin",
    "Person",
    "Preferences",
    "RowVerb",
    "UndoJob",
    "UndoState",
    "Zone",
    "ZoneCommune",
    "ZoneKind",
    "function_title",
    "unknown_commune",
]
