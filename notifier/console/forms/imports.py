"""The form by which a list is uploaded."""

from django import forms

from notifier.directory.imports.jobs import MAX_BYTES

ENDINGS = (".csv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".json")


class UploadForm(forms.Form):
    """One file; what is in it shows in its content, not in its name."""

    file = forms.FileField(
        label="Fichier",
        help_text=f"CSV, XLSX, XLS, ODS ou JSON, de {MAX_BYTES // 1024**2} Mo au plus. "
        "La liste se reconnaît à ses colonnes.",
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(ENDINGS)}),
        allow_empty_file=True,
        error_messages={"required": "Choisissez un fichier."},
    )
