"""The environment variables of the service: a table, read once and refused by name when wrong.

A secret may stand in a file that NAME_FILE names instead, as Docker, Kubernetes and systemd hand
them over. A test holds docs/configuration.md to this table.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from notifier.mailbox import Mailbox, strip_invisible
from notifier.unreadable import describe_os_error

# What config/notifier.env.example holds in the place of every secret.
PLACEHOLDER = "REMPLACER"
# Providers of SMS, and without which variables each sends nothing.
SMS_PROVIDERS = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    "ovh": (
        "OVH_APPLICATION_KEY",
        "OVH_APPLICATION_SECRET",
        "OVH_CONSUMER_KEY",
        "OVH_SERVICE_NAME",
        "OVH_SENDER",
    ),
}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What pydantic says itself, by its type of error. One that is not here is said in its own words.
FAULTS = {
    "string_pattern_mismatch": "n’a pas la forme attendue (docs/configuration.md)",
    "int_parsing": "doit être un nombre entier",
    "greater_than_equal": "doit être 1 ou plus",
    "bool_parsing": "doit être 0 ou 1",
}
SCHEMES = {
    "DATABASE_URL": (
        ("postgresql", "postgres", "sqlite"),
        "doit commencer par postgresql:// ou sqlite:///",
    ),
    "BROKER_URL": (
        ("redis", "rediss", "redis+socket"),
        "doit commencer par redis://, rediss:// ou redis+socket://",
    ),
    "EMAIL_URL": (("smtp", "smtps"), "doit s’écrire smtp://HÔTE:PORT ou smtps://HÔTE:PORT"),
}


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine itself."""
    return urlsplit(url).hostname in LOOPBACK


