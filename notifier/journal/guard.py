"""Triggers by which SQLite and PostgreSQL refuse to change or delete journal entries.

They also bind the admin, a console session and any other program.
"""

from typing import Any

REFUSAL = "the journal is append-only"

_TABLE = "journal_entry"
_SQLITE_REFUSES = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
# REPLACE deletes without waking a DELETE trigger.
_KNOWN = f"WHEN EXISTS (SELECT 1 FROM {_TABLE} WHERE id = NEW.id)"  # noqa: S608 # constants only
_SQLITE = {
    "journal_no_update": f"BEFORE UPDATE ON {_TABLE}",
    "journal_no_delete": f"BEFORE DELETE ON {_TABLE}",
    "journal_no_replace": f"BEFORE INSERT ON {_TABLE} {_KNOWN}",
}
_REFUSE = (
    "CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql "
    f"AS $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
)
_NO_CHANGE = (
    f"CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {_TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()"
)
_INSTALL = {
    "sqlite": [f"CREATE TRIGGER {name} {when} {_SQLITE_REFUSES}" for name, when in _SQLITE.items()],
    "postgresql": [_REFUSE, _NO_CHANGE],
}
_REMOVE = {
    "sqlite": [f"DROP TRIGGER {name}" for name in _SQLITE],
    "postgresql": [f"DROP TRIGGER journal_no_change ON {_TABLE}", "DROP FUNCTION journal_refuse()"],
}


def install(_apps: object, schema_editor: Any) -> None:
    """Create the triggers (a migration's forward step)."""
    _run(schema_editor, _INSTALL)


def remove(_apps: object, schema_editor: Any) -> None:
    """Drop the triggers (a migration's backward step)."""
    _run(schema_editor, _REMOVE)


def _run(schema_editor: Any, statements: dict[str, list[str]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
