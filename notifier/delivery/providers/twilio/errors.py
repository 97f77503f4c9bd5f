"""What Twilio's errors mean for one message. Source: Twilio's error dictionary, by code.

An unknown code of a refused request is retried: schedule and lifetime bound it, and a number that
could be reached must not be given up for a code that this table does not know.
"""

from notifier.delivery.providers.base import AddressFault

# Refused permanently for this number: fail over at once.
PERMANENT = {
    13223: "numéro mal formé",
    13224: "numéro invalide ou injoignable",
    21201: "numéro absent",
    21211: "numéro invalide",
    21214: "numéro injoignable",
    21216: "numéro que Twilio n’appelle pas",
    21217: "numéro mal formé",
    21265: "code court interdit comme destinataire",
    21401: "numéro invalide",
    21407: "numéro sans SMS",
    21421: "numéro invalide",
    21601: "numéro sans SMS",
    21604: "numéro absent",
    21610: "le destinataire a refusé les SMS (STOP)",
    21612: "aucune route vers ce numéro",
    21614: "ce numéro n’est pas un mobile",
    21602: "texte vide",
    21617: "texte trop long",
    21635: "ligne fixe",
    30034: "expéditeur non enregistré",
}

# Refused for something that an operator can mend within the lifetime: retry, and log an error.
OPERATOR = {
    20003: "identifiants Twilio refusés",
    20005: "compte Twilio inactif",
    20008: "compte Twilio de test",
    20404: "compte Twilio inconnu à cette adresse",
    10004: "trop d’appels à la fois",
    13227: "région interdite d’appel par les réglages du compte",
    21203: "appels internationaux interdits par les réglages du compte",
    21210: "numéro d’appelant qui n’est pas de ce compte",
    21212: "expéditeur invalide",
    21213: "numéro d’appelant absent",
    21215: "région interdite d’appel par les réglages du compte",
    21219: "compte Twilio d’essai : numéro non vérifié",
    21266: "expéditeur et destinataire identiques",
    21408: "région interdite par les réglages du compte",
    21603: "expéditeur absent",
    21606: "expéditeur non autorisé",
    21608: "compte Twilio d’essai : numéro non vérifié",
    21611: "file de l’expéditeur pleine",
    21656: "variables de contenu invalides",
    21659: "expéditeur qui n’est pas un numéro de ce compte ou de ce pays",
    21660: "expéditeur d’un autre compte",
    21661: "expéditeur incapable d’envoyer des SMS",
    21703: "service de messagerie sans expéditeur",
    21705: "service de messagerie invalide",
    30001: "file de l’opérateur pleine",
    30002: "compte Twilio suspendu",
    # The rules of AF2M, the French operators' association (charter of 10 March 2025), which each
    # applies by itself: 3 to 11 letters and digits without space or accent, not digits alone, no
    # generic word (alerte, info, rdv, banque…). Twilio passes it on in a receipt.
    30042: "expéditeur refusé par un opérateur : nom générique ou caractère interdit (AF2M)",
    63038: "plafond de messages du jour atteint chez Twilio",
}

# Of those, the ones that concern one number or this minute: other messages may pass.
OF_ONE_NUMBER = {10004, 13227, 21203, 21215, 21219, 21266, 21408, 21608, 21611, 30001, 30042, 63038}

# In a receipt: why an accepted message did not arrive.
UNDELIVERED = {
    30003: "téléphone éteint ou hors réseau",
    30004: "message bloqué",
    30005: "numéro inconnu",
    30006: "ligne fixe ou opérateur injoignable",
    30007: "message filtré par l’opérateur",
    30008: "raison inconnue",
    30022: "débit dépassé",
    30410: "délai dépassé chez l’opérateur",
}


# The text or the sender is at fault, perhaps, and another message might pass.
_NOT_OF_THE_NUMBER = {21201, 21216, 21602, 21604, 21612, 21617, 30034}
_OPTED_OUT = 21610
_DEAD = {*PERMANENT, 30005, 30006} - _NOT_OF_THE_NUMBER - {_OPTED_OUT}


def address_fault(code: int | str | None) -> AddressFault | None:
    """Return what a code says of the number itself; None: nothing."""
    number = _number(code)
    if number == _OPTED_OUT:
        return AddressFault.OPTED_OUT
    return AddressFault.DEAD if number in _DEAD else None


def is_ours(code: int | str | None) -> bool:
    """Whether an operator has to mend something, and the recipient is not at fault."""
    return _number(code) in OPERATOR


def explain(code: int | str | None) -> str:
    """Explain a code in French, or give its bare number."""
    meaning = {**PERMANENT, **OPERATOR, **UNDELIVERED}.get(_number(code))
    return meaning or (f"erreur {code}" if code else "sans explication")


def _number(code: int | str | None) -> int:
    try:
        return int(code or 0)
    except ValueError:
        return 0
