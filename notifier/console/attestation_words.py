"""What an attestation says beside its facts, on its page and in its PDF alike."""

from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.alerting.attestation import Attestation
from notifier.moments import stamped_hour, written_day

CAVEATS = (
    "Décidé : l’instant où le service a décidé de prévenir cette personne.",
    "Remis : l’opérateur, ou le serveur de courriel, a accepté le texte ; il peut ne pas arriver.",
    "Reçu : l’opérateur a fait savoir que le téléphone a le texte ; il peut ne pas avoir été lu.",
    "Répondu : ce que la personne a répondu elle-même, par le moyen indiqué.",
    "Réponse saisie par une personne : ce qui a été dit à quelqu’un, qui l’a noté ici.",
    "Texte : les mots mêmes du message ; ce qu’il en est advenu est dit au tableau au-dessus.",
    "Les personnes sont désignées par leur qualité au moment de l’envoi.",
    "Ce document ne dit que ce que les enregistrements du service prouvent.",
)


NO_ANSWER = "Une réponse était demandée, personne n’a répondu."


def stamped(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment to the second with its zone: "28 novembre 2026, 21:13:05 (UTC+01:00)"."""
    local = at.astimezone(zone)
    offset = f"{local:%z}"
    return f"{written_day(local)}, {stamped_hour(local)} (UTC{offset[:3]}:{offset[3:]})"


def how_to_check(attestation: Attestation) -> str:
    """Say how the fingerprint is checked."""
    return (
        "Empreinte SHA-256 des enregistrements dont ce document est tiré. Pour la vérifier : dans "
        f"le service, intervention {attestation.reference}, « Attestation », télécharger les "
        "enregistrements (lignes de texte, UTF-8) et en calculer l’empreinte, par exemple avec "
        "sha256sum. La même : rien n’a changé depuis. Une autre : un état a changé, par exemple un "
        "accusé parvenu après coup, ou la part de l’intervention que vous voyez n’est pas la même. "
        "Le journal de l’intervention garde l’empreinte de chaque attestation établie."
    )
