"""Who reads what under a convention: by category, severity and place, never more than a mayor."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from notifier.alerting.kinds import Kind
from notifier.directory.models import OrganisationRef
from tests.alerting.house import (
    ACCIDENT,
    BORDER,
    CROWD,
    FIRE,
    GIROMAGNY,
    JONCHEREY,
    MISSING,
    SECRET,
    THEFT,
    number,
)
from tests.alerting.planning import (
    LANDLORD,
    METROPOLE,
    POINT,
    PREFECTURE,
    World,
    addresses,
    commune,
    of,
    rule,
    site,
    somebody,
)

pytestmark = pytest.mark.usefixtures("rules")
STREET = {"insee": "90033", "label": "rue de Déridé"}
MAYOR = {commune(): [somebody(1)]}
EVERYBODY = {
    **MAYOR,
    METROPOLE: [somebody(2, "president")],
    LANDLORD: [somebody(3, "directeur")],
    PREFECTURE: [somebody(4, "responsable_astreinte")],
}


def text(report_plan, told) -> str:
    return of(report_plan, told).texts.sms


def mail(report_plan, told) -> str:
    return of(report_plan, told).texts.plain.replace("\u00a0", " ")


def test_a_metropole_reads_in_which_of_its_communes_it_is_and_under_which_agreement() -> None:
    world = World([rule()], EVERYBODY)
    told = world.push(location=STREET)
    assert text(told, METROPOLE).startswith(
        "Gendarmerie - Delle : accident de la route grave, rue de Déridé, à "
    )
    assert text(told, METROPOLE) == text(told, commune())
    written = mail(told, METROPOLE)
    assert "Une intervention est signalée à Delle : accident de la route." in written
    assert "en application de la convention « Convention métropolitaine de sécurité »" in written
    assert "information du maire" not in written
    assert "votre commune" not in written
    assert "vos adjoints" not in written


def test_each_organisation_has_an_alert_of_its_own_with_the_rule_that_tells_it() -> None:
    world = World([rule(), rule(PREFECTURE, 7)], EVERYBODY)
    told = world.push()
    assert [a.organisation_ruling.organisation for a in told.alert_plans] == [
        commune(), METROPOLE, PREFECTURE,
    ]  # fmt: skip
    alert = of(told, PREFECTURE).alert
    assert (alert.organisation_kind, alert.organisation) == ("prefecture", "90")
    assert alert.terms["rules"] == (7,)
    assert addresses(of(told, PREFECTURE).notifications) == [("sms", number(4))]
    assert "règle 7" in of(told, PREFECTURE).organisation_ruling.ruling.reason


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ({"category": SECRET}, {}),
        ({"category": CROWD, "severity": "moderate"}, {}),
        ({}, {"from_severity": "extreme"}),
        ({}, {"categories": ("C03", "C010", "C01.01.02", "C01.01.0")}),
        ({}, {"communes": ("90056",)}),
        ({}, {"communes": (), "sites": (site(),)}),
        ({"location": GIROMAGNY}, {}),
        ({}, {"narrowed": {"90033": ("",)}}),
        ({}, {"narrowed": {"90033": ("C01",)}}),
        ({"status": "closed"}, {}),
    ],
)
def test_what_it_is_not_to_know_it_is_not_told(body, changes) -> None:
    told = World([rule(**changes)], EVERYBODY).push(**body)
    plan = of(told, METROPOLE)
    assert plan is None or (plan.alert is None and not plan.notifications)


@pytest.mark.parametrize("codes", [("C01",), ("C01.01",), ("C01.01.01",), ("",)])
def test_a_rule_names_categories_or_what_stands_above_them(codes) -> None:
    told = World([rule(categories=codes, from_severity="severe")], EVERYBODY).push()
    assert of(told, METROPOLE).notifications


def test_what_a_commune_keeps_back_is_kept_from_its_own_incidents_alone() -> None:
    narrowed = rule(communes=("90033", "90056"), narrowed={"90033": ("C01",)})
    world = World([narrowed], {**EVERYBODY, commune("90056"): [somebody(5)]})
    here = world.push()
    assert of(here, METROPOLE).organisation_ruling.ruling.rule == "kept_back"
    assert of(here, commune()).notifications
    assert of(World([narrowed], EVERYBODY).push(location=JONCHEREY), METROPOLE).notifications


def test_without_the_place_it_reads_everything_else() -> None:
    told = World([rule(detail="sans_lieu")], EVERYBODY).push(location=STREET)
    assert "Déridé" in text(told, commune())
    assert text(told, METROPOLE).replace(", à ", ", rue de Déridé, à ", 1) == text(told, commune())
    assert "Déridé" not in mail(told, METROPOLE)
    assert "Déridé" not in of(told, METROPOLE).texts.html


def test_nobody_reads_a_place_that_the_category_keeps() -> None:
    told = World([rule()], EVERYBODY).push(location=STREET, category=THEFT)
    assert "Déridé" not in text(told, METROPOLE) + mail(told, METROPOLE)


def test_a_figure_is_counted_and_told_to_nobody() -> None:
    told = World([rule(detail="chiffre")], EVERYBODY).push()
    plan = of(told, METROPOLE)
    assert (plan.alert, plan.notifications) == (None, [])
    assert plan.organisation_ruling.ruling.rule == "figure"
    assert "règle 1" in plan.organisation_ruling.ruling.reason


def test_of_several_rules_the_fullest_counts_for_everybody_whom_they_name() -> None:
    rules = [
        rule(rule_id=1, detail="sans_lieu", functions=("vice_president",)),
        rule(rule_id=2, functions=("responsable_astreinte",), lane="routine"),
        rule(rule_id=3, detail="chiffre"),
    ]
    people = [
        somebody(2, "president"), somebody(3, "vice_president"), somebody(4, "vice_president", 2),
        somebody(5, "responsable_astreinte"),
    ]  # fmt: skip
    told = World(rules, {**MAYOR, METROPOLE: people}).push(location=STREET)
    plan = of(told, METROPOLE)
    assert "Déridé" in plan.texts.sms
    assert plan.alert.terms["rules"] == (1, 2)
    # One of each function: a métropole has fifteen vice-presidents.
    assert addresses(plan.notifications) == [("sms", number(3)), ("sms", number(5))]


def test_without_functions_the_first_in_the_organisations_order_is_told() -> None:
    people = [somebody(2, "president"), somebody(3, "vice_president")]
    told = World([rule()], {**MAYOR, METROPOLE: people}).push()
    assert addresses(of(told, METROPOLE).notifications) == [("sms", number(2))]


@pytest.mark.parametrize(
    ("category", "lane", "expected"),
    [
        (THEFT, "", ("routine", ["email"])),
        (THEFT, "urgent", ("urgent", ["sms", "email"])),
        (ACCIDENT, "routine", ("routine", ["sms", "email"])),
        (FIRE, "", ("urgent", ["sms"])),
    ],
)
def test_the_lane_is_the_rules_or_the_categorys_and_what_is_urgent_rings(
    category, lane, expected
) -> None:
    people = [somebody(2, "president", email="president@gb.example")]
    told = World([rule(lane=lane)], {**MAYOR, METROPOLE: people}).push(category=category)
    planned = of(told, METROPOLE).notifications
    assert ({n.lane for n in planned}, [n.channel for n in planned]) == ({expected[0]}, expected[1])


# --- sites

ESTATE = rule(LANDLORD, 3, communes=(), sites=(site(),))


def test_a_landlord_reads_his_site_and_no_address_that_the_category_keeps() -> None:
    told = World([ESTATE], EVERYBODY).push(
        category=THEFT, location={**POINT, "label": "rue de Déridé"}
    )
    written = mail(told, LANDLORD)
    assert "sur votre site Résidence des Tilleuls, à Delle : vol" in written
    assert "Site : Résidence des Tilleuls" in written
    assert "Déridé" not in written
    assert text(told, LANDLORD).startswith("Gendarmerie - Delle, Résidence des Tilleuls : vol")
    assert "Tilleuls" not in mail(told, commune())


def test_without_the_place_a_landlord_does_not_read_which_site() -> None:
    told = World([replace(ESTATE, detail="sans_lieu")], EVERYBODY).push(location=POINT)
    assert "Tilleuls" not in text(told, LANDLORD) + mail(told, LANDLORD).split("\n--")[0]


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        (POINT, "agreement"),
        ({**POINT, "latitude": 47.512}, None),
        ({**POINT, "latitude": 47.512, "radius_m": 300}, "agreement"),
        ({**POINT, "precision": "street"}, "no_position"),
        ({**POINT, "precision": "town"}, "no_position"),
        ({"insee": "90033"}, "no_position"),
        # What software sends that has no position.
        ({"insee": "90033", "latitude": 0.0, "longitude": 0.0}, "no_position"),
    ],
)
def test_who_answers_for_a_site_is_told_of_what_is_in_it_and_nothing_is_guessed(
    location, outcome
) -> None:
    told = World([ESTATE], EVERYBODY).push(location=location)
    plan = of(told, LANDLORD)
    assert (plan and plan.organisation_ruling.ruling.rule) == outcome
    assert bool(plan and plan.notifications) == (outcome == "agreement")


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_places_of_one_name_or_none_either_counts(order: int) -> None:
    here, elsewhere = site(""), site("", latitude=47.6)
    outlines = rule(LANDLORD, 3, communes=(), sites=(here, elsewhere)[::order])
    assert of(World([outlines], EVERYBODY).push(location=POINT), LANDLORD).notifications


def test_a_point_known_to_the_town_only_is_in_no_site_however_large() -> None:
    (large,) = ESTATE.sites
    estate = replace(ESTATE, sites=(replace(large, shape=replace(large.shape, radius_m=9_000)),))
    told = World([estate], EVERYBODY).push(location={**POINT, "precision": "town"})
    assert of(told, LANDLORD).organisation_ruling.ruling.rule == "no_position"


def test_a_drawn_area_that_reaches_a_site_is_in_it() -> None:
    def told(south: float):
        north = south + 0.002
        ring = [[6.99, south], [7.0, south], [7.0, north], [6.99, north], [6.99, south]]
        return of(World([ESTATE], EVERYBODY).push(location={"polygon": [[ring]]}), LANDLORD)

    assert told(47.508).notifications
    assert told(47.515) is None


def test_it_leaves_the_site_and_the_landlord_is_told_so() -> None:
    world = World([ESTATE], EVERYBODY)
    world.push(location=POINT)
    left = world.push(location={**POINT, "latitude": 47.512})
    plan = of(left, LANDLORD)
    assert plan.organisation_ruling.kind is Kind.CANCELLATION
    assert "Votre site n'est pas ou plus concerné" in plan.texts.sms
    assert addresses(plan.notifications) == [("sms", number(3))]


def test_what_is_said_of_where_less_exactly_is_no_news_but_an_aggravation_is() -> None:
    world = World([ESTATE], EVERYBODY)
    world.push(location=POINT)
    vague = of(world.push(), LANDLORD)
    assert (vague.organisation_ruling.kind, vague.notifications) == (None, [])
    worse = of(world.push(severity="extreme"), LANDLORD)
    assert worse.organisation_ruling.kind is Kind.UPDATE
    assert "Résidence des Tilleuls" in worse.texts.sms
    assert worse.notifications


# A rule about sites and one about a whole commune may tell the same organisation.
WHOLE = rule(LANDLORD, 8, categories=("C01",))
OF_FIRES = rule(LANDLORD, 9, communes=(), sites=(site(),), categories=("C04",))
JONCHEREY_SITE = replace(site(), communes=("90056",))


@pytest.mark.parametrize(
    ("rules", "first", "then"),
    [
        # Its site's rule is of fires; the accident was told by a rule of accidents.
        ([WHOLE, OF_FIRES], {"location": POINT}, {"category": FIRE}),
        # Its site of another commune is no reason to go on where the incident now is.
        (
            [ESTATE, rule(LANDLORD, 9, communes=(), sites=(JONCHEREY_SITE,))],
            {"location": POINT},
            {"location": {"insee": JONCHEREY["insee"]}},
        ),
        # One that allows less does not go on in the words of one that allowed more.
        (
            [WHOLE, replace(OF_FIRES, detail="sans_lieu")],
            {"location": {**POINT, **STREET}},
            {"category": FIRE, "location": STREET},
        ),
    ],
)
def test_it_is_not_told_on_as_by_a_rule_that_says_nothing_of_it(rules, first, then) -> None:
    world = World(rules, EVERYBODY)
    assert of(world.push(**first), LANDLORD).notifications
    plan = of(world.push(severity="extreme", **then), LANDLORD)
    assert plan is None or plan.organisation_ruling.kind in (None, Kind.CANCELLATION)
    end = of(world.push(status="closed", severity="extreme", **then), LANDLORD)
    assert plan.organisation_ruling.kind is Kind.CANCELLATION or end.notifications


VAGUE = {"severity": "extreme", "location": STREET}


def test_it_goes_on_by_those_rules_alone_that_told_it_and_say_something_of_it_still() -> None:
    """The rule of accidents allowed the place and named everybody; that of its site does not."""
    estate = replace(
        OF_FIRES, categories=("C01", "C04"), detail="sans_lieu", functions=("gardien",)
    )
    world = World([WHOLE, estate], {**EVERYBODY, LANDLORD: [somebody(3, "gardien")]})
    assert "Déridé" in text(world.push(location={**POINT, **STREET}), LANDLORD)
    worse = world.push(category=FIRE, **VAGUE)
    assert of(worse, LANDLORD).organisation_ruling.terms.rules == (9,)
    assert "Déridé" not in text(worse, LANDLORD) + mail(worse, LANDLORD)


def test_a_figure_beside_it_does_not_end_what_it_is_told_of_its_site() -> None:
    figure = rule(LANDLORD, 8, detail="chiffre")
    world = World([ESTATE, figure], EVERYBODY)
    world.push(location=POINT)
    assert "Résidence des Tilleuls" in text(world.push(**VAGUE), LANDLORD)


# --- over a border, and later


BOTH = rule(communes=("90033", "90056"))


def test_of_one_incident_in_several_of_its_communes_it_reads_one_text_that_names_them() -> None:
    told = World([BOTH], EVERYBODY).push(category=FIRE, location=BORDER)
    assert text(told, METROPOLE).startswith("Gendarmerie - Delle et Joncherey : feu de foret")
    assert "signalée à Delle et à Joncherey" in mail(told, METROPOLE)
    assert "Communes : Delle et Joncherey" in mail(told, METROPOLE)


def test_it_is_told_of_its_own_communes_alone() -> None:
    told = World([rule(communes=("90056",))], EVERYBODY).push(category=FIRE, location=BORDER)
    assert text(told, METROPOLE).startswith(
        "Gendarmerie - Joncherey : en limite de commune, à Delle, feu de foret"
    )
    assert "en limite de commune, à Delle" in mail(told, METROPOLE)
    assert "Delle, en limite de Joncherey" in mail(told, METROPOLE)


def test_neighbours_of_the_commune_are_no_reason_to_tell_an_organisation() -> None:
    told = World([rule(communes=("90056",))], EVERYBODY).push(category=MISSING)
    assert of(told, METROPOLE) is None


def test_its_later_texts_go_to_those_who_got_the_first() -> None:
    world = World([BOTH], EVERYBODY)
    world.push(severity="moderate")
    assert of(world.push(severity="moderate"), METROPOLE).notifications == []
    worse = world.push(severity="extreme")
    assert "situation aggravée" in text(worse, METROPOLE)
    end = world.push(severity="extreme", status="closed", occurred_at=timezone.now())
    assert "intervention terminée" in text(end, METROPOLE)
    assert "Intervention terminée à Delle" in mail(end, METROPOLE)
    assert [len(of(p, METROPOLE).notifications) for p in (worse, end)] == [1, 1]


def test_what_moves_within_its_territory_it_is_told_anew() -> None:
    world = World([BOTH], {**EVERYBODY, commune("90056"): [somebody(5)]})
    world.push()
    moved = of(world.push(location=JONCHEREY), METROPOLE)
    assert moved.organisation_ruling.ruling.rule == "moved_within"
    assert moved.texts.sms.startswith("Gendarmerie - Joncherey, et non à Delle : accident")
    worse = of(world.push(location=JONCHEREY, severity="extreme"), METROPOLE)
    assert "Delle" not in worse.texts.sms
    assert addresses(moved.notifications) == [("sms", number(2))]


def test_what_leaves_its_territory_is_cancelled_without_saying_where_it_went() -> None:
    world = World([BOTH], EVERYBODY)
    world.push()
    left = of(world.push(location=GIROMAGNY), METROPOLE)
    assert left.organisation_ruling.ruling.rule == "moved"
    assert "Votre territoire n'est pas ou plus concerné" in left.texts.sms
    assert "Giromagny" not in left.texts.sms + left.texts.plain
    assert left.notifications


def test_who_was_told_reads_the_end_though_the_agreement_is_over() -> None:
    world = World([BOTH], EVERYBODY)
    world.push()
    world.rules = []
    worse = of(world.push(severity="extreme"), METROPOLE)
    assert (worse.organisation_ruling.ruling.rule, worse.notifications) == ("agreement_over", [])
    end = of(world.push(status="closed"), METROPOLE)
    assert end.organisation_ruling.kind is Kind.END
    assert addresses(end.notifications) == [("sms", number(2))]


def test_who_comes_within_a_rule_later_gets_a_first_text() -> None:
    world = World([rule(from_severity="extreme")], EVERYBODY)
    assert of(world.push(severity="moderate"), METROPOLE) is None
    worse = of(world.push(severity="extreme"), METROPOLE)
    assert worse.organisation_ruling.kind is Kind.FIRST
    assert "aggravée" not in worse.texts.sms


def test_an_exercise_that_turns_out_real_is_told_anew() -> None:
    world = World([rule()], EVERYBODY)
    assert "EXERCICE" in text(world.push(exercise=True), METROPOLE)
    real = of(world.push(), METROPOLE)
    assert real.organisation_ruling.ruling.rule == "real_after_all"


# --- one person, one text


def test_the_mayor_who_serves_the_metropole_as_well_reads_the_mayors_text_alone() -> None:
    people = {**MAYOR, METROPOLE: [somebody(1, "vice_president"), somebody(2, "president")]}
    told = World([rule(functions=("vice_president", "president"))], people).push()
    assert addresses(of(told, commune()).notifications) == [("sms", number(1))]
    assert addresses(of(told, METROPOLE).notifications) == [("sms", number(2))]
    (known,) = of(told, METROPOLE).known
    assert (known.name, known.planned.address) == ("Delle", number(1))


def test_of_two_organisations_the_one_that_reads_more_tells_whoever_serves_both() -> None:
    people = {**MAYOR, METROPOLE: [somebody(2, "president")], PREFECTURE: [somebody(2, "autre")]}
    rules = [rule(METROPOLE, 1, detail="sans_lieu"), rule(PREFECTURE, 2)]
    told = World(rules, people).push(location=STREET)
    assert of(told, METROPOLE).notifications == []
    assert "Déridé" in text(told, PREFECTURE)
    assert addresses(of(told, PREFECTURE).notifications) == [("sms", number(2))]


def test_an_address_that_two_people_share_gets_one_text() -> None:
    shared = replace(somebody(2, "president"), reachable_at=(("sms", number(1)),))
    told = World([rule()], {**MAYOR, METROPOLE: [shared]}).push()
    assert of(told, METROPOLE).notifications == []
    assert of(told, METROPOLE).is_known_already
    assert of(told, METROPOLE).unreachable_reason is None


def test_who_gets_a_mail_as_mayor_is_woken_where_a_convention_makes_it_urgent() -> None:
    both = [somebody(1, "maire", email="a@b.example")]
    people = {commune(): both, METROPOLE: [replace(both[0], function="responsable_astreinte")]}
    told = World([rule(lane="urgent")], people).push(category=THEFT)
    assert addresses(of(told, commune()).notifications) == [("email", "a@b.example")]
    assert addresses(of(told, METROPOLE).notifications) == [("sms", number(1))]


def test_who_hears_that_it_left_one_commune_hears_as_well_where_it_is_now() -> None:
    """An end makes no other text needless."""
    people = {**MAYOR, METROPOLE: [somebody(1, "president")], commune("90056"): [somebody(5)]}
    world = World([BOTH], people)
    world.push()
    moved = world.push(location=JONCHEREY)
    assert of(moved, commune()).organisation_ruling.kind is Kind.CANCELLATION
    assert addresses(of(moved, METROPOLE).notifications) == [("sms", number(1))]


def test_what_waits_for_a_person_makes_no_other_text_needless() -> None:
    quarter = OrganisationRef("quartier", "centre")
    people = {**MAYOR, quarter: [somebody(2, "habitant_relais")], METROPOLE: [somebody(2)]}
    rules = [rule(quarter, 1), rule(METROPOLE, 2, detail="sans_lieu")]
    told = World(rules, people).push(severity="moderate")
    assert addresses(of(told, METROPOLE).notifications) == [("sms", number(2))]
    assert of(told, quarter).notifications == []
    held = World(rules[:1], people)
    assert of(held.push(severity="moderate"), quarter).notifications
    for rows in held.earlier.values():
        for row in rows:
            if row.organisation_kind == "quartier":
                row.state, row.reason, row.message = "deferred", "relay", None
    held.rules = rules
    worse = held.push(severity="extreme")
    assert addresses(of(worse, METROPOLE).notifications) == [("sms", number(2))]


def test_a_site_whose_name_a_telephone_would_make_a_link_of_is_not_named() -> None:
    linked = rule(LANDLORD, 3, communes=(), sites=(site("Parc www.exemple.fr"),))
    told = World([linked], EVERYBODY).push(location=POINT)
    assert "exemple" not in text(told, LANDLORD) + mail(told, LANDLORD)
    assert text(told, LANDLORD).startswith("Gendarmerie - Delle : accident")


# --- nobody reached


@pytest.mark.parametrize(("lane", "mails"), [("", 1), ("urgent", 1), ("routine", 0)])
def test_the_duty_hears_of_a_partner_not_reached_where_it_is_urgent(lane, mails) -> None:
    told = World([rule(lane=lane)], MAYOR).push()
    assert of(told, METROPOLE).unreachable_reason == "aucun contact joignable dans l’annuaire"
    assert len(told.duty_mails) == mails
    for duty_mail in told.duty_mails:
        assert "Grand Belfort : organisme à joindre autrement" in duty_mail.subject.replace(
            "\u00a0", " "
        )
        assert "joindre cet organisme" in duty_mail.body
        assert "maire" not in duty_mail.body


# --- a commune that a convention tells of another


OF_NEXT_DOOR = OrganisationRef("commune", "90056")


def test_a_commune_is_told_of_another_and_then_of_itself() -> None:
    people = {**MAYOR, OF_NEXT_DOOR: [somebody(5)]}
    world = World([rule(OF_NEXT_DOOR, organisation_name="Joncherey")], people)
    told = world.push()
    assert text(told, OF_NEXT_DOOR).startswith("Gendarmerie - Delle : accident")
    own = of(world.push(location=JONCHEREY), OF_NEXT_DOOR)
    assert own.organisation_ruling.ruling.rule == "moved_here"
    assert own.texts.sms.startswith("Gendarmerie - Joncherey : accident")
    assert own.alert.terms == {}
    assert "information du maire" in own.texts.plain
    assert len(world.alerts) == 2
    end = of(world.push(location=JONCHEREY, status="closed"), OF_NEXT_DOOR)
    assert end.organisation_ruling.kind is Kind.END


def test_a_commune_that_it_left_is_told_by_a_convention_where_it_is() -> None:
    people = {**MAYOR, OF_NEXT_DOOR: [somebody(5)]}
    world = World([rule(OF_NEXT_DOOR, organisation_name="Joncherey")], people)
    world.push(location=JONCHEREY)
    left = of(world.push(), OF_NEXT_DOOR)
    assert left.organisation_ruling.kind is Kind.CANCELLATION
    again = of(world.push(severity="extreme"), OF_NEXT_DOOR)
    assert again.organisation_ruling.kind is Kind.FIRST
    assert again.texts.sms.startswith("Gendarmerie - Delle : accident")
    assert len(world.alerts) == 2


# --- who serves several communes


def test_who_serves_two_communes_concerned_reads_one_text_that_names_both() -> None:
    both = [somebody(1)]
    people = {commune(): both, commune("90056"): [*both, somebody(2, "police_municipale")]}
    told = World([], people).push(category=FIRE, location=BORDER)
    (n,) = of(told, commune()).notifications
    assert n.body.startswith("Gendarmerie - Delle et Joncherey : feu de foret")
    assert addresses(of(told, commune("90056")).notifications) == [("sms", number(2))]
    (other,) = of(told, commune("90056")).notifications
    assert other.body.startswith("Gendarmerie - Joncherey : en limite de commune")
    (known,) = of(told, commune("90056")).known
    assert (known.name, known.telling) == ("Delle", n)


def test_its_end_is_one_text_as_well_but_an_end_here_is_no_news_of_there() -> None:
    both = [somebody(1)]
    world = World([], {commune(): both, commune("90056"): both})
    world.push(category=FIRE, location=BORDER)
    end = world.push(category=FIRE, location=BORDER, status="closed")
    assert [len(p.notifications) for p in end.alert_plans] == [1, 0]
    assert "Delle et Joncherey" in of(end, commune()).notifications[0].body
    world = World([], {commune(): both, commune("90056"): both})
    world.push(category=FIRE)
    moved = world.push(category=FIRE, location=JONCHEREY)
    assert [len(p.notifications) for p in moved.alert_plans] == [1, 1]


def test_who_serves_ten_communes_is_told_of_a_storm_once() -> None:
    codes = [f"900{n}" for n in (10, 22, 29, 32, 33, 35, 39, 42, 52, 56)]
    world = World([], {commune(code): [somebody(1)] for code in codes})
    told = world.push(location={"communes": codes})
    assert sum(len(p.notifications) for p in told.alert_plans) == 1
    assert sum(len(p.known) for p in told.alert_plans) == 9
    (n,) = told.alert_plans[0].notifications
    assert " et 8 autres communes : " in n.body
