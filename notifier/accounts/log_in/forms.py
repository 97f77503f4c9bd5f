"""The forms of log-in, in French."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import EditWebAuthnForm
from django.conf import settings
from django.http import HttpRequest

from notifier.accounts.models import User

# Whether an account has an address is nobody's business, not even by how long the answer takes.
_ANSWER_S = 0.3


class LogInForm(LoginForm):
    """A name or an e-mail, and the password."""

    @property
    def provider_name(self) -> str:
        """The provider of identities, where one is configured."""
        environment = settings.ENVIRONMENT
        return environment.OIDC_NAME if environment.OIDC_ISSUER else ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = "Identifiant ou adresse électronique"
        login.widget.attrs = {"autocomplete": "username", "autofocus": True, "maxlength": 254}
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs.pop("placeholder", None)


class ForgottenPasswordForm(ResetPasswordForm):
    """The address to which the link goes, where an account has it."""

    def clean_email(self) -> str:
        """Find the active account with the address, which no other account has."""
        email = str(self.cleaned_data["email"])
        self.users = list(User.objects.filter(email__iexact=email, is_active=True))
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the link; take as long for an address that no account has."""
        answer_at = time.monotonic() + _ANSWER_S
        email: str = super().save(request, **kwargs)
        time.sleep(max(0.0, answer_at - time.monotonic()))
        return email


class NewPasswordForm(ChangePasswordForm):
    """The present password, and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""
        self.fields[
            "password1"
        ].help_text = "Douze caractères au moins ; trois mots sans rapport conviennent."
        self.fields["password2"].label = "Le même, pour vérifier"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class NewApplicationForm(ActivateTOTPForm):
    """The first code of an application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code affiché par l’application"
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "placeholder": ""}


class KeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Nom de la clé"
