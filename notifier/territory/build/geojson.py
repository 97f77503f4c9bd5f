"""Read a GeoJSON FeatureCollection feature by feature, whatever its size.

Etalab publishes the communes as one line of 100 MB; `json` alone would take ten times as much.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

_START = re.compile(r'"features"\s*:\s*\[')
_SEPARATOR = re.compile(r"[\s,]*")
_CHUNK = 2**20
_MAX_FEATURE = 2**26
"""Characters of one feature; the largest communes take a few million at full precision."""


def is_geojson(file: Path) -> bool:
    """Return whether the file's name says so, compressed or not."""
    return file.name.lower().removesuffix(".gz").endswith((".geojson", ".json"))


def read_features(file: Path) -> Iterator[Any]:
    """Yield every feature as parsed JSON; only one is in memory at a time.

    Raises `ValueError`, in French, for a file that is truncated, damaged or something else.
    """
    opened = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8-sig") as text:
            yield from _features(cast(TextIO, text))
    except EOFError:
        raise ValueError(
            "l’archive gzip est coupée avant sa fin : la télécharger à nouveau"
        ) from None
    except (OSError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"illisible ({error})") from error


def _features(text: TextIO) -> Iterator[Any]:
    held = text.read(_CHUNK)
    start = _START.search(held)
    if not start:
        raise ValueError("ce n’est pas une FeatureCollection GeoJSON (liste « features » absente)")
    at = start.end()
    decoder = json.JSONDecoder()
    while True:
        at = cast(re.Match[str], _SEPARATOR.match(held, at)).end()
        if held.startswith("]", at):
            if not _is_closed(held[at + 1 :] + text.read(_CHUNK)):
                raise ValueError("le fichier est coupé après sa dernière commune")
            return
        try:
            feature, at = decoder.raw_decode(held, at)
        except (ValueError, RecursionError) as error:
            # Cut by the end of what is held, or wrong: more text tells.
            more = text.read(max(_CHUNK, len(held) - at))
            held, at = held[at:] + more, 0
            if not more or len(held) > _MAX_FEATURE:
                raise ValueError("le fichier est coupé, ou n’est pas du JSON") from error
            continue
        yield feature


def _is_closed(rest: str) -> bool:
    return rest.rstrip().endswith("}")
