"""Every page of the console; each stands behind `pages.access.page`, or says why it does not."""

from django.urls import path

from notifier.console.pages import maps
from notifier.console.pages.account import account
from notifier.console.pages.design import design
from notifier.console.pages.home import home

app_name = "console"

urlpatterns = [
    path("", home, name="home"),
    path("cartes/departement/<str:departement>.json", maps.departement_map, name="map-departement"),
    path("cartes/commune/<str:commune>.json", maps.commune_map, name="map-commune"),
    path("cartes/organismes/<str:kind>/<str:code>.json", maps.zones_map, name="map-zones"),
    path("aide/composants", design, name="design"),
    path("compte", account, name="account"),
]
