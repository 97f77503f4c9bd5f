"""Time zone and telephone region of a commune, by département, with a few islands apart.

Legal time: décret n° 2017-292 of 6 March 2017; zone names: IANA. Metropolitan France has one zone
and one numbering plan; each overseas territory has its own.
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

_TIME_ZONE_BY_COMMUNE = {
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
    """Return the IANA name of the commune's legal time zone."""
    return _TIME_ZONE_BY_COMMUNE.get(code) or _BY_DEPARTEMENT.get(departement, _METROPOLE)[0]


def phone_region(departement: str) -> str:
    """Return the ISO region by which `phonenumbers` reads a national number (0690…)."""
    return _BY_DEPARTEMENT.get(departement, _METROPOLE)[1]


# The collectivities whose contours no source gives: where a point may lie in them. Degrees, rounded
# outwards: least latitude, greatest latitude, least longitude, greatest longitude.
_BOUNDING_BOXES = (
    ("975", 46.7, 47.2, -56.6, -56.1),
    ("977", 17.8, 18.0, -63.0, -62.7),
    ("978", 18.0, 18.2, -63.2, -62.9),
    ("984", -46.6, -45.8, 49.9, 52.4),  # Crozet
    ("984", -50.1, -48.4, 68.3, 70.7),  # Kerguelen
    ("984", -38.9, -37.7, 77.4, 77.7),  # Saint-Paul and Amsterdam
    ("984", -90.0, -66.0, 136.0, 142.1),  # Terre-Adélie
    ("984", -11.7, -11.4, 47.2, 47.5),  # Glorieuses
    ("984", -17.2, -16.9, 42.6, 42.9),  # Juan de Nova
    ("984", -22.5, -22.2, 40.2, 40.5),  # Europa
    ("984", -21.6, -21.3, 39.6, 39.8),  # Bassas da India
    ("984", -16.0, -15.8, 54.4, 54.6),  # Tromelin
    ("986", -14.5, -13.1, -178.3, -176.0),
    ("987", -28.0, -7.5, -155.0, -134.0),
    ("988", -23.0, -17.5, 157.5, 172.5),
    ("989", 10.2, 10.4, -109.3, -109.1),
)


def collectivity_at(latitude: float, longitude: float) -> str | None:
    """Return the collectivity without contours in or near which a point lies ("987"), or None.

    Near is good enough to say that the point cannot contradict, not to say that it proves.
    """
    for departement, south, north, west, east in _BOUNDING_BOXES:
        if south <= latitude <= north and west <= longitude <= east:
            return departement
    return None
