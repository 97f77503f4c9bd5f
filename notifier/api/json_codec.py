"""Parse JSON strictly, so that it can be understood in one way only; render it for people."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import JSONRenderer

# Far more than any field takes; thousands of digits take Python long, or are refused by it.
MAX_DIGITS = 30


class JsonRefusedError(ValueError):
    """The body is not JSON that reads in one way only. The message is French, for dispatch."""


class StrictParser(Parser):
    """Takes UTF-8 only, no key twice, no NaN or Infinity, no lone surrogate; skips a BOM.

    RFC 8259 leaves the meaning of a repeated key open: two readers may see two communes.
    """

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body's value. Raises JsonRefusedError."""
        try:
            text = request.body.decode("utf-8-sig")
            value = json.loads(
                text,
                object_pairs_hook=_unique_keys,
                parse_constant=_reject_constant,
                parse_int=_parse_int,
            )
        except UnicodeDecodeError as error:
            raise JsonRefusedError(
                f"caractères illisibles à l’octet {error.start} : envoyez de l’UTF-8"
            ) from None
        except json.JSONDecodeError as error:
            raise JsonRefusedError(
                f"JSON illisible (ligne {error.lineno}, colonne {error.colno}) : objet attendu"
            ) from None
        except RecursionError:
            raise JsonRefusedError("JSON trop imbriqué : un objet et son lieu suffisent") from None
        if "\\u" in text:
            _reject_lone_surrogates(value)
        return value


class ReadableRenderer(JSONRenderer):
    """Leaves French letters as they are, without escapes."""

    json_dumps_params = {"ensure_ascii": False}  # noqa: RUF012 # ninja's own class attribute


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise JsonRefusedError(
                f"le champ « {ascii(name)[1:-1]} » est donné deux fois : retirez-en un"
            )
        content[name] = value
    return content


def _reject_constant(word: str) -> NoReturn:
    raise JsonRefusedError(f"{word} n’est pas un nombre en JSON")


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonRefusedError(f"un nombre a plus de {MAX_DIGITS} chiffres")
    return int(digits)


def _reject_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise JsonRefusedError(
            "caractères illisibles : une moitié de paire \\ud800 à \\udfff est seule"
        ) from None
