"""The statement that is written out because Django's own form costs too much.

Gain: processor time of Python, both forms in turn in one process on PostgreSQL.
"""

from collections.abc import Collection

from notifier.directory.models import Contact


def contacts_of(communes: Collection[str]) -> list[Contact]:
    """Return the contacts of the communes, in no order.

    Gains 0.4 ms for each alert over filter(commune__in=…), which Django takes longer to compile
    than the database to answer.
    """
    marks = ", ".join(["%s"] * len(communes))
    return list(
        Contact.objects.raw(
            f"SELECT * FROM directory_contact WHERE commune IN ({marks})",  # noqa: S608 - constants and marks
            list(communes),
        )
    )
