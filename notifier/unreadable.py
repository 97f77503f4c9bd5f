"""Why a file cannot be read, in French: the system says it in English."""

import errno

REASONS = {
    errno.ENOENT: "n’existe pas",
    errno.EISDIR: "est un dossier",
    errno.EACCES: "ne peut être lu : ce compte n’en a pas le droit",
}


def describe_os_error(error: OSError) -> str:
    """Return what follows the file's name in a sentence: "n’existe pas"."""
    return REASONS.get(error.errno or 0, f"ne peut être lu ({error.strerror})")
