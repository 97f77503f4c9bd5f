"""What an operator's own templates may not do: refused at start, by file and line."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.alerting.answer_link import answer_url
from notifier.alerting.content.composer import Composer, TemplatesError
from notifier.alerting.content.samples import SAMPLE
from notifier.alerting.kinds import Kind
from tests.harness.variables import changed

TEMPLATES = Path(__file__).parents[2] / "templates" / "alerts"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, tmp_path / "alerts"))


def _refused(folder: Path) -> str:
    with pytest.raises(TemplatesError) as refused:
        Composer(folder)
    return str(refused.value)


def test_an_unknown_name_is_refused_by_file_line_and_name_even_in_a_branch_not_taken(
    own: Path,
) -> None:
    path = own / "end.txt.j2"
    path.write_text("Bonjour\n{% if exercise and not exercise %}\n{{ caller }}\n{% endif %}\n")
    assert _refused(own).startswith(f"{path}:3 : 'caller' n’est pas connu ici")


def test_all_faults_are_said_at_once(own: Path) -> None:
    (own / "end.sms.j2").write_text("{{ phone }} {{ reference }}\n")
    (own / "first.subject.j2").write_text("\n{% if %}\n")
    (own / "update.html.j2").unlink()
    faults = _refused(own)
    assert "end.sms.j2:1 : 'phone'" in faults
    assert "first.subject.j2:2 :" in faults
    assert "update.html.j2 manque" in faults


@pytest.mark.parametrize("word", ["neighbour", "holder"])
def test_what_only_shows_beyond_the_commune_is_tried_too(own: Path, word: str) -> None:
    path = own / "end.sms.j2"
    path.write_text(f"{{% if {word} %}}{{{{ {word} * 40 }}}}{{% endif %}} {{{{ reference }}}}\n")
    assert f"{path}:1 : SMS de plus de 2 segments" in _refused(own)


ESCAPES = (
    "{{ facts.__class__ }}",
    "{{ commune.__class__ }}",
    "{{ commune.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''.__class__ }}",
    "{{ commune['__class__'] }}",
    "{{ commune|attr('__class__') }}",
    "{{ '{0.__class__}'.format(commune) }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler }}",
    "{{ self.__init__.__globals__ }}",
    "{{ commune.nom }}",
    "{{ commune|nofilter }}",
    "{% include '../../config/categories.toml' %}",
)


def test_an_escape_is_refused_at_start(own: Path) -> None:
    """Each in a template of its own: their names are judged first, what is left is tried."""
    parts = ("txt", "html", "sms", "subject")
    paths = [own / f"{kind}.{part}.j2" for kind in Kind for part in parts]
    waiting = dict(zip(paths, ESCAPES, strict=False))
    assert len(waiting) == len(ESCAPES)
    for path, escape in waiting.items():
        path.write_text(f"Bonjour {{{{ commune }}}}\n{escape}\n")
    while waiting:
        refused = _refused(own)
        found = [path for path in waiting if f"{path}:2 : " in refused]
        assert found, f"not refused: {waiting.values()}"
        for path in found:
            shutil.copy(TEMPLATES / path.name, path)
            del waiting[path]


def test_a_fault_that_one_sample_shows_is_found_in_a_piece_of_a_piece(own: Path) -> None:
    """What a template does not name itself may still change what it says."""
    (own / "end.sms.j2").write_text('{% include "_outer.j2" %}\n')
    (own / "_outer.j2").write_text('{{ duty_phone }} {{ reference }} {% include "_inner.j2" %}\n')
    (own / "_inner.j2").write_text("{% if holder %}{{ holder * 40 }}{% endif %}\n")
    assert f"{own / 'end.sms.j2'}:1 : SMS de plus de 2 segments" in _refused(own)


def test_a_fault_is_found_in_a_piece_that_a_fact_chooses(own: Path) -> None:
    (own / "end.txt.j2").write_text('{% include "_of_" ~ status ~ ".j2" %}\n')
    for status in ("engaged", "on_scene", "closed"):
        (own / f"_of_{status}.j2").write_text("{{ duty_phone }}\n")
    (own / "_of_cancelled.j2").write_text("{{ commune }}\n")
    assert _refused(own).splitlines() == [
        f"{own / 'end.txt.j2'}:1 : sans téléphone ; le finir par {{{{ duty_phone }}}}"
    ]


def test_a_fault_in_a_shared_piece_names_the_piece(own: Path) -> None:
    piece = own / "_sms_head.j2"
    piece.write_text("{{ commune }}\n{{ commune.maire }}\n")
    assert f"{piece}:2 : " in _refused(own)


@pytest.mark.parametrize("name", ["unreached.subject.j2", "unreached.txt.j2"])
def test_the_mail_to_the_duty_address_is_tried_at_start_too(own: Path, name: str) -> None:
    """It is the last word when nobody can be told: it may not fail only then."""
    path = own / name
    path.write_text("{{ commune }}\n{{ why.cause }}\n")
    assert _refused(own).startswith(f"{path}:2 : ")


def test_an_sms_that_cannot_be_kept_short_or_lacks_the_reference_is_refused(own: Path) -> None:
    (own / "first.sms.j2").write_text("Bonjour. " * 40 + "{{ reference }}\n")
    (own / "end.sms.j2").write_text("{{ commune }} : {{ category }}\n")
    faults = _refused(own)
    assert "first.sms.j2:1 : SMS de plus de 2 segments" in faults
    assert "end.sms.j2:1 : SMS sans référence" in faults


def test_an_operators_own_words_are_used(own: Path) -> None:
    (own / "end.sms.j2").write_text("{{ commune }} : terminé. {{ reference }} {{ duty_phone }}\n")
    ended = Composer(own).compose(Kind.END, SAMPLE).sms
    assert ended == "Delle : terminé. CORG90-2026-004217 03 53 01 00 90"


def test_a_text_that_does_not_say_whom_to_call_is_refused(own: Path) -> None:
    names = ["end.sms.j2", "first.txt.j2", "update.html.j2"]
    for name in names:
        (own / name).write_text("{{ reference }}\n")
    (own / "digest.sms.j2").write_text("{{ count }}\n")
    faults = _refused(own)
    for name in (*names, "digest.sms.j2"):
        assert f"{own / name}:1 : sans téléphone ; le finir par {{{{ duty_phone }}}}" in faults


def test_a_text_that_wants_an_answer_and_does_not_say_where_is_refused(own: Path) -> None:
    names = ["first.sms.j2", "update.txt.j2", "first.html.j2"]
    for name in names:
        (own / name).write_text("{{ reference }} {{ duty_phone }}\n")
    faults = _refused(own)
    for name in names:
        assert f"{own / name}:1 : une réponse y est attendue, et le lien manque" in faults
    Composer(own, asks_answers=False)


def test_an_address_that_leaves_no_room_in_an_sms_is_refused(own: Path, settings) -> None:
    long = f"https://{'reponse.' * 8}example"
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, ANSWER_URL=long)
    assert "raccourcir le texte, ou l’adresse (ANSWER_URL)" in _refused(own)


def test_an_ordinary_first_text_with_a_short_address_is_one_segment(settings, own: Path) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, ANSWER_URL="https://am90.example")
    texts = Composer(own).compose(Kind.FIRST, replace(SAMPLE, answer_url=answer_url()))
    assert texts.size.segments == 1
    assert texts.sms.endswith(answer_url())


def test_a_text_in_latin_1_and_a_folder_in_its_place_are_refused(own: Path) -> None:
    (own / "end.sms.j2").write_bytes(b"Termin\xe9. {{ reference }}\n")
    (own / "first.txt.j2").unlink()
    (own / "first.txt.j2").mkdir()
    assert _refused(own).splitlines() == [
        f"{own / 'end.sms.j2'} : l’enregistrer en UTF-8",
        f"{own / 'first.txt.j2'} est un dossier",
    ]
