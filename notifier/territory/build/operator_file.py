"""The operator's own contours: IGN's and Etalab's are finer than the packaged ones, and newer.

They go with the packaged list of communes, so an edition newer than that list is refused.

`build_operator_file` writes a whole file beside the active one and replaces it atomically, or not
at all; running processes keep the one they have open until they are restarted.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from notifier.territory.build.contours import replace_contours
from notifier.territory.build.quality import QualityReport
from notifier.territory.reference.database import PACKAGED_FILE


def build_operator_file(polygons: Path, file: Path) -> QualityReport:
    """Write `file` from the packaged communes and the operator's polygons.

    They are a .gpkg, a .geojson or a .geojson.gz.

    Raises `BadSourceError` when the source is wrong or partial, `OSError` when the folder cannot be
    written; `file` then stays as it was.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".unfinished-{os.getpid()}")
    try:
        shutil.copyfile(PACKAGED_FILE, unfinished)
        report = replace_contours(unfinished, polygons, f"{polygons.name} (opérateur)")
        with unfinished.open("rb") as copy:
            os.fsync(copy.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return report
