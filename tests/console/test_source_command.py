"""`notifier source add | list | revoke | renew`."""

import pytest
from django.core.management import CommandError, call_command

from notifier.intake.access.api_keys import KeyRefusedError, source_of
from notifier.intake.models import Source

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database("what a command takes and prints is no matter of SQL"),
]


def _printed(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    call_command("source", *args)
    return capsys.readouterr().out.splitlines()


def test_the_key_stands_alone_on_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, "add", "CORG 90", "--departement", "90")
    assert source_of(lines[-1]).name == "CORG 90"


def test_several_departements_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--departement", "2a", "--departement", "2B", "--departement", "971"]
    _printed(capsys, "add", "Corse", *wanted)
    assert Source.objects.get().departements == ["2A", "2B", "971"]


@pytest.mark.parametrize("wrong", ["20", "96", "9", "090", "2C", "979", "Belfort", ""])
def test_a_departement_that_does_not_exist(wrong: str) -> None:
    with pytest.raises(CommandError, match="département inconnu"):
        call_command("source", "add", "CORG", "--departement", "90", "--departement", wrong)
    assert not Source.objects.exists()


def test_a_source_without_departement() -> None:
    with pytest.raises(CommandError, match="--departement"):
        call_command("source", "add", "CORG")


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_name_that_cannot_be_stored(name: str) -> None:
    with pytest.raises(CommandError, match="nom"):
        call_command("source", "add", name, "--departement", "90")
    assert not Source.objects.exists()


def test_a_service_that_cannot_be_stored() -> None:
    with pytest.raises(CommandError, match="service"):
        call_command("source", "add", "CORG", "--departement", "90", "--service", "x" * 31)
    assert not Source.objects.exists()


def test_a_name_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    key = _printed(capsys, "add", "CORG 90", "--departement", "90")[-1]
    with pytest.raises(CommandError, match=r"existe déjà.*renew"):
        call_command("source", "add", "CORG 90", "--departement", "25")
    assert source_of(key).departements == ["90"]


def test_a_wrong_duty_address() -> None:
    with pytest.raises(CommandError, match="--duty-email"):
        call_command("source", "add", "C", "--departement", "90", "--duty-email", "permanence@")
    assert not Source.objects.exists()


def test_the_telephone_is_stored_as_the_departement_dials_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = _printed(
        capsys, "add", "CORG 974", "--departement", "974", "--duty-phone", "0262 40 12 34"
    )
    assert source_of(lines[-1]).duty_phone == "+262262401234"
    assert not [line for line in lines if "téléphone" in line]
    changed = _printed(capsys, "set", "CORG 974", "--duty-phone", "0692 12 34 56")
    assert changed == ["« CORG 974 » : téléphone 0692 12 34 56."]
    assert _printed(capsys, "list") == ["CORG 974 : 974 (active, téléphone 0692 12 34 56)"]
    _printed(capsys, "set", "CORG 974", "--duty-phone", "aucun", "--plafond-sms", "50")
    stored = Source.objects.get()
    assert (stored.duty_phone, stored.sms_cap) == ("", 50)


def test_a_source_without_telephone_is_said_to_lack_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, "add", "CORG 90", "--departement", "90")
    assert "notifier source set 'CORG 90' --duty-phone" in "".join(lines)
    assert source_of(lines[-1]).duty_phone == ""


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("0899 70 00 00", "surtaxé"),
        ("0810 12 34 56", "surtaxé"),
        ("17", "il lui manque des chiffres"),
        ("permanence", "pas un numéro de téléphone"),
        ("03 84 57", "il lui manque des chiffres"),
        ("0692 12 34 56", "La Réunion"),
        ("03 53 01 00 90", "œuvres de fiction"),
        ("06 39 98 00 90", "œuvres de fiction"),
    ],
)
def test_a_telephone_that_nobody_can_ring(
    wrong: str, why: str, capsys: pytest.CaptureFixture[str], settings
) -> None:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"SIMULATOR": False})
    with pytest.raises(CommandError, match=rf"--duty-phone : .*{why}"):
        call_command("source", "add", "C", "--departement", "90", "--duty-phone", wrong)
    assert not Source.objects.exists()
    _printed(capsys, "add", "C", "--departement", "90", "--duty-phone", "03 84 57 36 00")
    with pytest.raises(CommandError, match=why):
        call_command("source", "set", "C", "--plafond-sms", "5", "--duty-phone", wrong)
    kept = Source.objects.get()
    assert (kept.duty_phone, kept.sms_cap) == ("+33384573600", None)


def test_set_wants_something_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    _printed(capsys, "add", "C", "--departement", "90")
    with pytest.raises(CommandError, match="rien à changer"):
        call_command("source", "set", "C")


def test_a_signed_source_gets_its_secret_before_its_key(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, "add", "CORG 90", "--departement", "90", "--signed")
    secret = next(line for line in lines if line.startswith("Secret de signature : "))
    signed = source_of(lines[-1])
    assert secret.removeprefix("Secret de signature : ") == signed.signing_secret
    assert signed.signing_secret.startswith("whsec_")


def test_the_list_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _printed(capsys, "add", "CORG 90", "--departement", "90", "--signed")
    _printed(capsys, "add", "CORG 25", "--departement", "25")
    _printed(capsys, "revoke", "CORG 25")
    listed = _printed(capsys, "list")
    assert "CORG 90 : 90 (active, signée, sans téléphone)" in listed
    assert any(line.startswith("CORG 25 : 25 (révoquée le ") for line in listed)
    assert lines[-1] not in "\n".join(listed)
    assert "whsec_" not in "\n".join(listed)


