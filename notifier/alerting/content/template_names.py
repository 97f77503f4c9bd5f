"""The templates by name, and with which samples each that has words of its own is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from notifier.alerting.content.digest import DIGESTS
from notifier.alerting.content.facts import mail_context, review_context, taken_context
from notifier.alerting.content.samples import REVIEW_SAMPLES, SAMPLES
from notifier.alerting.kinds import Kind

MAX_SEGMENTS = 2
# By which a text is answered that comes from a number (notifier.alerting.answers.by_telephone).
REPLY_WORD = "OK"
# What delivery stores; two of the longest communes and a label may be more.
MAX_SUBJECT_LENGTH = 200
PARTS = ("sms", "subject", "txt", "html")
# What is said in a call, of every kind; twice in what Twilio takes, which is 4,000 characters.
VOICE = "voice.j2"
MAX_SPOKEN_LENGTH = 1_500
# The kinds that ask for an answer where their category wants one.
ANSWERED = (Kind.FIRST, Kind.UPDATE)
# The e-mail to the duty officer when nobody could be reached; it alone may say `why`.
UNREACHED = ("unreached.subject.j2", "unreached.txt.j2")
# The e-mail and the call to it when nobody answers, or somebody asks to be called; both say `why`.
UNANSWERED = ("unanswered.subject.j2", "unanswered.txt.j2", "unanswered.voice.j2")
# What everyone reads who was told, once one of them has taken it in hand.
TAKEN = ("taken.sms.j2", "taken.subject.j2", "taken.txt.j2")
# The e-mail to it when the commune is uncertain; it has words of its own.
REVIEW = ("review.subject.j2", "review.txt.j2")
# The e-mail to it when an end or an aggravation was superseded; `what` says which.
SUPERSEDED = ("overtaken.subject.j2", "overtaken.txt.j2")
# The e-mail to it when its source has reached its quota of SMS for the day.
QUOTA = ("cap.subject.j2", "cap.txt.j2")
SAMPLE_QUOTA: Mapping[str, str | int] = {"source": "CORG 90", "cap": 500, "hard": False}
# The e-mail to it of what expired while sending was paused.
PAUSE = ("pause.subject.j2", "pause.txt.j2")
SAMPLE_PAUSE: Mapping[str, object] = {
    "source": "CORG 90", "alerts": ["Delle : réf. CORG90-2026-004217"], "count": 1,
}  # fmt: skip
# The e-mail to it when its source alerts unusually many communes.
FAN_OUT = ("fan_out.subject.j2", "fan_out.txt.j2")
SAMPLE_FAN_OUT: Mapping[str, str | int] = {
    "source": "CORG 90", "alerts": 101, "usual": 20, "minutes": 10,
}  # fmt: skip
# The e-mail to the owners of a convention before it ends, or before notice must be given.
DEADLINE = ("deadline.subject.j2", "deadline.txt.j2")
SAMPLE_DEADLINE: Mapping[str, object] = {
    "title": "Protocole de l’exemple", "reference": "exemple-2026", "renewed": False,
    "day": "31 décembre 2026", "ends_on": "31 décembre 2026", "when": "dans 90 jours",
    "told": ["Clermont Auvergne Métropole"], "owner": "Clermont Auvergne Métropole",
    "link": "https://alertes.example/conventions/exemple-2026",
}  # fmt: skip
# The e-mail to the administrators of the directory: what is wrong with it.
COVERAGE = ("coverage.subject.j2", "coverage.txt.j2")
SAMPLE_COVERAGE: Mapping[str, object] = {
    "departement": "90", "is_weekly": True, "moment": "samedi 28 novembre à 3 h", "by_phone": 99,
    "by_mail_only": 1, "by_nobody": 1, "problems": ["Delle (90033) : personne"], "count": 2,
    "link": "https://alertes.example/territoire?departement=90",
}  # fmt: skip
# Whether somebody still holds a mandate, and is reached there: by SMS, or by e-mail.
CONFIRMATION_SMS = "confirmation.sms.j2"
CONFIRMATION = ("confirmation.subject.j2", "confirmation.txt.j2")
SAMPLE_CONFIRMATION: Mapping[str, object] = {
    "service": "Gendarmerie", "function": "maire", "organisation": "Delle", "reminder": False,
    "functions": ["maire, Delle", "vice-président, Grand Belfort"], "until": "31 décembre 2026",
    "url": "https://alertes.example.fr/c/AbCdEfGhIjKlMnOpQrStUv",
}  # fmt: skip
# The e-mail to an organisation that gets a figure only: those of a month.
FIGURES = ("figures.subject.j2", "figures.txt.j2")
SAMPLE_FIGURES: Mapping[str, object] = {
    "organisation": "Grand Belfort", "month": "novembre 2026", "of_month": "de novembre 2026",
    "agreement": "la convention « Convention métropolitaine »", "has_hidden": True,
    "communes": [
        {"name": "Delle", "figures": [{"category": "cambriolage", "count": "moins de 3"}]},
    ],
}  # fmt: skip
# The end-to-end test's own text, and the e-mail to those in charge when none arrives, or one does.
CANARY_SMS = "canary.sms.j2"
SAMPLE_CANARY_SMS: Mapping[str, object] = {"number": 1_000_000, "hour": "2h25, heure d’hiver"}
CANARY = ("canary.subject.j2", "canary.txt.j2")
SAMPLE_CANARY: Mapping[str, object] = {
    "is_over": False, "reason": "L’essai envoyé le 29 novembre 2026 à 3 h 00 n’est pas revenu",
    "moment": "le 29 novembre 2026 à 3 h 00",
}  # fmt: skip
# The e-mail to the duty officer when its source is silent for longer than its habit, or speaks.
SILENCE = ("silence.subject.j2", "silence.txt.j2")
SAMPLE_SILENCE: Mapping[str, object] = {
    "source": "CORG 90", "is_over": False, "moment": "le 29 novembre 2026 à 3 h 00",
    "length": "5 heures", "missed": 12,
}  # fmt: skip
# The e-mail to whoever administers an organisation whose rota has a time without anybody.
ROTA_GAP = ("rota_gap.subject.j2", "rota_gap.txt.j2")
SAMPLE_ROTA_GAP: Mapping[str, object] = {
    "organisation": "Delle", "moment": "samedi 28 novembre 2026 à 18 h 00",
    "until": "dimanche 29 novembre 2026 à 18 h 00", "is_near": False,
    "link": "https://alertes.example/organismes/commune/90033/calendrier",
}  # fmt: skip
# The e-mail to the same where somebody's absence leaves nobody to ring.
ABSENCE_GAP = ("absence_gap.subject.j2", "absence_gap.txt.j2")
SAMPLE_ABSENCE_GAP: Mapping[str, object] = {
    "organisation": "Delle", "function": "maire",
    "periods": ["du samedi 28 novembre 2026 à 18 h 00 au dimanche 29 novembre 2026 à 18 h 00"],
    "told": ["1er adjoint"],
    "link": "https://alertes.example/organismes/commune/90033/calendrier",
}  # fmt: skip
# The test of an address: a code to be read back, and nothing of any incident.
ADDRESS_TEST = ("address_test.sms.j2", "address_test.subject.j2", "address_test.txt.j2")
SAMPLE_ADDRESS_TEST: Mapping[str, object] = {
    "organisation": "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson", "code": "482 913",
    "own": False,
}  # fmt: skip
# What was changed of one's own by the link of a text, told at the addresses of before.
OWN_CHANGE_SMS = "own_change.sms.j2"
OWN_CHANGE = ("own_change.subject.j2", "own_change.txt.j2")
SAMPLE_OWN_CHANGE: Mapping[str, object] = {
    "organisation": "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson", "what": "added",
    "address": "le courriel en @saint-remy-en-bouzemont-saint-genest-et-isson.example",
    "short_address": "un courriel",
    "masked": "m••••@saint-remy-en-bouzemont-saint-genest-et-isson.example",
    "moment": "25/10 à 2h25, heure d’hiver",
    "written_moment": "25 octobre 2026 à 2 h 25, heure d’hiver",
    "starts": "25/10 à 2h25, heure d’hiver", "ends": "24/12 à 23h59",
    "period": "du dimanche 25 octobre 2026 à 2 h 25, heure d’hiver au jeudi 24 décembre 2026 à "
    "23 h 59",
    "channels": "par SMS et par courriel", "hours": "de 22h30 à 10h30",
    "written_hours": "de 22 h 30 à 10 h 30",
    "contact": "Gendarmerie nationale, Marne", "phone": "+33 3 53 01 00 90",
}  # fmt: skip
OWN_CHANGES = [
    {**SAMPLE_OWN_CHANGE, "what": what, "phone": phone, "hours": hours}
    for what in ("added", "removed", "refused", "back", "away", "channels", "quiet")
    for phone in (SAMPLE_OWN_CHANGE["phone"], "")
    for hours in (SAMPLE_OWN_CHANGE["hours"], "")
]
# Many alerts in one text to one address.
DIGEST = tuple(f"digest.{part}.j2" for part in PARTS)
# What each of those that have words of their own is tried with.
TRIALS: Mapping[str, Sequence[Mapping[str, object]]] = {
    **{name: [review_context(facts) for facts in REVIEW_SAMPLES] for name in REVIEW},
    **{
        name: [{**review_context(facts), "what": "fin"} for facts in REVIEW_SAMPLES]
        for name in SUPERSEDED
    },
    **{
        name: [
            {**mail_context(facts), "why": "personne n’a répondu", "whom": whom}
            for facts, whom in product(SAMPLES, ("", "le maire"))
        ]
        for name in UNANSWERED
    },
    **{
        name: [
            taken_context(facts, "le 10e adjoint", "10h03", is_sms=name == TAKEN[0])
            for facts in SAMPLES
        ]
        for name in TAKEN
    },
    **{name: [SAMPLE_QUOTA, {**SAMPLE_QUOTA, "hard": True}] for name in QUOTA},
    **{name: [SAMPLE_PAUSE] for name in PAUSE},
    **{name: [SAMPLE_FAN_OUT] for name in FAN_OUT},
    **{name: [SAMPLE_DEADLINE, {**SAMPLE_DEADLINE, "renewed": True}] for name in DEADLINE},
    **{name: [SAMPLE_COVERAGE, {**SAMPLE_COVERAGE, "is_weekly": False}] for name in COVERAGE},
    **{name: [SAMPLE_FIGURES, {**SAMPLE_FIGURES, "has_hidden": False}] for name in FIGURES},
    **{name: [{**SAMPLE_ADDRESS_TEST, "own": True}, SAMPLE_ADDRESS_TEST] for name in ADDRESS_TEST},
    **{
        name: [SAMPLE_ABSENCE_GAP, {**SAMPLE_ABSENCE_GAP, "told": [], "link": ""}]
        for name in ABSENCE_GAP
    },
    **dict.fromkeys((OWN_CHANGE_SMS, *OWN_CHANGE), OWN_CHANGES),
    CANARY_SMS: [SAMPLE_CANARY_SMS],
    **{name: [SAMPLE_CANARY, {**SAMPLE_CANARY, "is_over": True}] for name in CANARY},
    **{name: [SAMPLE_SILENCE, {**SAMPLE_SILENCE, "is_over": True}] for name in SILENCE},
    **{
        name: [SAMPLE_ROTA_GAP, {**SAMPLE_ROTA_GAP, "is_near": True, "until": "", "link": ""}]
        for name in ROTA_GAP
    },
    **{
        name: [SAMPLE_CONFIRMATION, {**SAMPLE_CONFIRMATION, "reminder": True}]
        for name in (CONFIRMATION_SMS, *CONFIRMATION)
    },
    **dict.fromkeys(DIGEST, DIGESTS),
}
