"""Django's and Celery's settings, derived from the environment (`environment.py`)."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
import structlog

from notifier.environment import LOOPBACK, read_environment

# numpy, under shapely, would start a thread for each core, whose priority nobody lowers; nothing
# here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PACKAGE = Path(__file__).resolve().parent


def packaged(folder: str) -> Path:
    """`config` or `templates`: beside the package in a checkout, inside it once installed."""
    inside = PACKAGE / folder
    return inside if inside.is_dir() else PACKAGE.parent / folder


ENVIRONMENT = read_environment()

# --- Django -----------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = ENVIRONMENT.SECRET_KEY.get_secret_value()
if ENVIRONMENT.SIMULATOR and not SECRET_KEY:
    SECRET_KEY = secrets.token_urlsafe(50)
SECRET_KEY_FALLBACKS = [
    key.strip()
    for key in ENVIRONMENT.SECRET_KEY_FALLBACKS.get_secret_value().split(",")
    if key.strip()
]
# Loopback is always there: the supervisor's and the monitoring's probes come from this machine.
ALLOWED_HOSTS = [
    *(host.strip() for host in ENVIRONMENT.ALLOWED_HOSTS.split(",") if host.strip()),
    *filter(None, [urlsplit(ENVIRONMENT.PUBLIC_URL).hostname]),
    *filter(None, [urlsplit(ENVIRONMENT.ANSWER_URL).hostname]),
    *sorted(LOOPBACK - {"::1"}),
    "[::1]",
]
INSTALLED_APPS = [
    "notifier.journal",
    "notifier.jobs",
    "notifier.intake",
    "notifier.directory",
    "notifier.delivery",
    "notifier.alerting",
    "notifier.accounts",
    "notifier.api",
    "notifier.console",
    "notifier.ops",
    # Its pages are loaded with the others, in urls.py: commands and workers serve none.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "django_filters",
    "ninja",
    "simple_history",
]
# Every answer passes these...
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "notifier.api.csp.content_security_policy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "notifier.api.errors.json_errors",
    "django.middleware.common.CommonMiddleware",
    # ... and only people's pages these (the last looks at one attribute of the request).
    "notifier.api.middleware.SessionMiddleware",
    "notifier.api.middleware.CsrfViewMiddleware",
    "notifier.api.middleware.AuthenticationMiddleware",
    "notifier.api.middleware.MessageMiddleware",
    "notifier.api.middleware.HtmxMiddleware",
    "notifier.console.middleware.sessions_end",
    "notifier.console.middleware.second_factor_first",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]
# Django looks for its own protection against forged forms by name; ours is a subclass of it, held
# by tests/api/test_middleware.py.
SILENCED_SYSTEM_CHECKS = ["security.W003"]
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
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    # ANSSI's guide on passwords (2021) asks for twelve characters and more of administrators.
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "notifier.console.admin.passwords.ExpectedWordsValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    *(["notifier.accounts.log_in.oidc.OidcBackend"] if ENVIRONMENT.OIDC_ISSUER else []),
]
# Five failures of one address on one account close the log-in to it; others still may enter, so
# that nobody is kept out by a stranger. Addresses are kept no longer than that.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "notifier.accounts.log_in.client.client_address"
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
LOGIN_URL = "/connexion"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "notifier.accounts.log_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_FORMS = {
    "login": "notifier.accounts.log_in.forms.LogInForm",
    "reset_password": "notifier.accounts.log_in.forms.ForgottenPasswordForm",
    "change_password": "notifier.accounts.log_in.forms.NewPasswordForm",
}
# An address is verified by the invitation that came to it, and known to the account alone.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a name
PASSWORD_RESET_TIMEOUT = 3600
# A session ends with the browser too.
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}
# Passwords are axes's matter. A second factor may be guessed at by whoever has the password: a
# million codes, of which three are right at any moment, take ten years at this rate.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/15m/key", "reveal": "60/h/user"}
MFA_FORMS = {
    "activate_totp": "notifier.accounts.log_in.forms.NewApplicationForm",
    "add_webauthn": "notifier.accounts.log_in.key_forms.NewKeyForm",
    "authenticate_webauthn": "notifier.accounts.log_in.key_forms.SecondFactorKeyForm",
    "login_webauthn": "notifier.accounts.log_in.key_forms.KeyAloneForm",
    "reauthenticate_webauthn": "notifier.accounts.log_in.key_forms.ConfirmByKeyForm",
    "edit_webauthn": "notifier.accounts.log_in.forms.KeyNameForm",
}
MFA_ADAPTER = "notifier.accounts.log_in.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
# The clocks of telephones differ by some seconds, and a code takes some to type.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A passkey alone opens a session: so it asks for a finger, a face or a PIN.
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"

HTTPS = ENVIRONMENT.PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 86400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# The load balancer's and the supervisor's probes come in plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
# A browser lets a passkey be used on http://localhost, and fido2 does not.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SESSION_COOKIE_AGE = 8 * 3600
CSRF_TRUSTED_ORIGINS = [url for url in (ENVIRONMENT.PUBLIC_URL, ENVIRONMENT.ANSWER_URL) if url]


def _database() -> dict[str, Any]:
    own_file = (ENVIRONMENT.DATA_DIR / "alertes.sqlite3").absolute()
    settings: dict[str, Any] = dict(
        dj_database_url.parse(
            ENVIRONMENT.DATABASE_URL.get_secret_value() or f"sqlite:///{own_file}"
        )
    )
    settings["CONN_MAX_AGE"] = 600
    if settings["ENGINE"].endswith("sqlite3"):
        # Opened, never made: who only asks leaves nothing behind, and no file open to all.
        settings["NAME"] = f"{Path(settings['NAME']).absolute().as_uri()}?mode=rw"
        # Writers queue for the file instead of failing half-way through a transaction (IMMEDIATE),
        # and readers never wait for them (WAL).
        settings["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    else:
        settings["ENGINE"] = "notifier.db.postgresql"
        settings["CONN_HEALTH_CHECKS"] = True
        # A database that hangs must become a 503 for dispatch, not a hanging answer.
        settings["OPTIONS"] = {
            **settings.get("OPTIONS", {}),
            "connect_timeout": 3,
            # A line that was cut without a word: the default is a quarter of an hour.
            "tcp_user_timeout": 15_000,
            # The zone is what Django would ask for, by a statement on each new connection.
            "options": "-c statement_timeout=15s -c lock_timeout=10s -c timezone=UTC",
            # Statements are planned once for each connection: to plan one anew takes longer than to
            # run it. A pooler that shares connections must know prepared statements.
            "server_side_binding": True,
            "prepare_threshold": 3,
        }
    return settings


DATABASES = {"default": _database()}
# The file that holds the tables, if one does; `notifier migrate` makes it.
SQLITE_FILE = (
    Path(unquote(urlsplit(DATABASES["default"]["NAME"]).path))
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else None
)
# The same for people: which setting names it.
SQLITE_PLACE = (
    f"le dossier de DATABASE_URL ({SQLITE_FILE.parent if SQLITE_FILE else ''})"
    if ENVIRONMENT.DATABASE_URL
    else f"le dossier DATA_DIR ({ENVIRONMENT.DATA_DIR.absolute()})"
)

# Rate limits and used codes are the same for every process.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
    }
}
EMAIL_BACKEND = "notifier.accounts.log_in.mail.OutboxBackend"
DEFAULT_FROM_EMAIL = ENVIRONMENT.EMAIL_FROM

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
    "filters": {
        "refusals": {"()": "notifier.logs.RefusalsAreWarnings"},
        "secrets": {"()": "notifier.logs.HideSecrets"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusals", "secrets"],
        }
    },
    "root": {"handlers": ["stderr"], "level": ENVIRONMENT.LOG_LEVEL},
    "loggers": {
        # Twilio's client prints phone numbers at INFO.
        "twilio": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        # It tells each glyph of each PDF.
        "fontTools": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        # Our own lines say as much, without the names that were typed.
        "axes": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}

# --- Celery: the alarm clock --------------------------------------------------------------------

CELERY_BROKER_URL = ENVIRONMENT.BROKER_URL.get_secret_value() or "redis://127.0.0.1:6379/0"
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
# Each sweep finds what was not enqueued; a tick that no worker took before the next is dropped.
CELERY_BEAT_SCHEDULE = {
    f"{room} {queue}": {
        "task": f"{room}.upkeep" if queue == "upkeep" else f"{room}.sweep",
        "args": () if queue == "upkeep" else (queue,),
        "schedule": 2.0,
        "options": {"expires": 2, "queue": queue},
    }
    for room in ("alerting", "delivery")
    for queue in ("urgent", "routine", "upkeep")
} | {
    "alerting addresses": {
        "task": "alerting.forget_recovered",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "upkeep"},
    },
    "alerting sources": {
        "task": "alerting.note_sources",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "upkeep"},
    },
    "alerting canary": {
        "task": "alerting.canary",
        "schedule": 60.0,
        "options": {"expires": 60, "queue": "upkeep"},
    },
    "alerting rota": {
        "task": "alerting.report_rota_gaps",
        "schedule": 4 * 3600.0,
        "options": {"queue": "upkeep"},
    },
    "directory on-call": {
        "task": "directory.extend_rotations",
        "schedule": 3600.0,
        "options": {"queue": "upkeep"},
    },
    "accounts sessions": {
        "task": "accounts.forget_ended",
        "schedule": 3600.0,
        "options": {"queue": "upkeep"},
    },
    "directory links": {
        "task": "directory.erase_links",
        "schedule": 3600.0,
        "options": {"queue": "upkeep"},
    },
    "directory imports": {
        "task": "directory.upkeep_imports",
        "schedule": 5.0,
        "options": {"queue": "upkeep", "expires": 5},
    },
    "alerting confirmations": {
        "task": "alerting.ask_for_confirmation",
        "schedule": 30.0,
        "options": {"queue": "upkeep", "expires": 30},
    },
    "alerting coverage": {
        "task": "alerting.report_coverage",
        "schedule": 900.0,
        "options": {"queue": "upkeep", "expires": 900},
    },
    "alerting deadlines": {
        "task": "alerting.tell_owners",
        "schedule": 3600.0,
        "options": {"queue": "upkeep"},
    },
    "alerting figures": {
        "task": "alerting.mail_figures",
        "schedule": 3600.0,
        "options": {"queue": "upkeep"},
    },
}