class Environment(BaseModel):
    """The environment variables that the service reads; all others are ignored."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )

    DATA_DIR: Path = Field(
        Path("var"), description="Folder for the SQLite file and the package's own Valkey."
    )
    DATABASE_URL: SecretStr = Field(
        SecretStr(""),
        description="postgresql://USER:PASSWORD@HOST/NAME, or sqlite:///PATH. "
        "Default: SQLite in DATA_DIR.",
    )
    BROKER_URL: SecretStr = Field(
        SecretStr(""),
        description="redis://HOST:PORT/0 (Redis or Valkey; rediss://, redis+socket:// too). "
        "Not set: `notifier up` starts the package's own Valkey in DATA_DIR.",
    )
    SECRET_KEY: SecretStr = Field(
        SecretStr(""),
        description="At least 50 random characters; signs sessions, seals signing "
        "secrets. Required.",
    )
    SECRET_KEY_FALLBACKS: SecretStr = Field(
        SecretStr(""),
        description="Former SECRET_KEYs, separated by commas: what they signed or sealed is "
        "still accepted. To be emptied after `notifier source reseal`.",
    )
    PUBLIC_URL: str = Field(
        "",
        description="Address under which the provider and people reach this service. Must be "
        "https, except on loopback. Required.",
    )
    ALLOWED_HOSTS: str = Field(
        "",
        description="Further host names, separated by commas, beside that of PUBLIC_URL "
        "and loopback.",
    )
    ANSWER_URL: str = Field(
        "",
        description="Another, short address of this service, for the links in SMS by which people "
        "answer: https://am90.example. Not set: PUBLIC_URL.",
    )
    SMS_PROVIDERS: str = Field(
        "twilio",
        description="Providers of SMS in order, separated by commas: twilio, ovh. The next carries "
        "texts while one fails. What each needs is required.",
    )
    TWILIO_ACCOUNT_SID: str = Field(
        "",
        pattern=r"^(AC[0-9a-fA-F]{32})?$",
        description="Account at Twilio. Required, unless SMS_PROVIDERS does not name it.",
    )
    TWILIO_AUTH_TOKEN: SecretStr = Field(
        SecretStr(""),
        description="Its secret; sends, and checks the signature of receipts. Required.",
    )
    TWILIO_FROM: str = Field(
        "",
        pattern=r"^(\+[1-9][0-9]{6,14}|[A-Za-z][A-Za-z0-9 ]{0,10})?$",
        description="Sender: a number in E.164 or up to 11 letters and digits, a letter first. "
        "This or TWILIO_MESSAGING_SERVICE_SID is required.",
    )
    TWILIO_MESSAGING_SERVICE_SID: str = Field(
        "", pattern=r"^(MG[0-9a-fA-F]{32})?$", description="Messaging service, instead of a sender."
    )
    TWILIO_VOICE_FROM: str = Field(
        "",
        pattern=r"^(\+[1-9][0-9]{6,14})?$",
        description="Number in E.164 that calls are made from. Not set: TWILIO_FROM where that is "
        "a number, else nobody is called.",
    )
    TWILIO_API_URL: str = Field(
        "",
        description="Base address of Twilio's API. Default: Twilio's own; required with SIMULATOR.",
    )
    OVH_APPLICATION_KEY: str = Field(
        "", description="Application key at OVHcloud. Required if SMS_PROVIDERS names ovh."
    )
    OVH_APPLICATION_SECRET: SecretStr = Field(SecretStr(""), description="Its secret.")
    OVH_CONSUMER_KEY: SecretStr = Field(
        SecretStr(""),
        description="Consumer key, which gives the application its rights: GET and POST on /sms/*.",
    )
    OVH_SERVICE_NAME: str = Field(
        "", pattern=r"^([a-z0-9-]+)?$", description="SMS account there, e.g. sms-ab12345-1."
    )
    OVH_SENDER: str = Field(
        "",
        pattern=r"^([A-Za-z][A-Za-z0-9]{2,10})?$",
        description="Sender: 3 to 11 letters and digits, a letter first, validated there.",
    )
    OVH_API_URL: str = Field(
        "",
        description="Base address of OVHcloud's API. Default: its European one; required with "
        "SIMULATOR.",
    )
    CA_FILE: Path | None = Field(
        None,
        description="PEM file of certificate authorities believed beside the system's own, "
        "for the providers of SMS and the mail server: that of a proxy that inspects TLS, say.",
    )
    EMAIL_URL: SecretStr = Field(
        SecretStr(""),
        description="smtp://USER:PASSWORD@HOST:PORT (STARTTLS is used), smtps:// for TLS from "
        "the start; plain text is only allowed on loopback. Required.",
    )
    EMAIL_FROM: str = Field(
        "",
        description="Sender of e-mails, e.g. alertes@example.fr, or a name before it: "
        "Alertes <alertes@example.fr>. Required.",
    )
    SMS_PER_SECOND: int | None = Field(
        None,
        ge=1,
        description="Most SMS handed to the provider in a second, all workers together. "
        "Not set: no limit.",
    )
    EMAIL_PER_SECOND: int | None = Field(
        None, ge=1, description="The same for e-mails and their server."
    )
    CALLS_PER_SECOND: int | None = Field(
        None,
        ge=1,
        description="The same for calls; those that find no room are made a little later.",
    )
    WEBHOOK_NETWORKS: str = Field(
        "",
        description="Private networks in which sources' own software may be told of answers, "
        "separated by commas: 10.20.0.0/16. Not set: at public addresses alone.",
    )
    OIDC_ISSUER: str = Field(
        "",
        description="Issuer of an OpenID Connect provider, such as ProConnect, whose "
        "/.well-known/openid-configuration names its addresses: people with an account may log in "
        "by it as well. Must be https, except on loopback.",
    )
    OIDC_CLIENT_ID: str = Field("", description="This service's name there. Required with it.")
    OIDC_CLIENT_SECRET: SecretStr = Field(
        SecretStr(""), description="Its secret there. Required with OIDC_ISSUER."
    )
    OIDC_NAME: str = Field("ProConnect", description="How the log-in page names it.")
    OIDC_ALGORITHM: str = Field(
        "RS256",
        pattern=r"^(RS|ES|PS)(256|384|512)$",
        description="How it signs what it says of a person; anything else is refused.",
    )
    OIDC_SECOND_FACTOR_ACR: str = Field(
        "",
        description="Values of `acr`, separated by commas, that prove two factors. Not set: its "
        "log-in counts as one factor, and ours is asked for as well.",
    )
    OIDC_EMAIL_IS_VERIFIED: bool = Field(
        False,
        description="1: it vouches for addresses without saying email_verified, as ProConnect "
        "does. An account is recognised by its address once, and then by the person's number "
        "there.",
    )
    CANARY_PHONE: str = Field(
        "",
        pattern=r"^(\+[1-9][0-9]{6,14})?$",
        description="Mobile in E.164 to which an exercise goes by the clock, all the way and back. "
        "`/readyz` is red and those in charge are mailed when it does not come back. Not set: off.",
    )
    CANARY_MINUTES: int = Field(
        60, ge=1, description="Minutes from one such exercise to the next; each costs one SMS."
    )
    ALARM_EMAIL: str = Field(
        "",
        description="Who is mailed when it does not come back, separated by commas. Not set: the "
        "platform's accounts.",
    )
    HEARTBEAT_URL: SecretStr = Field(
        SecretStr(""),
        description="Address of an outside monitor, https except on loopback, requested by GET "
        "after each exercise that came back; without CANARY_PHONE after each minute in which the "
        "clock and all workers run.",
    )
    CATEGORIES_FILE: Path | None = Field(
        None, description="An operator's own categories.toml. Default: the package's."
    )
    TEMPLATES_DIR: Path | None = Field(
        None, description="An operator's own folder of alert texts. Default: the package's."
    )
    REFLEXES_DIR: Path | None = Field(
        None,
        description="An operator's own folder of sheets of what to do at once, each in the place "
        "of the package's of the same name.",
    )
    LOG_LEVEL: str = Field(
        "INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="Level of the operator's log."
    )
    SIMULATOR: bool = Field(
        False,
        description="1: the provider is the simulator; accepts sample numbers. Set by "
        "`notifier demo` and `notifier up --simulator`; refused unless PUBLIC_URL, "
        "TWILIO_API_URL, OVH_API_URL and EMAIL_URL are on loopback.",
    )

    @model_validator(mode="before")
    @classmethod
    def _set_by_the_operator(cls, variables: dict[str, Any]) -> dict[str, Any]:
        """Drop empty variables. Raises ImproperlyConfigured for the example's values."""
        untouched = [name for name in cls.model_fields if PLACEHOLDER in str(variables.get(name))]
        if untouched:
            raise ImproperlyConfigured(
                f"réglages encore ceux du modèle ({PLACEHOLDER}), y mettre les vôtres : "
                f"{', '.join(untouched)}"
            )
        return {name: value for name, value in variables.items() if str(value).strip()}

    @field_validator(*SCHEMES)
    @classmethod
    def _known_scheme(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        schemes, said = SCHEMES[info.field_name or ""]
        parts = _parts(value.get_secret_value())
        is_complete = parts.hostname or info.field_name != "EMAIL_URL"
        if value and not (parts.scheme in schemes and is_complete):
            raise ValueError(said)
        return value

    @field_validator("SMS_PROVIDERS")
    @classmethod
    def _known_providers(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        if not set(names) <= SMS_PROVIDERS.keys() or len(set(names)) < len(names):
            known = ", ".join(SMS_PROVIDERS)
            raise ValueError(f"doit nommer, chacun une fois et dans l’ordre, parmi : {known}")
        return ",".join(names)

    @field_validator("PUBLIC_URL", "ANSWER_URL", "TWILIO_API_URL", "OVH_API_URL", "OIDC_ISSUER")
    @classmethod
    def _https_or_loopback(cls, value: str) -> str:
        parts = _parts(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("doit être une adresse, par exemple https://alertes.example.fr")
        if parts.scheme == "http" and not is_loopback(value):
            raise ValueError("doit être en https : http n’est admis qu’en boucle locale")
        return value.rstrip("/")

    @field_validator("WEBHOOK_NETWORKS")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        try:
            _networks(value)
        except ValueError:
            raise ValueError("doit être des réseaux, par exemple 10.20.0.0/16,fd12::/48") from None
        return value

    @field_validator("HEARTBEAT_URL")
    @classmethod
    def _address_of_a_monitor(cls, value: SecretStr) -> SecretStr:
        # Taken as it is: a slash at its end may be part of it.
        cls._https_or_loopback(value.get_secret_value())
        return value

    @field_validator("ALARM_EMAIL")
    @classmethod
    def _mailboxes(cls, value: str) -> str:
        given = filter(None, (part.strip() for part in value.split(",")))
        return ",".join(Mailbox.parse(part).address for part in given)

    @field_validator("EMAIL_FROM")
    @classmethod
    def _one_sender(cls, value: str) -> str:
        if value:
            Mailbox.parse(value)
        return strip_invisible(value)

    @field_validator("CA_FILE")
    @classmethod
    def _readable_authorities(cls, value: Path | None) -> Path | None:
        try:
            if value is not None:
                ssl.create_default_context(cafile=value)
        except ssl.SSLError:
            raise ValueError(f"« {value} » ne contient pas de certificats PEM") from None
        except OSError as error:
            raise ValueError(f"« {value} » {describe_os_error(error)}") from None
        return value

    @field_validator("SECRET_KEY", "SECRET_KEY_FALLBACKS")
    @classmethod
    def _long_secret(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        key = value.get_secret_value()
        given = key.split(",") if info.field_name == "SECRET_KEY_FALLBACKS" else [key]
        if value and any(len(key.strip()) < 50 for key in given):
            raise ValueError("doit avoir au moins 50 caractères")
        return value

    @model_validator(mode="after")
    def _simulator_stays_home(self) -> Environment:
        apis = {"TWILIO_API_URL": self.TWILIO_API_URL, "OVH_API_URL": self.OVH_API_URL}
        addresses = (self.PUBLIC_URL, *apis.values(), self.EMAIL_URL.get_secret_value())
        if self.SIMULATOR and not all(not url or is_loopback(url) for url in addresses):
            raise ValueError(
                "SIMULATOR : seulement si PUBLIC_URL, TWILIO_API_URL, OVH_API_URL et EMAIL_URL "
                "sont en boucle locale ; un service joignable de l’extérieur doit avoir un vrai "
                "prestataire"
            )
        for name, url in apis.items():
            if not self.SIMULATOR and url and is_loopback(url):
                raise ValueError(f"{name} : en boucle locale, seulement avec SIMULATOR=1")
        return self

    @model_validator(mode="after")
    def _whole_provider(self) -> Environment:
        if self.OIDC_ISSUER and not (self.OIDC_CLIENT_ID and self.OIDC_CLIENT_SECRET):
            raise ValueError("OIDC_ISSUER : OIDC_CLIENT_ID et OIDC_CLIENT_SECRET vont avec")
        return self

    @property
    def twilio_api(self) -> str:
        """Base address of the API: Twilio's own where nothing else is set."""
        return self.TWILIO_API_URL or "https://api.twilio.com"

    @property
    def ovh_api(self) -> str:
        """Base address of the API: OVHcloud's own where nothing else is set."""
        return self.OVH_API_URL or "https://eu.api.ovh.com/1.0"

    @property
    def sms_providers(self) -> list[str]:
        """The names of the providers of SMS, in the service's order."""
        return self.SMS_PROVIDERS.split(",")

    @property
    def alarm_emails(self) -> list[str]:
        """Who is mailed when the service does not work, without any queue."""
        return self.ALARM_EMAIL.split(",") if self.ALARM_EMAIL else []

    @property
    def configured_sms_providers(self) -> list[str]:
        """Those that may send: of the service's order, and others whose variables are set."""
        return [name for name in SMS_PROVIDERS if not self.missing_for(name)]

    @property
    def takes_sms_replies(self) -> bool:
        """Whether whoever answers an SMS reaches this service: all come from one number."""
        return self.configured_sms_providers == ["twilio"] and self.TWILIO_FROM.startswith("+")

    @property
    def caller(self) -> str:
        """The number that calls are made from; "" where none can be made."""
        if not self.TWILIO_ACCOUNT_SID or not self.TWILIO_AUTH_TOKEN:
            return ""
        is_number = self.TWILIO_FROM.startswith("+")
        return self.TWILIO_VOICE_FROM or (self.TWILIO_FROM if is_number else "")

    @property
    def webhook_networks(self) -> list[IPv4Network | IPv6Network]:
        """The private networks to which webhooks are posted all the same."""
        return _networks(self.WEBHOOK_NETWORKS)

    def missing(self) -> list[str]:
        """List the variables without which nothing can be sent, in the table's order."""
        of_providers = [name for one in self.sms_providers for name in self.missing_for(one)]
        before, after = ("SECRET_KEY", "PUBLIC_URL"), ("EMAIL_URL", "EMAIL_FROM")
        return [
            *(name for name in before if not getattr(self, name)),
            *of_providers,
            *(name for name in after if not getattr(self, name)),
        ]

    def missing_for(self, provider: str) -> list[str]:
        """List the variables without which this provider of SMS sends nothing."""
        names = [name for name in SMS_PROVIDERS[provider] if not getattr(self, name)]
        if provider == "twilio" and not (self.TWILIO_FROM or self.TWILIO_MESSAGING_SERVICE_SID):
            names.append("TWILIO_FROM ou TWILIO_MESSAGING_SERVICE_SID")
        # A provider's own address is a default for real services only.
        api = f"{provider.upper()}_API_URL"
        return [*names, api] if self.SIMULATOR and not getattr(self, api) else names


# What may stand in a file.
SECRETS = [name for name, f in Environment.model_fields.items() if f.annotation is SecretStr]


def read_environment() -> Environment:
    """Read and check the environment.

    Raises ImproperlyConfigured, in French, with one line for each wrong variable, by name.
    An empty variable counts as not set.
    """
    try:
        return Environment.model_validate(dict(os.environ) | secrets_from_files(os.environ))
    except ValidationError as error:
        raise _refusal(
            " : ".join([*map(str, fault["loc"]), _said(fault)]) for fault in error.errors()
        ) from None


def secrets_from_files(variables: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that `variables` give as files, by name: what NAME_FILE holds, stripped.

    Raises ImproperlyConfigured, in French, with one line for each that cannot be had.
    """
    found, faults = {}, []
    for name in SECRETS:
        path = variables.get(f"{name}_FILE", "").strip()
        if path and variables.get(name, "").strip():
            faults.append(f"{name}_FILE : {name} est donnée aussi, n’en garder qu’une des deux")
        elif path:
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
                fault = "" if found[name] else "est vide"
            except UnicodeDecodeError:
                fault = "n’est pas un texte en UTF-8"
            except OSError as error:
                fault = describe_os_error(error)
            faults += [f"{name}_FILE : « {path} » {fault}"] if fault else []
    if faults:
        raise _refusal(faults)
    return found


def _refusal(faults: Iterable[str]) -> ImproperlyConfigured:
    return ImproperlyConfigured("réglages faux :\n  " + "\n  ".join(faults))


def _networks(given: str) -> list[IPv4Network | IPv6Network]:
    """Read networks separated by commas. Raises ValueError."""
    return [ip_network(one.strip()) for one in given.split(",") if one.strip()]


def _parts(url: str) -> SplitResult:
    """Split an address. Python's own error would quote it, and its password."""
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("n’a pas la forme d’une adresse") from None


def _said(fault: ErrorDetails) -> str:
    """Say in French what is wrong, without the value, which may be a secret."""
    said = FAULTS.get(fault["type"])
    return said or fault["msg"].removeprefix("Value error, ")
