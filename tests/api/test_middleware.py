"""What every answer of the service carries, and what requests to machines' doors do without."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django import Settings

from notifier.api.middleware import BrowserOnly

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.one_database(reason="what stands before any statement"),
]

ABSENT = "/api/v1/interventions/00000000-0000-0000-0000-000000000000"
RECEIPT = "/api/v1/callbacks/twilio/1"
FOR_MACHINES = [
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 503),
    ("GET", "/metrics", 200),
    ("POST", "/api/v1/interventions", 401),
    ("GET", "/api/v1/interventions", 405),
    ("GET", ABSENT, 401),
    ("POST", "/api/v1/edxl", 401),
    ("POST", "/api/v1/cap", 401),
    ("POST", RECEIPT, 403),
    ("GET", RECEIPT, 405),
    ("GET", "/api/v1/docs", 200),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/nothing", 404),
]
FOR_PEOPLE = [("GET", "/", 200), ("GET", "/connexion", 200), ("GET", "/nothing", 404)]


def _answer(method: str, path: str, **more: object) -> HttpResponse:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    return client.generic(method, path, **more)


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES + FOR_PEOPLE)
def test_every_answer_protects_who_reads_it(method: str, path: str, code: int) -> None:
    answer = _answer(method, path)
    assert answer.status_code == code
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES + FOR_PEOPLE)
def test_styles_are_inline_on_pages_of_others_alone(method: str, path: str, code: int) -> None:
    policy = _answer(method, path).headers["Content-Security-Policy"]
    is_of_others = path in ("/admin/login/", "/api/v1/docs")
    assert ("'unsafe-inline'" in policy) == is_of_others
    assert "script-src" not in policy, "scripts are those of the service's own files"


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES + FOR_PEOPLE)
def test_over_https_every_answer_asks_for_https(
    settings: Settings, method: str, path: str, code: int
) -> None:
    _as_in_production(settings)
    answer = _answer(method, path, headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == code
    asked = answer.headers["Strict-Transport-Security"]
    assert asked == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES + FOR_PEOPLE)
def test_plain_http_is_sent_to_https_but_for_probes(
    settings: Settings, method: str, path: str, code: int
) -> None:
    _as_in_production(settings)
    answer = _answer(method, path)
    is_probe = path in ("/healthz", "/readyz", "/metrics")
    assert answer.status_code == (code if is_probe else 301)


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES + FOR_PEOPLE)
@pytest.mark.parametrize("host", ["evil.example", "a b"])
def test_another_host_is_refused(method: str, path: str, code: int, host: str) -> None:
    assert _answer(method, path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(("method", "path", "code"), FOR_MACHINES)
def test_machines_have_no_cookie_and_no_session(method: str, path: str, code: int) -> None:
    answer = _answer(method, path, headers={"Cookie": "sessionid=x; csrftoken=y; messages=z"})
    assert answer.status_code == code
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    request = answer.wsgi_request
    assert not any(hasattr(request, name) for name in ("session", "user", "_messages"))


def test_people_have_all_of_it() -> None:
    answer = _answer("GET", "/connexion")
    assert "csrftoken" in answer.cookies
    request = answer.wsgi_request
    assert all(hasattr(request, name) for name in ("session", "user", "_messages"))
    assert _answer("POST", "/connexion").status_code == 403


def test_what_machines_do_without_and_nothing_else(settings: Settings) -> None:
    chain = [import_string(name) for name in settings.MIDDLEWARE]
    left_out = [
        one.__name__ for one in chain if isinstance(one, type) and issubclass(one, BrowserOnly)
    ]
    assert left_out == [
        "SessionMiddleware",
        "CsrfViewMiddleware",
        "AuthenticationMiddleware",
        "MessageMiddleware",
    ]
    assert "notifier.api.middleware.HtmxMiddleware" in settings.MIDDLEWARE
    assert not hasattr(_answer("GET", "/healthz").wsgi_request, "htmx")
    assert _answer("GET", "/", headers={"HX-Request": "true"}).wsgi_request.htmx


def _as_in_production(settings: Settings) -> None:
    """What settings.py derives from a PUBLIC_URL of https://."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 365 * 86400
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
