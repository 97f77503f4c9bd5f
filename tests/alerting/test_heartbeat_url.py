"""An outside monitor hears of each test that came back, and without tests of each whole minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from notifier.alerting.canary import heartbeat, watch
from notifier.alerting.canary.runs import start_run
from notifier.delivery.models import Channel, Lane, Message, MessageState
from notifier.jobs.models import Heartbeat
from tests.harness.heartbeats import all_running
from tests.harness.variables import changed, environment_of

PATH = "/ping/8f14e45f-secret"


@dataclass
class Monitor:
    """What it is asked, and what it answers."""

    port: int = 0
    status: int = 200
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def monitor(settings) -> Iterator[Monitor]:
    """One on loopback, which the service knows."""
    one = Monitor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            one.asked.append(self.path)
            self.send_response(one.status)
            self.send_header("Location", f"http://127.0.0.1:{one.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{one.port}{PATH}"
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, HEARTBEAT_URL=url)
    yield one
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_is_requested_once_and_a_redirect_is_not_followed(monitor: Monitor, caplog) -> None:
    assert heartbeat.send_heartbeat()
    monitor.status = 302
    assert not heartbeat.send_heartbeat()
    assert monitor.asked == [PATH, PATH]
    assert "refused the heartbeat" in caplog.text


def test_one_that_cannot_be_reached_is_a_warning_without_its_address(settings, caplog) -> None:
    url = f"http://127.0.0.1:1{PATH}"
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, HEARTBEAT_URL=url)
    assert not heartbeat.send_heartbeat()
    assert "outside monitor was not reached" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_without_tests_each_minute_in_which_every_queue_is_served(monitor: Monitor) -> None:
    watch.tick()
    assert monitor.asked == []
    all_running()
    watch.tick()
    assert len(monitor.asked) == 1
    Heartbeat.objects.filter(role="worker").delete()
    watch.tick()
    assert len(monitor.asked) == 1


@pytest.mark.django_db
def test_with_tests_each_that_came_back_once(monitor: Monitor, settings) -> None:
    settings.ENVIRONMENT = changed(settings.ENVIRONMENT, CANARY_PHONE="+33639980001")
    all_running()
    run = start_run()
    run.message = Message.objects.create(
        channel=Channel.SMS, address="+33639980001", lane=Lane.URGENT, body="essai",
        created_at=timezone.now(), expires_at=timezone.now(), state=MessageState.ACCEPTED,
    )  # fmt: skip
    run.save()
    watch.tick()
    assert monitor.asked == []
    Message.objects.update(state=MessageState.DELIVERED, ended_at=timezone.now())
    watch.tick()
    watch.look()
    watch.tick()
    assert monitor.asked == [PATH]
    run.refresh_from_db()
    assert run.delivered_at


@pytest.mark.parametrize("url", ["http://monitor.example/x", "ftp://monitor.example", "monitor"])
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HEARTBEAT_URL"):
        environment_of({"HEARTBEAT_URL": url})


def test_the_other_settings_are_read_and_refused_by_name() -> None:
    read = environment_of(
        {"HEARTBEAT_URL": "https://monitor.example/x/", "ALARM_EMAIL": "a@b.example, c@d.example,"}
    )
    assert read.HEARTBEAT_URL.get_secret_value() == "https://monitor.example/x/"
    assert read.alarm_emails == ["a@b.example", "c@d.example"]
    for name, value in (
        ("ALARM_EMAIL", "a@b.example; c"),
        ("CANARY_PHONE", "0639980001"),
        ("CANARY_MINUTES", "0"),
    ):
        with pytest.raises(ImproperlyConfigured, match=name):
            environment_of({name: value})
