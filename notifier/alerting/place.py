"""Which part of dispatch's place label may be told: a way, a road, a public place, nothing else.

The label is free text, typed under stress: it may hold the name of a victim, a door code, a plate.
So nothing is searched for and struck out: only what has the form of a way's name passes, word by
word from its beginning, and the first word that does not fit ends it (Code de procédure pénale,
art. 11; a name told once cannot be taken back).

What no form can tell: "rue de Delle Jean Dupont" reads as a street's name. The category's `place`
key decides whether a place is told at all.
"""

import re
import unicodedata

LONGEST = 50

_ABBREVIATIONS = {
    "all": "allée",
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "bvd": "boulevard",
    "ch": "chemin",
    "che": "chemin",
    "chem": "chemin",
    "fbg": "faubourg",
    "fg": "faubourg",
    "imp": "impasse",
    "pl": "place",
    "rpt": "rond-point",
    "rte": "route",
    "sq": "square",
}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Compared without accents and case.
_STREETS = _set(
    "allee allees avenue boulevard chemin cour cours cote esplanade faubourg giratoire impasse "
    "lieu-dit hameau montee parking passage placette place promenade quai rampe rue ruelle sente "
    "sentier square traverse venelle voie za zac zc zi zone"
)
# These may stand alone: there is mostly one in a commune.
_LANDMARKS = _set(
    "canal cimetiere ecluse eglise etang foret gare lac mairie plage port stade tunnel"
)
# After these, and nowhere else, a number is a road's and not a door's.
_ROADS = _set(
    "aire autoroute bretelle carrefour croisement echangeur intersection peripherique pont rocade "
    "rond-point route"
)

# "bis", doors and floors; who lives there; what the caller said.
_FORBIDDEN = _set(
    "appart appartement appartements appelant appelante app appt apt auteur bat batiment batiments "
    "bis bloc boite chez code codes compagne compagnon concubin concubine conjoint conjointe "
    "contact contacter digicode domicile droite dr enfant enfants entree epouse epoux escalier "
    "etage famille femme fille fils foyer gauche habitation immat immatricule immatriculation "
    "individu interphone locataire logement m madame mademoiselle mari melle meme mere mesdames "
    "messieurs mineur mineure mlle mm mme mmes mobile monsieur mr mrs ne nee nom nomme nommee "
    "numero pere plaque portable prenom proprietaire quater rdc requerant requerante res sonnette "
    "surnomme suspect tel telephone temoin ter veuve victime villa voisin voisine"
)
# What happened to whom, or is said of whom: a health, an offence, a vehicle, an age.
_NEVER_TOLD = _set(
    "acte ado adolescent adolescente age agee agees ages agresse agressee agresseur agression "
    "alcool alcoolise alcoolisee alcoolisme ans arme assassinat assassine assassinee bagarre bebe "
    "blesse blessee blessees blesses blessure blessures braquage cadavre cambriolage cambrioleur "
    "chauffeur conducteur conductrice conjugal conjugale conjugales coups couteau cycliste decede "
    "decedee decedees decedes deces depressif depressive detenu detenue disparu disparue dispute "
    "drogue drogues evade evadee forcene forcenee fugue fugueur fugueuse fusil handicape "
    "handicapee hospitalise hospitalisee inconscient inconsciente interpelle interpellee "
    "intoxication ivre ivresse malade malades maladie malaise meurtre meurtrier mort morte motard "
    "nourrisson noyade noye noyee otage passager passagere pendaison pendu pendue personne "
    "personnes psychiatrie psychiatrique rixe sdf sexuel sexuelle sexuelles suicidaire suicide "
    "suicidee tentative toxicomane tue tuee vehicule vehicules viol viole violee violence "
    "violences violent violente violer violeur viols voiture vol voleur voleuse vols"
)
_LINKS = _set("a au aux d de des du en entre et l la le les ou par pres sous sur vers")
_AFTER_A_ROAD = _LINKS | {"direction", "lieu-dit", "sens", "sortie", "niveau", "hauteur"}
# Said of what follows; at the end they say nothing.
_DANGLING = _AFTER_A_ROAD | {"angle", "dit", "dite", "devant", "derriere", "face", "lot", "porte"}

