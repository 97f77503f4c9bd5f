"""The database's own refusal to change or delete journal entries, for SQLite and PostgreSQL.

Held by triggers, so that it binds the admin, a console session and any other program as well.
"""

from typing import Any

REFUSAL = "the journal is append-only"

_INSTALL = {
    "sqlite": [
        f"CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal_entry "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
        f"CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal_entry "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    ],
    "postgresql": [
        f"CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
        "CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()",
    ],
}
_REMOVE = {
    "sqlite": ["DROP TRIGGER journal_no_update", "DROP TRIGGER journal_no_delete"],
    "postgresql": [
        "DROP TRIGGER journal_no_change ON journal_entry",
        "DROP FUNCTION journal_refuse()",
    ],
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
