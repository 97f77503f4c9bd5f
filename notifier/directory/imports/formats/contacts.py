"""Read the operator's own list of contacts: one row per person, function and organisation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from notifier.directory.availability import makes_calls
from notifier.directory.imports.entries import Entry, OrganisationKey, RowRefused
from notifier.directory.imports.formats.columns import Columns
from notifier.directory.imports.functions import functions_of, parse_function, parse_rank
from notifier.directory.imports.values import (
    ambiguous_code_question,
    name_mismatch,
    normalise_commune_code,
    read_date,
    read_email,
    read_mobile,
    read_name,
    read_voice_number,
    unknown_commune_reason,
)
from notifier.directory.models import AddressKind, Civility, OrganisationKind, OrganisationRef
from notifier.directory.names import fold
from notifier.territory.phones import is_landline
from notifier.territory.resolve import commune_by_code, communes_in

COLUMNS = Columns(
    needed=("code_commune", "fonction", "rang", "nom", "prenom", "mobile", "courriel"),
    optional=(
        # The commune's name tells its code from the postal code with the same digits.
        "commune",
        # "epci:246300701" in place of a commune's code.
        "organisme",
        "nom_organisme",
        "civilite",
        "mobile_2",
        "fixe",
        "courriel_2",
        "debut",
        "fin",
        # What an export says besides; to be read, not to be imported.
        "origine",
        "confirme",
    ),
    expected="code_commune;fonction;rang;nom;prenom;mobile;courriel",
    # Who has nothing else is called, for what is urgent.
    instead_of={"fixe": ("mobile", "courriel")},
)
_MAX_RANK = 999
_SERVICE = "service"
_CIVILITIES = {
    "": "",
    _SERVICE: "",
    "m": Civility.MONSIEUR,
    "monsieur": Civility.MONSIEUR,
    "mme": Civility.MADAME,
    "madame": Civility.MADAME,
}
_ANYWHERE_IN_FRANCE = "75056"
_TELEPHONES = {
    "mobile": AddressKind.MOBILE,
    "mobile_2": AddressKind.MOBILE,
    "fixe": AddressKind.LANDLINE,
}
_MAILBOXES = ("courriel", "courriel_2")


def address_columns(header: Collection[str]) -> dict[str, int]:
    """Return how many addresses of each kind a list with these columns has room for."""
    kinds = {**_TELEPHONES, **dict.fromkeys(_MAILBOXES, AddressKind.EMAIL)}
    return dict(Counter(str(kind) for column, kind in kinds.items() if column in header))


def read_row(line: int, cells: Mapping[str, str], confirmed: Collection[str] = ()) -> Entry:
    """Convert the cells into an Entry. Raises RowRefused with every reason at once.

    `confirmed`: codes of communes that the user says are not meant as postal codes.
    """
    reasons: list[str] = []
    organisation = kind, code = _read_organisation(cells, reasons)
    function, rank = _read_function(cells, kind, reasons)
    post = None if reasons else (organisation, function, rank)
    civility = _read_civility(cells, reasons)
    starts_on = read_date("debut", cells.get("debut", ""), reasons)
    ends_on = read_date("fin", cells.get("fin", ""), reasons)
    if starts_on and ends_on and ends_on < starts_on:
        reasons.append(f"fin « {cells['fin']} » avant le début « {cells['debut']} »")
    warnings: list[str] = []
    addresses = _read_addresses(cells, organisation, reasons, warnings)
    last_name = read_name("nom", cells["nom"], reasons)
    first_name = read_name("prenom", cells["prenom"], reasons)
    if reasons:
        raise RowRefused(*reasons, post=post)
    name = cells.get("commune", "")
    is_meant = kind != OrganisationKind.COMMUNE or name or code in confirmed
    return Entry(
        line=line,
        organisation=organisation,
        organisation_name=cells.get("nom_organisme", ""),
        function=function,
        rank=rank,
        last_name=last_name,
        first_name=first_name,
        civility=civility,
        is_service=not (last_name or first_name) or fold(cells.get("civilite", "")) == _SERVICE,
        starts_on=starts_on,
        ends_on=ends_on,
        addresses=addresses,
        unsaid=frozenset({AddressKind.MOBILE}) if warnings else frozenset(),
        warnings=tuple(warnings),
        question="" if is_meant else _question(code),
        is_repaired=code == f"0{cells['code_commune']}",
    )


def _read_organisation(cells: Mapping[str, str], reasons: list[str]) -> OrganisationKey:
    """Return the organisation; one that is no commune stands in a column of its own."""
    text = cells.get("organisme", "")
    if text and not text.startswith(f"{OrganisationKind.COMMUNE}:"):
        try:
            found = OrganisationRef.parse(text)
        except ValueError as error:
            reasons.append(f"organisme {error}")
            return ("", "")
        if cells["code_commune"]:
            reasons.append(
                f"organisme « {text} » et code_commune « {cells['code_commune']} » à la fois : "
                "laissez le code de commune vide"
            )
        return found.kind, found.code
    given = cells["code_commune"] or text.removeprefix(f"{OrganisationKind.COMMUNE}:")
    code = normalise_commune_code(given)
    name = cells.get("commune", "")
    if commune_by_code(code) is None:
        reasons.append(unknown_commune_reason(given))
    elif name and (mismatch := name_mismatch(code, name)):
        reasons.append(mismatch)
    return OrganisationKind.COMMUNE, code


def _read_function(cells: Mapping[str, str], kind: str, reasons: list[str]) -> tuple[str, int]:
    text, rank_text = cells["fonction"], cells["rang"]
    function, stated_rank = parse_function(text, kind)
    if function is None:
        expected = ", ".join(functions_of(kind))
        reasons.append(f"fonction « {text} » inconnue ; attendu : {expected}")
    rank = parse_rank(rank_text) if rank_text else stated_rank
    if rank is None or not 1 <= rank <= _MAX_RANK:
        reasons.append(f"rang « {rank_text} » : donnez un nombre entier de 1 à {_MAX_RANK}")
        return function or "", 0
    if stated_rank not in (None, rank):
        reasons.append(f"fonction « {text} » et rang « {rank_text} » se contredisent")
    return function or "", rank


def _read_civility(cells: Mapping[str, str], reasons: list[str]) -> str:
    text = cells.get("civilite", "")
    civility = _CIVILITIES.get(fold(text))
    if civility is None:
        reasons.append(f"civilite « {text} » : écrivez M., Mme ou service, ou rien")
    return civility or ""


def _read_addresses(
    cells: Mapping[str, str],
    organisation: OrganisationKey,
    reasons: list[str],
    warnings: list[str],
) -> tuple[tuple[str, str], ...]:
    """Return the addresses; warn of each landline that stands where a mobile is meant."""
    # Without a known commune nothing says which country's plan a national number belongs to.
    plan = numbering_commune(organisation)
    found: list[tuple[str, str]] = []
    for column, kind in _TELEPHONES.items():
        text = cells.get(column, "")
        if text and plan:
            if kind == AddressKind.LANDLINE:
                found.append((kind, read_voice_number(text, plan, reasons)))
            else:
                found.append(_read_mobile(column, text, plan, reasons, warnings))
    found += [
        (AddressKind.EMAIL, read_email(column, text, reasons))
        for column in _MAILBOXES
        if (text := cells.get(column, ""))
    ]
    return tuple(dict.fromkeys(found))


def _read_mobile(
    column: str, text: str, plan: str, reasons: list[str], warnings: list[str]
) -> tuple[str, str]:
    """Return a mobile; a landline in its column is one, and said."""
    refused: list[str] = []
    mobile = read_mobile(text, plan, refused)
    number = read_voice_number(text, plan, []) if refused else ""
    if number and is_landline(number):
        told = "il n’est appelé que pour l’urgent" if makes_calls() else "aucun texte n’y arrive"
        warnings.append(f"{column} : un téléphone fixe, pris comme tel ; {told}")
        return AddressKind.LANDLINE, number
    reasons += refused
    return AddressKind.MOBILE, mobile


def numbering_commune(organisation: OrganisationKey, home_commune: str = "") -> str:
    """Return a commune with the numbering plan of an organisation; "" of an unknown commune."""
    kind, code = organisation
    if kind == OrganisationKind.COMMUNE:
        return code if commune_by_code(code) else ""
    if home_commune:
        return home_commune
    of_departement = communes_in(code) if len(code) <= 3 else []
    return of_departement[0].code if of_departement else _ANYWHERE_IN_FRANCE


def _question(code: str) -> str:
    question = ambiguous_code_question(code)
    if not question:
        return ""
    return (
        f"{question}, ajoutez au fichier une colonne « commune » avec son nom, ou à la commande "
        f"« --confirm {code} »"
    )
