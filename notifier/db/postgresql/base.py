"""The database backend that settings name for a postgresql:// address."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at the socket instead of asking the server, before each request and each task.

    Django's `SELECT 1` was a fifth of all statements. A server that ended the connection, by a
    restart or an administrator, has said so or closed the line: either makes the socket readable,
    which it never is between two statements otherwise.
    """

    def is_usable(self) -> bool:
        """Whether the connection may be used again."""
        if self.connection is None or self.connection.closed:
            return False
        socket = select.poll()
        socket.register(self.connection.pgconn.socket, select.POLLIN | select.POLLERR)
        return not socket.poll(0)
