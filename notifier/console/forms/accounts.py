"""Forms of accounts: an invitation, one more role, until when, and an account's own person."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from notifier.accounts.grants import grantable_roles
from notifier.accounts.models import User
from notifier.accounts.roles import Permission, Role
from notifier.accounts.scope import Scope
from notifier.directory.lookup import LookupRefused, organisation_named
from notifier.directory.models import Organisation
from notifier.territory.zones.departements import all_departements, departement_by_code

# More than these are typed by their code.
_MAX_LISTED = 300


class UntilField(forms.DateField):
    """A day, or none."""

    def __init__(self) -> None:
        super().__init__(
            label="Jusqu’au",
            required=False,
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            help_text="Ce jour compris. Vide : sans fin.",
        )


class RoleForm(forms.Form):
    """A role, where it holds, and until when; offers what the giver has himself, and no more."""

    role = forms.ChoiceField(label="Rôle")
    departement = forms.ChoiceField(label="Où : tout un département…", required=False)
    organisation = forms.CharField(
        label="… ou un seul organisme",
        required=False,
        max_length=100,
        help_text="Son nom, par exemple Delle : le rôle ne vaut alors que là, et non dans tout le "
        "département.",
    )
    until = UntilField()

    def __init__(self, scope: Scope, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        for name in ("departement", "organisation"):
            self.fields[name].is_alternative = True  # type: ignore[attr-defined] # the component's
        # None is chosen beforehand: the widest is not to be given by inattention.
        offered = [(role.value, role.label) for role in grantable_roles(scope)]
        self._offer("role", [("", "à choisir"), *offered])
        territory = scope.territory(Permission.MANAGE_ACCOUNTS)
        codes = (
            [one.code for one in all_departements()]
            if territory.is_everything
            else sorted(territory.departements)
        )
        if not codes:
            del self.fields["departement"]
            self.fields["organisation"].label = "Organisme"
            self.fields["organisation"].help_text = ""
            self.fields["organisation"].required = True
            own = scope.organisations(Permission.MANAGE_ACCOUNTS).order_by("name")[:_MAX_LISTED]
            choices = [(str(one.ref), str(one)) for one in own]
            self.fields["organisation"].widget = forms.Select(choices=choices)
        elif len(codes) == 1:
            self.fields["departement"].initial = codes[0]
            self._offer("departement", [("", "aucun"), (codes[0], _name(codes[0]))])
        else:
            self._offer("departement", [("", "aucun"), *((one, _name(one)) for one in codes)])

    def clean_organisation(self) -> Organisation | None:
        """Find the organisation within the giver's scope."""
        typed = self.cleaned_data["organisation"]
        if not typed:
            return None
        try:
            return organisation_named(self.scope.organisations(Permission.MANAGE_ACCOUNTS), typed)
        except LookupRefused as refused:
            raise ValidationError(str(refused)) from None

    def clean(self) -> dict[str, Any]:
        """Take a département or an organisation; an organisation is the narrower of both."""
        cleaned = super().clean() or {}
        organisation = cleaned.get("organisation")
        if organisation is not None:
            cleaned["departement"] = ""
        elif not cleaned.get("departement") and not self.errors:
            raise ValidationError("Choisissez un département, ou donnez le nom d’un organisme.")
        return cleaned

    @property
    def granted(self) -> tuple[Role, str, Organisation | None, date | None]:
        """What was chosen, as the rooms take it."""
        data = self.cleaned_data
        departement = data.get("departement") or ""
        return Role(data["role"]), departement, data["organisation"], data["until"]

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class InvitationForm(RoleForm):
    """The address to which the link goes, and the role that it opens."""

    email = forms.EmailField(
        label="Adresse électronique",
        max_length=254,
        help_text="Celle d’une personne, et non d’un service : le lien est pour elle seule.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("email", "role", "departement", "organisation", "until")


class UntilForm(forms.Form):
    """Until when a role holds."""

    until = UntilField()


class LastAdministratorForm(forms.Form):
    """Taken knowingly: nobody administers the accounts there afterwards."""

    is_known = forms.BooleanField(
        label="Je sais que plus personne n’y administrera les comptes",
        error_messages={
            "required": "Cochez cette case, ou invitez d’abord un autre administrateur."
        },
    )


class PersonForm(forms.Form):
    """The name that others read."""

    first_name = forms.CharField(
        label="Prénom", max_length=150, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=150, widget=forms.TextInput({"autocomplete": "family-name"})
    )


class NewAccountForm(PersonForm):
    """Who accepts an invitation, and the password, typed twice."""

    password = forms.CharField(
        label="Mot de passe",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Douze caractères au moins ; trois mots sans rapport conviennent.",
    )
    again = forms.CharField(
        label="Le même, pour vérifier",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, email: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Refuse a password that everybody would try, or that was typed twice differently."""
        cleaned = super().clean() or {}
        password = cleaned.get("password")
        if password and password != cleaned.get("again"):
            self.add_error("again", "Les deux mots de passe diffèrent.")
        if password:
            names = {name: cleaned.get(name, "") for name in ("first_name", "last_name")}
            try:
                validate_password(password, User(email=self.email, **names))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class EmailForm(forms.Form):
    """The address to which a confirmation goes."""

    email = forms.EmailField(label="Nouvelle adresse électronique", max_length=254)


def _name(code: str) -> str:
    found = departement_by_code(code)
    return f"{found.name} ({code})" if found else code
