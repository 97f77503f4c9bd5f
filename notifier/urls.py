"""Every URL that the service answers."""

from django.contrib import admin
from django.urls import include, path
from ninja import NinjaAPI, Swagger

from notifier.api import (
    calendars,
    callbacks,
    errors,
    formats,
    health,
    json_codec,
    reports,
    telephone,
)
from notifier.api.webhook_schema import WEBHOOKS
from notifier.console.pages.answers.alert import alert_page, hand_over, not_mine, offline_worker
from notifier.console.pages.answers.preferences import preferences
from notifier.console.pages.appearance import appearance
from notifier.console.pages.invitation import accept_invitation
from notifier.console.pages.public import confirm_address, leave

api = NinjaAPI(
    title="Alerte Maires",
    version="1",
    description="Transmettre les interventions d’une commune, et savoir qui en a été informé.",
    docs=Swagger(settings={"persistAuthorization": False}),
    urls_namespace="api",
    parser=json_codec.StrictParser(),
    renderer=json_codec.ReadableRenderer(),
    openapi_extra={"webhooks": WEBHOOKS},
)
api.add_router("", reports.router)
api.add_router("", formats.router)
errors.register(api)
admin.autodiscover()

urlpatterns = [
    path("api/v1/callbacks/twilio/<int:message_id>", callbacks.twilio_receipt),
    path("api/v1/callbacks/ovh/<str:secret>", callbacks.ovh_receipt),
    path("api/v1/callbacks/twilio/<int:message_id>/key", telephone.call_key),
    path("api/v1/callbacks/twilio/inbound", telephone.inbound_text),
    path("api/v1/calendars/<str:secret>.ics", calendars.calendar),
    path("api/v1/", api.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
    path("sortie/<str:key>", leave, name="leave"),
    path("invitation/<str:key>", accept_invitation, name="invitation"),
    path("c/<str:key>", confirm_address, name="confirm-address"),
    path("r/hors-ligne.js", offline_worker, name="answer-offline"),
    path("r/<str:secret>", alert_page, name="answer"),
    path("r/<str:secret>/pas-ma-commune", not_mine, name="answer-not-mine"),
    path("r/<str:secret>/transmettre", hand_over, name="answer-hand-over"),
    path("r/<str:secret>/preferences", preferences, name="answer-preferences"),
    path("apparence", appearance, name="appearance"),
    path("", include("notifier.console.urls")),
    path("", include("notifier.console.log_in_urls")),
]
