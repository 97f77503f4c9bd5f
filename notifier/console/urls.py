"""Every page of the console; each stands behind `pages.access.page`, or says why it does not."""

from django.urls import path

from notifier.console.pages.design import design
from notifier.console.pages.home import home

app_name = "console"

urlpatterns = [
    path("", home, name="home"),
    path("aide/composants", design, name="design"),
]
