"""The map draws without a tile, says so where it cannot, and gives a form the place of a click."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.visitor import House


@pytest.fixture
def territory() -> str:
    return "/organismes/partenaire/habitat-exemple/territoire"


def test_a_click_on_the_map_gives_a_site_its_place(house: House, territory: str) -> None:
    visitor = house.visitor("groupement")
    visitor.go(territory)
    page = visitor.page
    shape = page.get_by_role("region", name="Carte du territoire")
    expect(shape.locator("path.map-commune")).to_have_count(101)
    latitude = visitor.field("Latitude")
    expect(latitude).to_have_value("")
    shape.click()
    expect(latitude).to_have_value(re.compile(r"^47,\d{6}$"))
    expect(visitor.field("Longitude")).to_have_value(re.compile(r"^[67],\d{6}$"))
    expect(shape.locator("path.map-point")).to_have_count(1)
    before = shape.locator("path.map-zone").first.bounding_box()
    shape.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "left => document.querySelector('path.map-zone').getBoundingClientRect().left < left - 20",
        arg=before["x"] if before else 0,
    )
    assert not visitor.watch.take()


def test_a_name_on_the_map_is_a_text(house: House, territory: str) -> None:
    name = '<a href="https://exemple.fr" id="placed">ici</a>'

    def renamed(route: Route) -> None:
        drawn = route.fetch().json()
        for feature in drawn["features"]:
            feature["properties"]["name"] = name
        route.fulfill(json=drawn)

    visitor = house.visitor("groupement")
    visitor.page.route("**/cartes/**", renamed)
    visitor.go(territory)
    shape = visitor.page.get_by_role("region", name="Carte du territoire")
    shape.locator("path.map-zone").first.hover()
    expect(shape.locator(".leaflet-tooltip")).to_have_text(name)
    expect(visitor.page.locator("#placed")).to_have_count(0)


def test_where_nothing_is_drawn_the_page_says_so(house: House, territory: str) -> None:
    visitor = house.visitor("groupement")
    visitor.page.route("**/cartes/**", lambda route: route.abort())
    visitor.go(territory)
    visitor.sees("La carte n’a pas pu être dessinée")
    visitor.sees("Zones")
    visitor.watch.take()
