"""What OVHcloud's refusals and its delivery codes (`ptt`) mean for one message.

Sources: the guide « Tout savoir sur les utilisateurs SMS » for `ptt`; the exceptions of the library
`ovh` for the codes of a refused request. What a request is refused for stands in words only, which
may quote a number: they are read here, and kept nowhere.
"""

from notifier.delivery.providers.base import AddressFault

# Codes of our own, for what OVHcloud says without one.
INVALID_RECEIVER = "receiver"
BLACKLISTED = "blacklisted"
NO_CREDIT = "credit"
SENDER = "sender"
CLOCK = "clock"
SERVICE = "service"
ACCOUNT = "account"
GONE = "gone"

_PERMANENT = {
    INVALID_RECEIVER: "numéro refusé par OVHcloud",
    BLACKLISTED: "le destinataire a refusé les SMS (STOP)",
}
# An operator can mend it within the lifetime, and no text leaves before.
_OPERATOR = {
    NO_CREDIT: "plus de crédit SMS chez OVHcloud",
    SENDER: "expéditeur que le compte OVHcloud n’a pas, ou qui n’y est pas validé",
    CLOCK: "horloge trop loin de celle d’OVHcloud",
    SERVICE: "compte SMS inconnu d’OVHcloud, ou expiré",
    ACCOUNT: "identifiants OVHcloud refusés",
    "INVALID_KEY": "clé d’application inconnue d’OVHcloud",
    "INVALID_CREDENTIAL": "clé de consommateur OVHcloud refusée ou expirée",
    "NOT_CREDENTIAL": "clé de consommateur OVHcloud absente",
    "NOT_GRANTED_CALL": "la clé OVHcloud n’a pas le droit d’envoyer des SMS",
    "FORBIDDEN": "compte OVHcloud sans le droit d’envoyer des SMS",
}
# `ptt` of an accepted text that did not arrive.
_UNDELIVERED = {
    GONE: "OVHcloud n’en a plus trace",
    "5": "non remis, raison inconnue",
    "6": "remise inconnue de l’opérateur",
    "8": "non remis dans sa durée de vie",
    "20": "texte non remis sous cette forme",
    "21": "crédit de l’abonné insuffisant",
    "23": "numéro inconnu ou interdit chez l’opérateur",
    "24": "téléphone éteint ou hors réseau",
    "25": "panne passagère de l’opérateur",
    "26": "erreur passagère du téléphone",
    "27": "téléphone incapable de recevoir des SMS",
    "28": "message filtré par l’opérateur",
    "29": "contenu refusé par l’opérateur",
    "33": "contenu refusé par l’abonné",
    "39": "panne de l’opérateur",
    "73": "opérateur injoignable après un portage",
    "74": "abonné en itinérance",
    "76": "envois du compte bloqués vers ce numéro porté",
    "202": "envois du compte bloqués vers ce numéro porté",
}
# Of those, what the network has against our texts or our account.
_AGAINST_US = {"28", "29", "76", "202"}
_DEAD = {INVALID_RECEIVER, "23", "27"}


def code_of_refusal(status: int, error_code: str, words: str) -> str:
    """Return the code under which a refused request is recorded: one of these, or its status."""
    said = words.casefold()
    if error_code in _OPERATOR:
        return error_code
    if status == 402 or "credit" in said:
        return NO_CREDIT
    if "out of time" in said or "timestamp" in said:
        return CLOCK
    if "sender" in said:
        return SENDER
    # 0: the library found a key missing, and asked nothing.
    if status in (0, 401, 403) or "signature" in said:
        return ACCOUNT
    return SERVICE if status in (404, 460) else str(status)


def address_fault(code: str) -> AddressFault | None:
    """Return what a code says of the number itself; None: nothing."""
    if code == BLACKLISTED:
        return AddressFault.OPTED_OUT
    return AddressFault.DEAD if code in _DEAD else None


def is_common(code: str) -> bool:
    """Whether every text would be refused for it alike."""
    return code in _OPERATOR


def is_ours(code: str) -> bool:
    """Whether an operator has to mend something, and the recipient is not at fault."""
    return code in _OPERATOR or code in _AGAINST_US


def explain(code: str) -> str:
    """Explain a code in French, or give it bare."""
    meaning = {**_PERMANENT, **_OPERATOR, **_UNDELIVERED}.get(code)
    return meaning or (f"erreur {code}" if code else "sans explication")
