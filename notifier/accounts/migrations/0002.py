"""The table of the cache: rate limits and used codes, the same for every process."""

from typing import Any

from django.core.management import call_command
from django.db import migrations

_TABLE = "accounts_cache"


def create(_apps: object, schema_editor: Any) -> None:
    call_command("createcachetable", _TABLE, database=schema_editor.connection.alias, verbosity=0)


def drop(_apps: object, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP TABLE {_TABLE}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