_ROAD_NUMBER = r"(?:RDN|RD|RN|D|N|A)[ -]?[1-9]\d{0,3}[A-Z]?(?![\w+])"
_MARKER = r"(?:PK|PR)[ ]?\d{1,3}(?:\+\d{1,4})?(?![\w+])"
_NUMBERED_ROAD = re.compile(
    rf"(?:{_ROAD_NUMBER}|{_MARKER}|(?:départementale|nationale) [1-9]\d{{0,3}}(?![\w+]))",
    re.IGNORECASE,
)
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
# "rue du 11 Novembre 1918": right behind the way's own word, so that no birth date can be one.
_COMMEMORATION = re.compile(
    rf"du (?:1er|[1-9]|[12]\d|3[01]) (?:{_MONTHS})(?: [12]\d{{3}})?(?!\w)", re.IGNORECASE
)

_HOUSE_NUMBER = re.compile(r"^\d{1,4} ?(?:(?:bis|ter|quater|[a-d])\b)?[ ,]+", re.IGNORECASE)
_END_OF_PART = re.compile(r"[,;:/|\\()\[\]{}<>\"«»“”=*_\n\r]| [-–—]+ |[–—]")
_ROMAN = re.compile("[IVX]+")
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*'?")


def safe_place(label: str | None) -> str | None:
    """The part of the label that may be told, at most 50 characters, or None."""
    text = _END_OF_PART.split(_HOUSE_NUMBER.sub("", _tidy(label or "")), maxsplit=1)[0].strip()
    head, rest = _head(text)
    if not head:
        return None
    words = _safe_words(head, rest, shouted=text.isupper())
    while sum(map(len, words)) + len(words) - 1 > LONGEST:
        words.pop()
    while len(words) > 1 and _plain(words[-1]) in _DANGLING:
        words.pop()
    says_where = len(words) > 1 or _plain(words[0]) in _LANDMARKS or _NUMBERED_ROAD.match(words[0])
    return " ".join(words) if says_where else None


def _tidy(label: str) -> str:
    text = unicodedata.normalize("NFC", label).replace("’", "'").replace("‑", "-")
    text = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    text = re.sub(r"\b(lieu|rond)[ -](dit|point)\b", r"\1-\2", text, flags=re.IGNORECASE)
    return re.sub(r"\blieudit\b", "lieu-dit", text, flags=re.IGNORECASE)


def _head(text: str) -> tuple[list[str], str]:
    """The way's own word (with a commemoration's date) or the road's number, and what follows."""
    if road := _NUMBERED_ROAD.match(text):
        return [road[0]], text[road.end() :]
    first, _, rest = text.partition(" ")
    word = _ABBREVIATIONS.get(_plain(first.removesuffix(".")), first)
    if _plain(word) not in _STREETS | _LANDMARKS | _ROADS:
        return [], text
    if date := _COMMEMORATION.match(rest):
        return [word, date[0]], rest[date.end() :]
    return [word], rest


def _safe_words(head: list[str], rest: str, *, shouted: bool) -> list[str]:
    """The head and the words after it, up to the first that does not fit."""
    after_number = _NUMBERED_ROAD.match(head[0]) is not None
    has_numbers = after_number or _plain(head[0]) in _ROADS
    words = list(head)
    rest = rest.strip()
    while rest:
        number = _NUMBERED_ROAD.match(rest) if has_numbers else None
        word = number[0] if number else rest.partition(" ")[0]
        if not number and not _fits(word, shouted):
            break
        if not number and after_number and _plain(word) not in _AFTER_A_ROAD:
            break
        after_number = number is not None
        words.append(word)
        rest = rest[len(word) :].lstrip()
    return words


def _fits(word: str, shouted: bool) -> bool:
    if not _WORD.fullmatch(word):
        return False
    parts = re.split(r"['-]", _plain(word).removesuffix("'"))
    if any(part in _FORBIDDEN | _NEVER_TOLD for part in [_plain(word), *parts]):
        return False
    if any(len(part) == 1 and part not in "adly" for part in parts):
        return False
    # What is left of a plate, "AB 123 CD".
    if len(word) == 2 and _plain(word) not in _LINKS | {"st"} and not _ROMAN.fullmatch(word):
        return False
    # "rue de Delle DUPONT Jean": a surname is what dispatch writes in capitals.
    return shouted or len(word) < 2 or not word.isupper() or _ROMAN.fullmatch(word) is not None


def _plain(word: str) -> str:
    """Without accents and case."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
