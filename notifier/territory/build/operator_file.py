"""The operator's own contours: IGN's and Etalab's are finer than the packaged ones, and newer.

They are laid over the packaged list of communes, so an edition newer than that list is refused.

`renew` writes a whole file beside the one that serves and puts it in its place at once, or not at
all; processes that run keep the one they have open until they are started again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from notifier.territory.build.contours import lay_contours
from notifier.territory.build.quality import Survey
from notifier.territory.reference.database import PACKAGED


def renew(polygons: Path, file: Path) -> Survey:
    """Makes `file` out of the packaged communes and polygons of the operator's.

    They are a .gpkg, a .geojson or a .geojson.gz.

    Raises `BadSourceError` when the source is wrong or partial, `OSError` when the folder cannot
    be written; `file` then stays as it was.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".unfinished-{os.getpid()}")
    try:
        shutil.copyfile(PACKAGED, unfinished)
        found = lay_contours(unfinished, polygons, f"{polygons.name} (opérateur)")
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return found
