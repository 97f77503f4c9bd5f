"""The forms that take a passkey's answer: whatever stands in one, it is taken or refused in French.

An answer is JSON, with more JSON and CBOR inside, which anybody may post before any log-in. The
libraries that read it raise what their parts raise; none of that is an error of the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError, InterfaceError

log = structlog.get_logger(__name__)

NOT_VALID = "La réponse de la clé d’accès n’est pas valable : recommencez."
# allauth's, of whatever is wrong with a proof.
_WRONG = "incorrect_code"

P = ParamSpec("P")
R = TypeVar("R")


class AnswerField(forms.JSONField):
    """What a passkey answered: an object that can be stored."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        messages = {"required": NOT_VALID, "invalid": NOT_VALID}
        super().__init__(label="Clé d’accès", error_messages=messages)

    def to_python(self, value: Any) -> Any:
        """Return the object. Raises ValidationError."""
        try:
            found = super().to_python(value)
            written = json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            # A number of thousands of digits, brackets without end, half a character.
            raise ValidationError(NOT_VALID, "invalid") from None
        if not isinstance(found, dict) or b"\\u0000" in written:
            raise ValidationError(NOT_VALID, "invalid")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ARG002 - Django's form
        """Forget an answer that was refused: each is good for one question."""
        return None

    def prepare_value(self, value: Any) -> str:  # noqa: ARG002 - Django's form
        return ""


def _refusing(judge: Callable[P, R]) -> Callable[P, R]:
    """Have a judgement of an answer refuse whatever the libraries stumble over."""

    @wraps(judge)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return judge(*args, **kwargs)
        except ValidationError as refusal:
            if refusal.code != _WRONG:
                raise
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:  # of parsing: no list of them is whole
            log.warning("answer of a passkey cannot be read", error=type(error).__name__)
        raise ValidationError(NOT_VALID, "invalid")

    return wrapped


class NewKeyForm(AddWebAuthnForm):
    """A passkey: its name, and whether it does without a password."""

    credential = AnswerField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "Nom de la clé"
        alone = self.fields["passwordless"]
        alone.label = "Elle suffit pour se connecter, sans mot de passe"
        alone.help_text = "L’appareil demande alors l’empreinte, le visage ou son code."
        alone.initial = True

    clean = _refusing(AddWebAuthnForm.clean)


class SecondFactorKeyForm(AuthenticateWebAuthnForm):
    """A passkey after the password."""

    credential = AnswerField()
    clean_credential = _refusing(AuthenticateWebAuthnForm.clean_credential)


class KeyAloneForm(LoginWebAuthnForm):
    """A passkey in place of name and password."""

    credential = AnswerField()
    clean_credential = _refusing(AuthenticateWebAuthnForm.clean_credential)


class ConfirmByKeyForm(ReauthenticateWebAuthnForm):
    """A passkey that proves once more who is there."""

    credential = AnswerField()
    clean_credential = _refusing(AuthenticateWebAuthnForm.clean_credential)
