"""The command `notifier push FILE…`: send files to a running service, and print its answers."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifier.environment import is_loopback
from notifier.intake.access.signature import signed_headers, signed_payload
from notifier.intake.formats.detect import Endpoint, detect_endpoint
from notifier.intake.formats.xml import is_xml
from notifier.ops.api_client import ApiResponse, DispatchClient
from notifier.unreadable import describe_os_error

PATHS = {
    Endpoint.NATIVE: "/api/v1/interventions",
    Endpoint.EDXL: "/api/v1/edxl",
    Endpoint.CAP: "/api/v1/cap",
}


class Command(BaseCommand):
    """Push files; exit code 1 if one was not accepted."""

    help = "Transmet des fichiers à un service qui tourne : JSON du service, EDXL-DE, RC-EDA, CAP."
    # The checks load every room, a second and more, to say nothing of what this command does.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FICHIER")
        parser.add_argument(
            "--url", default="http://127.0.0.1:8000", help="adresse du service (%(default)s)"
        )
        parser.add_argument(
            "--key",
            help="clé de la source ; sans elle, la variable CLE, que « ps » ne montre pas",
        )
        parser.add_argument(
            "--secret-file",
            type=Path,
            metavar="FICHIER",
            help="fichier du secret de signature, pour une source qui doit signer ; "
            "sans lui, la variable SECRET_SIGNATURE",
        )

    def handle(self, *_: object, **options: Any) -> None:
        key = options["key"] or os.environ.get("CLE", "")
        if not key:
            raise CommandError("clé absente : donnez --key, ou la variable CLE")
        dispatch = DispatchClient(_address(options["url"]), key)
        secret = _secret(options["secret_file"])
        refused = [path for path in options["files"] if not self._push(dispatch, secret, path)]
        if refused:
            raise CommandError(f"non reçu : {', '.join(map(str, refused))}")

    def _push(self, dispatch: DispatchClient, secret: str, path: Path) -> bool:
        """Return whether the service accepted the file. Raises CommandError if none can be sent."""
        try:
            body = path.read_bytes()
        except OSError as error:
            # The other files are sent all the same: each may be an alert.
            self.stderr.write(f"« {path} » {describe_os_error(error)}")
            return False
        endpoint = detect_endpoint(body)
        headers = _signed(secret, PATHS[endpoint], body)
        try:
            answer = dispatch.send(PATHS[endpoint], body, xml=is_xml(body), **headers)
        except (OSError, ValueError) as error:
            raise CommandError(
                f"{dispatch.url} ne répond pas ({error}) : vérifiez --url, et que le service tourne"
            ) from None
        self._print(path, endpoint, answer)
        return answer.code in (200, 202)

    def _print(self, path: Path, endpoint: Endpoint, answer: ApiResponse) -> None:
        self.stdout.write(f"{path} ({PATHS[endpoint]}) : {answer.code}")
        if answer.body is not None:
            self.stdout.write(json.dumps(answer.body, ensure_ascii=False, indent=2))


def _address(url: str) -> str:
    """Return the service's address; without a scheme, http on this machine and https elsewhere."""
    if "://" not in url:
        url = f"http://{url}" if is_loopback(f"http://{url}") else f"https://{url}"
    return url.rstrip("/")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"« {path} » {describe_os_error(error)}") from None


def _secret(path: Path | None) -> str:
    """Return the secret; empty for a source that need not sign."""
    if path is None:
        return os.environ.get("SECRET_SIGNATURE", "")
    return _content(path).decode(errors="replace").strip()


def _signed(secret: str, path: str, body: bytes) -> dict[str, str]:
    """Return the signature's headers; none without a secret. Raises CommandError."""
    try:
        return signed_headers(secret, signed_payload("POST", path, body)) if secret else {}
    except ValueError:
        raise CommandError("secret de signature illisible : whsec_… est attendu") from None
