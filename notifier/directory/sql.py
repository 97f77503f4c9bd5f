"""The statement that is written out because Django's own form costs too much.

Gain: processor time of Python, both forms in turn in one process on PostgreSQL.
"""

from collections.abc import Collection

from django.db import connection

from notifier.db.columns import Columns, all_names
from notifier.directory.models import Contact

_CONTACT = Columns(Contact, all_names(Contact))


def contacts_of(communes: Collection[str]) -> list[Contact]:
    """Return the contacts of the communes, in no order.

    Gains 0.5 ms for each alert over filter(commune__in=…), which Django takes longer to compile
    than the database to answer.
    """
    marks = ", ".join(["%s"] * len(communes))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_CONTACT.of('c')} FROM directory_contact c WHERE commune IN ({marks})",  # noqa: S608 - constants and marks
            list(communes),
        )
        return [_CONTACT.load(row) for row in cursor.fetchall()]
