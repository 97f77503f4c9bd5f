"""Who is at the keyboard of this machine."""

import getpass
import os


def system_account() -> str:
    """Return the system account of the user, also behind `sudo`."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
