"""The database backend for postgresql:// addresses."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Check the socket instead of asking the server, before each request and each task.

    Django's `SELECT 1` was a fifth of all statements. A server that has ended the connection, by a
    restart or an administrator, has sent so or closed the line: either makes the socket readable,
    which it never is between two statements otherwise.
    """

    def is_usable(self) -> bool:
        """Return whether the connection may be used again."""
        if self.connection is None or self.connection.closed:
            return False
        socket = select.poll()
        socket.register(self.connection.pgconn.socket, select.POLLIN | select.POLLERR)
        return not socket.poll(0)
