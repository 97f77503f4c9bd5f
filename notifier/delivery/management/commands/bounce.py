"""`notifier bounce [FILE]`: one mail of the senders' mailbox; a notice of non-delivery is noted."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from notifier.delivery.receipts.apply import ReceiptResult
from notifier.delivery.receipts.bounces import Bounce, apply_bounce, read_bounce

log = structlog.get_logger(__name__)

# What is larger is no notice; a server that returns a mail whole returns ours, which is short.
LARGEST = 1024 * 1024
# sysexits.h: whoever brings the mail keeps it, and brings it again.
TRY_AGAIN = 75
REPLIES = {
    ReceiptResult.APPLIED: (
        "noté : le courriel n’est pas arrivé, d’autres sont prévenus s’il y a lieu"
    ),
    ReceiptResult.UNCHANGED: "déjà noté",
    ReceiptResult.MISMATCH: "d’un autre envoi, ignoré",
    ReceiptResult.UNKNOWN_MESSAGE: "d’un courriel qui n’est pas des nôtres, ignoré",
}


class Command(BaseCommand):
    """Exit code 0 whatever the mail is; 75 when the database does not answer."""

    help = "Lit un courriel revenu à l’expéditeur ; un avis de non-remise est noté et suivi."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FICHIER",
            help="le courriel ; sans lui, l’entrée standard",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        bounce = _read(options["file"])
        if bounce is None:
            self.stdout.write("aucun avis de non-remise d’un courriel du service, ignoré")
            return
        try:
            result = apply_bounce(bounce)
        except DatabaseError as error:
            self.stderr.write(f"base injoignable, à présenter de nouveau ({type(error).__name__})")
            raise SystemExit(TRY_AGAIN) from None
        self.stdout.write(REPLIES[result])


def _read(file: Path | None) -> Bounce | None:
    if file is None:
        raw = sys.stdin.buffer.read(LARGEST + 1)
    else:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
    if len(raw) > LARGEST:
        return None
    try:
        return read_bounce(raw)
    except Exception as error:  # whatever Python's parser makes of a stranger's mail
        log.warning("mail that cannot be read, left alone", error=type(error).__name__)
        return None
