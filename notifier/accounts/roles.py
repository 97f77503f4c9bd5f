"""The roles of people, and what each of them permits."""

from __future__ import annotations

from enum import Enum, auto

from django.db import models


class Role(models.TextChoices):
    """What a person is here for; the platform's own people are superusers and have no role."""

    GROUPEMENT = "groupement", "administrateur de groupement"
    ORGANISATION = "organisme", "administrateur d’un organisme"
    DISPATCHER = "operateur", "opérateur"
    AUDITOR = "auditeur", "auditeur"


class Permission(Enum):
    """What an account may do, somewhere."""

    SEE_BOARD = auto()
    SEE_INCIDENTS = auto()
    SEE_PEOPLE = auto()
    """People and their masked addresses."""
    SEE_ADDRESSES = auto()
    """Addresses in clear, revealed one by one."""
    EDIT_PEOPLE = auto()
    IMPORT = auto()
    ACT = auto()
    """Resend, tell one more, withdraw, close, release."""
    ENTER_ANSWERS = auto()
    """What somebody who was told answered on the telephone."""
    TEST_SEND = auto()
    DECIDE_REVIEWS = auto()
    SEE_LOG = auto()
    EXPORT = auto()
    SEE_FIGURES = auto()
    SEE_ALL_COUNTS = auto()
    """Counts under five as well."""
    EDIT_TERRITORY = auto()
    """Organisations, zones, sites, conventions."""
    EDIT_RULES = auto()
    MANAGE_SOURCES = auto()
    PAUSE = auto()
    MANAGE_ACCOUNTS = auto()


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.GROUPEMENT: frozenset(Permission),
    Role.ORGANISATION: frozenset(
        {
            Permission.SEE_BOARD,
            Permission.SEE_INCIDENTS,
            Permission.SEE_PEOPLE,
            Permission.SEE_ADDRESSES,
            Permission.EDIT_PEOPLE,
            Permission.IMPORT,
            Permission.TEST_SEND,
            Permission.SEE_LOG,
            Permission.EXPORT,
            Permission.SEE_FIGURES,
            Permission.SEE_ALL_COUNTS,
            Permission.MANAGE_ACCOUNTS,
        }
    ),
    Role.DISPATCHER: frozenset(
        {
            Permission.SEE_BOARD,
            Permission.SEE_INCIDENTS,
            Permission.SEE_PEOPLE,
            Permission.ENTER_ANSWERS,
            Permission.TEST_SEND,
            Permission.DECIDE_REVIEWS,
            Permission.SEE_LOG,
            Permission.SEE_FIGURES,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.SEE_INCIDENTS,
            Permission.SEE_LOG,
            Permission.EXPORT,
            Permission.SEE_FIGURES,
        }
    ),
}
