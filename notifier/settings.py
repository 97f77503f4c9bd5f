"""Every setting of the service, read from the environment once and refused by name when wrong.

`Environment` is the table of what an operator may set; a test holds docs/configuration.md to it.
Below it stand Django's and Celery's own settings, derived from that table.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import dj_database_url
import structlog
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

PACKAGE = Path(__file__).resolve().parent
# What config/notifier.env.example holds in the place of every secret.
PLACEHOLDER = "REMPLACER"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine itself."""
    return urlsplit(url).hostname in LOOPBACK


class Environment(BaseModel):
    """The environment variables that the service reads; all others are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True)

    DATA_DIR: Annotated[
        Path,
        Field(description="Folder for the SQLite file and the package's own Valkey."),
    ] = Path("var")
    DATABASE_URL: Annotated[
        str,
        Field(
            description="postgresql://USER:PASSWORD@HOST/NAME, or sqlite:///PATH. "
            "Default: SQLite in DATA_DIR."
        ),
    ] = ""
    BROKER_URL: Annotated[
        str,
        Field(
            description="redis://HOST:PORT/0 (Redis or Valkey; rediss://, redis+socket:// too). "
            "Not set: `notifier up` starts the package's own Valkey in DATA_DIR."
        ),
    ] = ""
    SECRET_KEY: Annotated[
        str, Field(description="At least 50 random characters; signs sessions. Required.")
    ] = ""
    PUBLIC_URL: Annotated[
        str,
        Field(
            description="Address under which the provider and people reach this service. Must be "
            "https, except on loopback. Required."
        ),
    ] = ""
    ALLOWED_HOSTS: Annotated[
        str,
        Field(
            description="Further host names, separated by commas, beside that of PUBLIC_URL "
            "and loopback."
        ),
    ] = ""
    TWILIO_ACCOUNT_SID: Annotated[
        str, Field(pattern=r"^(AC[0-9a-fA-F]{32})?$", description="Account at Twilio. Required.")
    ] = ""
    TWILIO_AUTH_TOKEN: Annotated[
        str,
        Field(description="Its secret; sends, and checks the signature of receipts. Required."),
    ] = ""
    TWILIO_FROM: Annotated[
        str,
        Field(
            pattern=r"^(\+[1-9][0-9]{6,14}|[A-Za-z][A-Za-z0-9 ]{0,10})?$",
            description="Sender: a number in E.164 or up to 11 letters and digits, a letter first. "
            "This or TWILIO_MESSAGING_SERVICE_SID is required.",
        ),
    ] = ""
    TWILIO_MESSAGING_SERVICE_SID: Annotated[
        str,
        Field(
            pattern=r"^(MG[0-9a-fA-F]{32})?$", description="Messaging service, instead of a sender."
        ),
    ] = ""
    TWILIO_API_URL: Annotated[
        str,
        Field(
            description="Base address of Twilio's API. Default: Twilio's own; "
            "required with SIMULATOR."
        ),
    ] = ""
    EMAIL_URL: Annotated[
        str,
        Field(
            description="smtp://USER:PASSWORD@HOST:PORT (STARTTLS is used), smtps:// for TLS from "
            "the start; plain text is only allowed on loopback. Required."
        ),
    ] = ""
    EMAIL_FROM: Annotated[
        str,
        Field(
            pattern=r"^([^@<>\s]+@[^@<>\s]+|[^<>\r\n]+<[^@<>\s]+@[^@<>\s]+>)?$",
            description="Sender of e-mails, e.g. alertes@example.fr. Required.",
        ),
    ] = ""
    CATEGORIES_FILE: Annotated[
        Path | None,
        Field(description="An operator's own categories.toml. Default: the package's."),
    ] = None
    TEMPLATES_DIR: Annotated[
        Path | None,
        Field(description="An operator's own folder of alert texts. Default: the package's."),
    ] = None
    LOG_LEVEL: Annotated[
        str,
        Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="Level of the operator's log."),
    ] = "INFO"
    SIMULATOR: Annotated[
        bool,
        Field(
            description="1: the provider is the simulator; accepts sample numbers. Set by "
            "`notifier demo` and `notifier up --simulator`; refused unless PUBLIC_URL, "
            "TWILIO_API_URL and EMAIL_URL are on loopback."
        ),
    ] = False

    @field_validator("DATABASE_URL")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("postgresql", "postgres", "sqlite"):
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @field_validator("BROKER_URL")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "redis+socket"):
            raise ValueError("must begin with redis://, rediss:// or redis+socket://")
        return value

    @field_validator("EMAIL_URL")
    @classmethod
    def _known_mail_server(cls, value: str) -> str:
        if value and (
            urlsplit(value).scheme not in ("smtp", "smtps") or not urlsplit(value).hostname
        ):
            raise ValueError("must look like smtp://HOST:PORT or smtps://HOST:PORT")
        return value

    @field_validator("PUBLIC_URL", "TWILIO_API_URL")
    @classmethod
    def _https_or_loopback(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an address such as https://alertes.example.fr")
        if parts.scheme == "http" and not is_loopback(value):
            raise ValueError("must be https: only a loopback address may be http")
        return value.rstrip("/")

    @field_validator("SECRET_KEY")
    @classmethod
    def _long_secret(cls, value: str) -> str:
        if value and len(value) < 50:
            raise ValueError("must have at least 50 characters")
        return value

    @model_validator(mode="after")
    def _simulator_stays_home(self) -> Environment:
        addresses = (self.PUBLIC_URL, self.TWILIO_API_URL, self.EMAIL_URL)
        if self.SIMULATOR and not all(not url or is_loopback(url) for url in addresses):
            raise ValueError(
                "SIMULATOR: only where PUBLIC_URL, TWILIO_API_URL and EMAIL_URL are on loopback; "
                "a service that is reachable from outside must have a real provider"
            )
        if not self.SIMULATOR and self.TWILIO_API_URL and is_loopback(self.TWILIO_API_URL):
            raise ValueError("TWILIO_API_URL: a loopback address is only for SIMULATOR=1")
        return self

    @property
    def twilio_api(self) -> str:
        """The API that texts are handed to: Twilio's own where nothing else is set."""
        return self.TWILIO_API_URL or "https://api.twilio.com"

    def missing(self) -> list[str]:
        """Names of the variables without which nothing can be sent, in the table's order."""
        required = ["SECRET_KEY", "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]
        required += ["EMAIL_URL", "EMAIL_FROM"]
        names = [name for name in required if not getattr(self, name)]
        if not self.TWILIO_FROM and not self.TWILIO_MESSAGING_SERVICE_SID:
            names.append("TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID")
        if self.SIMULATOR and not self.TWILIO_API_URL:
            # Twilio's own address is a default for real services only.
            names.append("TWILIO_API_URL")
        return names


def read_environment(variables: dict[str, str]) -> Environment:
    """The checked environment.

    Raises ImproperlyConfigured with one line for each wrong variable, by name.
    An empty variable counts as not set.
    """
    given = {name: value for name, value in variables.items() if value.strip()}
    untouched = [name for name in Environment.model_fields if PLACEHOLDER in given.get(name, "")]
    if untouched:
        raise ImproperlyConfigured(
            f"still the example's {PLACEHOLDER}, put your own value: {', '.join(untouched)}"
        )
    try:
        return Environment.model_validate(given)
    except ValidationError as error:
        lines = [
            ": ".join([*map(str, fault["loc"]), fault["msg"].removeprefix("Value error, ")])
            for fault in error.errors()
        ]
        raise ImproperlyConfigured("wrong environment:\n  " + "\n  ".join(lines)) from None


def packaged(folder: str) -> Path:
    """`config` or `templates`: beside the package in a checkout, inside it once installed."""
    inside = PACKAGE / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


ENVIRONMENT = read_environment(dict(os.environ))

# --- Django -----------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = ENVIRONMENT.SECRET_KEY or (secrets.token_urlsafe(50) if ENVIRONMENT.SIMULATOR else "")
# Loopback is always there: the supervisor's and the monitoring's probes come from this machine.
ALLOWED_HOSTS = [
    *(host.strip() for host in ENVIRONMENT.ALLOWED_HOSTS.split(",") if host.strip()),
    *filter(None, [urlsplit(ENVIRONMENT.PUBLIC_URL).hostname]),
    *sorted(LOOPBACK - {"::1"}),
    "[::1]",
]
INSTALLED_APPS = [
    "notifier.journal",
    "notifier.intake",
    "notifier.directory",
    "notifier.delivery",
    "notifier.alerting",
    "notifier.api",
    "notifier.console",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "notifier.api.hardening.content_security_policy",
    "notifier.api.problems.no_pages_for_machines",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "notifier.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [packaged("templates") / "console"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

HTTPS = ENVIRONMENT.PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 86400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# The load balancer's and the supervisor's probes come in plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 8 * 3600
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.PUBLIC_URL] if ENVIRONMENT.PUBLIC_URL else []


def _database() -> dict[str, Any]:
    file = (ENVIRONMENT.DATA_DIR / "alertes.sqlite3").absolute()
    if not ENVIRONMENT.DATABASE_URL:
        ENVIRONMENT.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The folder may be older than us and open to all; SQLite's own files follow this one.
        if not file.exists():
            file.touch(mode=0o600)
    default = f"sqlite:///{file}"
    settings: dict[str, Any] = dict(dj_database_url.parse(ENVIRONMENT.DATABASE_URL or default))
    settings["CONN_MAX_AGE"] = 600
    if settings["ENGINE"].endswith("sqlite3"):
        # Writers queue for the file instead of failing half-way through a transaction (IMMEDIATE),
        # and readers never wait for them (WAL).
        settings["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    else:
        settings["CONN_HEALTH_CHECKS"] = True
        # A database that hangs must become a 503 for dispatch, not a hanging answer.
        settings["OPTIONS"] = {
            **settings.get("OPTIONS", {}),
            "connect_timeout": 3,
            "options": "-c statement_timeout=15s -c lock_timeout=10s",
        }
    return settings


DATABASES = {"default": _database()}

# --- Logs (English, for operators; never an address or a text) ------------------------------------

_LOG_STEPS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[*_LOG_STEPS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            ],
            "foreign_pre_chain": _LOG_STEPS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENVIRONMENT.LOG_LEVEL},
    "loggers": {
        # Twilio's client prints phone numbers at INFO.
        "twilio": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}

# --- Celery: the bell ---------------------------------------------------------------------------

CELERY_BROKER_URL = ENVIRONMENT.BROKER_URL or "redis://127.0.0.1:6379/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_DEFAULT_QUEUE = "urgent"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "health_check_interval": 15,
}
CELERY_TIMEZONE = "UTC"
# Each sweep finds what was not rung for; a tick that no worker took before the next is dropped.
CELERY_BEAT_SCHEDULE = {
    "alerting": {
        "task": "alerting.sweep",
        "schedule": 2.0,
        "options": {"expires": 2, "queue": "urgent"},
    },
    **{
        f"delivery {lane}": {
            "task": "delivery.sweep",
            "schedule": 2.0,
            "args": (lane,),
            "options": {"expires": 2, "queue": lane},
        }
        for lane in ("urgent", "routine")
    },
}
