"""Time zone and telephone region of a commune, by département and a few islands of their own.

Legal time: décret n° 2017-292 of 6 March 2017; zone names: IANA. France is one zone and one
numbering plan in the metropole; each overseas territory has its own.
"""

from __future__ import annotations

_METROPOLE = ("Europe/Paris", "FR")

_BY_DEPARTEMENT = {
    "971": ("America/Guadeloupe", "GP"),
    "972": ("America/Martinique", "MQ"),
    "973": ("America/Cayenne", "GF"),
    "974": ("Indian/Reunion", "RE"),
    "975": ("America/Miquelon", "PM"),
    "976": ("Indian/Mayotte", "YT"),
    "977": ("America/St_Barthelemy", "BL"),
    "978": ("America/Marigot", "MF"),
    # The southern lands use Réunion's numbering plan; phonenumbers knows no region "TF".
    "984": ("Indian/Kerguelen", "RE"),
    "986": ("Pacific/Wallis", "WF"),
    "987": ("Pacific/Tahiti", "PF"),
    "988": ("Pacific/Noumea", "NC"),
    # Clipperton: UTC-8 (the sign of Etc/ names is reversed) and no telephone of its own.
    "989": ("Etc/GMT+8", "FR"),
}

_ZONE_OF_COMMUNE = {
    "98411": "Indian/Kerguelen",  # Saint-Paul and Amsterdam
    "98413": "Indian/Reunion",  # Crozet
    "98414": "Antarctica/DumontDUrville",  # Terre-Adélie
    "98415": "Indian/Reunion",  # Îles Éparses
    "98718": "Pacific/Marquesas",  # Fatu-Hiva
    "98719": "Pacific/Gambier",  # Gambier
    "98723": "Pacific/Marquesas",  # Hiva-Oa
    "98731": "Pacific/Marquesas",  # Nuku-Hiva
    "98746": "Pacific/Marquesas",  # Tahuata
    "98756": "Pacific/Marquesas",  # Ua-Huka
    "98757": "Pacific/Marquesas",  # Ua-Pou
}


def time_zone(code: str, departement: str) -> str:
    """IANA name of the commune's legal time zone."""
    return _ZONE_OF_COMMUNE.get(code) or _BY_DEPARTEMENT.get(departement, _METROPOLE)[0]


def phone_region(departement: str) -> str:
    """ISO region under which `phonenumbers` reads a number written the local way (0690…)."""
    return _BY_DEPARTEMENT.get(departement, _METROPOLE)[1]
