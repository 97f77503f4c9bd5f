"""Set an attestation as a PDF: the same words as its page, with its language, title and outline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fpdf import FPDF, FontFace
from fpdf.enums import WrapMode, XPos, YPos

from notifier.alerting.attestation import Attestation, AttestedOrganisation
from notifier.alerting.board.wordings import Wording
from notifier.console.attestation_words import CAVEATS, NO_ANSWER, how_to_check, stamped
from notifier.console.french import typography

FONTS = Path(__file__).parent / "fonts"
_GREY, _BLACK, _RULE = (85, 85, 85), (0, 0, 0), (200, 200, 200)
_WIDTHS = (24, 32, 25, 25, 25, 39)
_ANSWER_WIDTHS = (45, 55, 30, 40)
_ANSWER_HEADINGS = ("Qui a répondu", "Quoi", "Par quel moyen", "Quand")
_HEADINGS = ("À qui", "Canal", "Décidé", "Remis", "Reçu", "Ce qui est connu")


class _Document(FPDF):
    """A page with the fingerprint at its foot, so that no sheet stands alone."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.add_font("DejaVu", fname=FONTS / "DejaVuSans.ttf")
        self.add_font("DejaVu", style="B", fname=FONTS / "DejaVuSans-Bold.ttf")
        self.set_margin(20)
        self.set_auto_page_break(auto=True, margin=22)

    def footer(self) -> None:
        self.set_y(-16)
        self.set_font("DejaVu", size=7)
        self.set_text_color(*_GREY)
        self.cell(0, 4, f"{self._foot} · page {self.page_no()} sur {{nb}}", align="C")

    def heading(self, text: str, level: int = 0) -> None:
        """Write a heading, which the outline shows."""
        self.ln(3)
        self.start_section(text, level=level)
        self._write(text, size=13 if level == 0 else 11, style="B")
        self.ln(1)

    def line_of(self, label: str, text: str) -> None:
        """Write one fact: its name, then what it is."""
        self.set_font("DejaVu", style="B", size=9)
        self.cell(48, 5, label)
        self.set_font("DejaVu", size=9)
        self.multi_cell(0, 5, typography(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, text: str, size: float = 9) -> None:
        """Write a paragraph."""
        self._write(text, size=size)
        self.ln(1)

    def quotation(self, subject: str, body: str) -> None:
        """Write the very words of a text, framed; a sign that the font lacks shows as a box."""
        self.set_draw_color(*_RULE)
        for words, style in ((subject, "B"), (body, "")):
            if words:
                self.set_font("DejaVu", style=style, size=8)
                self.multi_cell(
                    0,
                    4.4,
                    words,
                    align="L",
                    border="L",
                    padding=1,
                    new_x=XPos.LMARGIN,
                    new_y=YPos.NEXT,
                )
        self.ln(1)

    def code(self, text: str) -> None:
        """Write what has no place to break."""
        self.set_font("DejaVu", size=8)
        self.multi_cell(0, 5, text, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _write(self, text: str, *, size: float, style: str = "") -> None:
        self.set_text_color(*_BLACK)
        self.set_font("DejaVu", style=style, size=size)
        self.multi_cell(
            0, size * 0.55, typography(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )


def attestation_pdf(
    attestation: Attestation, *, issued_by: str, issued_at: datetime, with_addresses: bool
) -> bytes:
    """Return the document. `with_addresses`: masked ones are shown."""
    zone = attestation.zone
    title = f"Attestation d’information, intervention {attestation.reference}"
    document = _Document(f"{title} · empreinte {attestation.fingerprint[:16]}…")
    document.set_lang("fr-FR")
    document.set_title(title)
    document.set_author(issued_by)
    document.set_subject("Qui a été informé, quand, par quel moyen et à quel titre")
    document.set_creator("Alerte Maires")
    document.set_creation_date(issued_at)
    document.add_page()
    document.heading(title)
    for label, text in (
        ("Nature", attestation.category + (" (exercice)" if attestation.is_exercise else "")),
        ("Signalée par", attestation.source),
        ("Première réception", stamped(attestation.opened_at, zone)),
        ("Établie", f"{stamped(issued_at, zone)}, par {issued_by}"),
    ):
        document.line_of(label, text)
    for organisation in attestation.organisations:
        _add_organisation(document, organisation, attestation, with_addresses=with_addresses)
    if not attestation.organisations:
        document.paragraph("Aucun organisme n’a été alerté.")
    if attestation.withheld:
        document.heading("Ce qui n’a pas été communiqué", level=1)
        for line in attestation.withheld:
            document.paragraph(line)
    document.heading("Ce que ces mots veulent dire", level=1)
    for caveat in CAVEATS:
        document.paragraph(caveat, size=8)
    document.heading("Empreinte", level=1)
    document.code(attestation.fingerprint)
    document.paragraph(how_to_check(attestation), size=8)
    return bytes(document.output())


def _add_organisation(
    document: _Document,
    organisation: AttestedOrganisation,
    attestation: Attestation,
    *,
    with_addresses: bool,
) -> None:
    document.heading(f"{organisation.name} ({organisation.code}, {organisation.kind})", level=1)
    document.line_of("À informer en vertu de", organisation.under)
    document.line_of("Dernier texte", organisation.last_text)
    if not organisation.texts:
        document.paragraph("Aucun contact dans l’annuaire : personne n’a pu être informé.")
        return
    zone = attestation.zone
    rows = (
        (
            f"{text.title}, texte n° {text.revision}",
            text.channel + (f" {text.masked}" if with_addresses else ""),
            stamped(text.decided_at, zone),
            stamped(text.handed_at, zone) if text.handed_at else "–",
            stamped(text.received_at, zone) if text.received_at else "–",
            text.what_is_known,
        )
        for text in organisation.texts
    )
    _add_table(document, _HEADINGS, _WIDTHS, rows)
    _add_answers(document, organisation, zone)
    for wording in organisation.wordings:
        _add_wording(document, wording, zone)


def _add_wording(document: _Document, wording: Wording, zone: ZoneInfo) -> None:
    document.ln(2)
    document.paragraph(
        f"Texte par {wording.channel}, décidé le {stamped(wording.at, zone)}, pour : "
        f"{' ; '.join(wording.readers)}",
        size=8,
    )
    document.quotation(wording.subject, wording.body)


def _add_answers(document: _Document, organisation: AttestedOrganisation, zone: ZoneInfo) -> None:
    if organisation.answers:
        document.ln(2)
        rows = ((a.title, a.what, a.means, stamped(a.at, zone)) for a in organisation.answers)
        _add_table(document, _ANSWER_HEADINGS, _ANSWER_WIDTHS, rows)
    elif organisation.is_asked:
        document.ln(2)
        document.paragraph(NO_ANSWER)


def _add_table(
    document: _Document,
    headings: tuple[str, ...],
    widths: tuple[int, ...],
    rows: Iterable[tuple[str, ...]],
) -> None:
    document.set_font("DejaVu", size=7)
    document.set_draw_color(*_RULE)
    with document.table(
        col_widths=widths,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
        line_height=3.8,
        padding=1,
        text_align="LEFT",
    ) as table:
        for cells in (headings, *rows):
            row = table.row()
            for cell in cells:
                row.cell(typography(cell))