def test_revoke_and_renew(capsys: pytest.CaptureFixture[str]) -> None:
    key = _printed(capsys, "add", "CORG 90", "--departement", "90")[-1]
    assert _printed(capsys, "revoke", "CORG 90") == ["« CORG 90 » : clé révoquée."]
    assert _printed(capsys, "revoke", "CORG 90") == ["« CORG 90 » : déjà révoquée."]
    with pytest.raises(KeyRefusedError):
        source_of(key)
    renewed = _printed(capsys, "renew", "CORG 90")[-1]
    assert source_of(renewed).name == "CORG 90"


@pytest.mark.parametrize("action", ["revoke", "renew"])
def test_a_source_that_does_not_exist(action: str) -> None:
    with pytest.raises(CommandError, match="aucune source « CORG 91 »"):
        call_command("source", action, "CORG 91")


@pytest.mark.parametrize("clickable", ["www.gend.fr", "Appelez 03 84 00 00 00", "a@gend.fr"])
@pytest.mark.parametrize("of", ["nom", "--service"])
def test_a_name_or_service_that_a_telephone_would_make_a_link_of(of: str, clickable: str) -> None:
    name, service = (clickable, "Gendarmerie") if of == "nom" else ("CORG 90", clickable)
    with pytest.raises(CommandError, match=f"{of} : .*ôtez-en"):
        call_command("source", "add", name, "--departement", "90", "--service", service)
    assert not Source.objects.exists()


def test_the_shape_of_references_is_given_changed_and_taken_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shape = r"CORG90-\d{4}-\d{6}"
    lines = _printed(capsys, "add", "C", "--departement", "90", "--reference-pattern", shape)
    assert any("par exemple CORG90-1234-567890" in line for line in lines)
    (line,) = _printed(capsys, "set", "C", "--reference-pattern", r"R\d+")
    assert "par exemple R1" in line
    assert Source.objects.get().reference_pattern == r"R\d+"
    with pytest.raises(CommandError, match=r"--reference-pattern : .*pas compris"):
        call_command("source", "set", "C", "--reference-pattern", "(a+)+")
    assert Source.objects.get().reference_pattern == r"R\d+"
    (line,) = _printed(capsys, "set", "C", "--reference-pattern", "aucun")
    assert "forme habituelle" in line
    assert Source.objects.get().reference_pattern == ""


def test_rotate_shows_both_once_and_the_list_says_until_when(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = _printed(capsys, "add", "CORG 90", "--departement", "90", "--signed")[-1]
    lines = _printed(capsys, "rotate", "CORG 90")
    assert lines[0].startswith("Clé précédente valable jusqu’au ")
    assert lines[1].startswith("Secret de signature : whsec_")
    assert source_of(lines[-1]) == source_of(first)
    listed = "\n".join(_printed(capsys, "list"))
    assert "active, clé précédente valable jusqu’au " in listed
    assert lines[-1] not in listed and "whsec_" not in listed
    again = _printed(capsys, "rotate", "CORG 90", "--overlap", "90m")
    assert again[0] == "La clé d’avant la précédente est refusée dès maintenant."
    with pytest.raises(KeyRefusedError):
        source_of(first)


def test_rotate_without_overlap(capsys: pytest.CaptureFixture[str]) -> None:
    first = _printed(capsys, "add", "CORG 90", "--departement", "90")[-1]
    assert _printed(capsys, "rotate", "CORG 90", "--overlap", "0")[0] == "Clé précédente refusée."
    with pytest.raises(KeyRefusedError):
        source_of(first)


@pytest.mark.parametrize("wrong", ["", "hier", "-1h", "24 heures", "31j", "1.5h"])
def test_an_overlap_that_is_no_duration(capsys: pytest.CaptureFixture[str], wrong: str) -> None:
    key = _printed(capsys, "add", "CORG 90", "--departement", "90")[-1]
    with pytest.raises(CommandError, match="--overlap"):
        call_command("source", "rotate", "CORG 90", f"--overlap={wrong}")
    assert source_of(key).previous_key_hash == ""


def test_a_revoked_source_is_renewed_and_not_rotated(capsys: pytest.CaptureFixture[str]) -> None:
    _printed(capsys, "add", "CORG 90", "--departement", "90")
    _printed(capsys, "revoke", "CORG 90")
    with pytest.raises(CommandError, match="renew"):
        call_command("source", "rotate", "CORG 90")


def test_reseal_says_how_many_and_what_is_wrong(
    capsys: pytest.CaptureFixture[str], settings
) -> None:
    _printed(capsys, "add", "CORG 90", "--departement", "90", "--signed")
    assert _printed(capsys, "reseal") == [
        "1 secret de signature sous SECRET_KEY.",
        "0 secret de second facteur sous SECRET_KEY.",
    ]
    settings.SECRET_KEY = "another key" * 5
    with pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        call_command("source", "reseal")


def test_the_order_of_its_providers(capsys: pytest.CaptureFixture[str]) -> None:
    _printed(capsys, "add", "CORG 90", "--departement", "90")
    (said,) = _printed(capsys, "set", "CORG 90", "--sms-providers", "ovh,twilio")
    assert said == "« CORG 90 » : SMS par OVHcloud, puis Twilio."
    assert Source.objects.get().sms_providers == ["ovh", "twilio"]
    for wrong in ("fax", "ovh,ovh", ""):
        with pytest.raises(CommandError, match="chacun une fois"):
            call_command("source", "set", "CORG 90", "--sms-providers", wrong)
    (said,) = _printed(capsys, "set", "CORG 90", "--sms-providers", "aucun")
    assert said == "« CORG 90 » : SMS dans l’ordre du service."
    assert Source.objects.get().sms_providers == []
