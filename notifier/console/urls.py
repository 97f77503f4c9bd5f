"""Every page of the console; each stands behind `pages.access.page`, or says why it does not."""

from django.urls import path, register_converter

from notifier.console.pages import (
    account,
    accounts,
    attestation,
    convention_file,
    conventions,
    history,
    maps,
    narrowings,
    now,
    organisations,
    pauses,
    rules,
    sources,
    territory,
    webhooks,
    zones,
)
from notifier.console.pages.design import design
from notifier.console.pages.figures import export_figures, figures
from notifier.console.pages.help import help_page
from notifier.console.pages.home import home
from notifier.console.pages.imports import campaigns, election, job, undoing, upload
from notifier.console.pages.incidents import actions, show
from notifier.console.pages.incidents.review import review
from notifier.console.pages.log import views as log
from notifier.console.pages.organisation import addresses, calendar, people, search, told
from notifier.console.pages.paging import IdConverter
from notifier.console.pages.reveal import reveal_address

app_name = "console"
register_converter(IdConverter, "id")

# Maintenant, Cette nuit, and an incident.
_NOW = [
    path("", home, name="home"),
    path("maintenant", now.now, name="now"),
    path("cette-nuit", now.night, name="night"),
    path("interventions/<id:incident>", show.incident, name="incident"),
    path(
        "interventions/<id:incident>/renvoyer/<id:notification>",
        actions.resend_text,
        name="incident-resend",
    ),
    path(
        "interventions/<id:incident>/prevenir/<id:alert>",
        actions.tell_one_more,
        name="incident-tell",
    ),
    path(
        "interventions/<id:incident>/reponse/<id:alert>",
        actions.enter_one_answer,
        name="incident-answer",
    ),
    path(
        "interventions/<id:incident>/liberer/<id:alert>",
        actions.release_texts,
        name="incident-release",
    ),
    path(
        "interventions/<id:incident>/retirer", actions.withdraw_incident, name="incident-withdraw"
    ),
    path("interventions/<id:incident>/clore", actions.close_incident, name="incident-close"),
    path("verifications/<uuid:report>", review, name="review"),
    path(
        "interventions/<id:incident>/attestation",
        attestation.attestation,
        name="incident-attestation",
    ),
    path(
        "interventions/<id:incident>/attestation/etablir",
        attestation.issue_attestation,
        name="attestation-issue",
    ),
    path(
        "interventions/<id:incident>/attestation/lignes.txt",
        attestation.attested_rows,
        name="attested-rows",
    ),
]

# Annuaire: an organisation, its people, their addresses, absences and on-call.
_PEOPLE = [
    path("adresses/<id:address>/reveler", reveal_address, name="reveal"),
    path("communes", search.communes, name="communes"),
    path("organismes/<str:kind>/<str:code>", people.people, name="organisation"),
    path(
        "organismes/<str:kind>/<str:code>/calendrier",
        calendar.calendar,
        name="organisation-calendar",
    ),
    path("organismes/<str:kind>/<str:code>/alertes", told.alerts, name="organisation-alerts"),
    path("organismes/<str:kind>/<str:code>/historique", told.history, name="organisation-history"),
    path("organismes/<str:kind>/<str:code>/qui", told.who, name="organisation-who"),
    path("organismes/<str:kind>/<str:code>/ajouter", people.appoint_person, name="appoint"),
    path("organismes/<str:kind>/<str:code>/ordre", people.order, name="order"),
    path("organismes/<str:kind>/<str:code>/astreinte/tour", calendar.shift, name="shift"),
    path(
        "organismes/<str:kind>/<str:code>/astreinte/roulement", calendar.rotation, name="rotation"
    ),
    path(
        "organismes/<str:kind>/<str:code>/astreinte/arret",
        calendar.stop_on_call,
        name="stop-on-call",
    ),
    path("mandats/<id:mandate>", people.mandate, name="mandate"),
    path("mandats/<id:mandate>/modifier", people.amend_mandate, name="amend-mandate"),
    path("mandats/<id:mandate>/fin", people.end_mandate, name="end-mandate"),
    path("mandats/<id:mandate>/supprimer", people.delete_mandate, name="delete-mandate"),
    path("mandats/<id:mandate>/place", people.move_mandate, name="move-mandate"),
    path("mandats/<id:mandate>/confirmer", people.confirm_person, name="confirm-mandate"),
    path("mandats/<id:mandate>/absence", calendar.absence, name="absence"),
    path("mandats/<id:mandate>/adresse", addresses.add, name="add-address"),
    path("absences/<id:absence>/fin", calendar.end_one_absence, name="end-absence"),
    path("adresses/<id:address>", addresses.address, name="address"),
    path("adresses/<id:address>/corriger", addresses.change, name="change-address"),
    path("adresses/<id:address>/retirer", addresses.remove, name="remove-address"),
    path("adresses/<id:address>/premiere", addresses.first, name="first-address"),
    path("adresses/<id:address>/confirmer", addresses.confirm_one, name="confirm-address"),
    path("adresses/<id:address>/essai", addresses.send, name="test-address"),
    path("adresses/<id:address>/code", addresses.answer, name="answer-test"),
]

# Territoire: coverage, organisations, zones, maps.
_TERRITORY = [
    path("territoire", territory.territory, name="territory"),
    path("territoire/<str:departement>.json", territory.states, name="territory-states"),
    path(
        "territoire/<str:departement>/exporter",
        territory.export_territory,
        name="territory-export",
    ),
    path("organismes", organisations.organisations, name="organisations"),
    path("organismes/nouveau", organisations.new_organisation, name="organisation-new"),
    path(
        "organismes/<str:kind>/<str:code>/modifier",
        organisations.edit_organisation,
        name="organisation-edit",
    ),
    path(
        "organismes/<str:kind>/<str:code>/fin",
        organisations.close_organisation,
        name="organisation-end",
    ),
    path("organismes/<str:kind>/<str:code>/territoire", zones.zones, name="organisation-zones"),
    path(
        "organismes/<str:kind>/<str:code>/territoire/fichier",
        zones.zone_file,
        name="organisation-zone-file",
    ),
    path(
        "organismes/<str:kind>/<str:code>/territoire/fichier/enregistrer",
        zones.apply_file,
        name="organisation-zone-file-apply",
    ),
    path(
        "organismes/<str:kind>/<str:code>/territoire/<id:zone>/fin",
        zones.close_zone,
        name="zone-end",
    ),
    path("cartes/departement/<str:departement>.json", maps.departement_map, name="map-departement"),
    path("cartes/commune/<str:commune>.json", maps.commune_map, name="map-commune"),
    path("cartes/organismes/<str:kind>/<str:code>.json", maps.zones_map, name="map-zones"),
]

# Conventions.
_CONVENTIONS = [
    path("conventions", conventions.conventions, name="conventions"),
    path("conventions/donner", convention_file.file, name="convention-file"),
    path(
        "conventions/donner/enregistrer", convention_file.apply_file, name="convention-file-apply"
    ),
    path("conventions/<str:convention>", conventions.convention, name="convention"),
    path("conventions/<str:convention>/effet", conventions.effect, name="convention-effect"),
    path("conventions/<str:convention>/fin", conventions.end, name="convention-end"),
    path("conventions/<str:convention>/garder", conventions.keep_back, name="convention-narrow"),
    path(
        "conventions/<str:convention>/garder/<str:commune>/lever",
        conventions.lift,
        name="convention-lift",
    ),
]

# Importer, and the history of the directory.
_IMPORTS = [
    path("historique", history.history, name="history"),
    path("historique/<id:change>", history.change_page, name="change"),
    path("historique/<id:change>/annuler", undoing.undo_change, name="change-undo"),
    path("importer", upload.upload, name="import"),
    path("importer/election", election.election, name="election"),
    path("importer/election/<id:change>", election.election_progress, name="election-progress"),
    path("importer/election/<id:change>/terminer", election.end, name="election-end"),
    path("importer/campagnes", campaigns.campaigns, name="campaigns"),
    path("importer/campagnes/nouvelle", campaigns.new_campaign, name="campaign-new"),
    path("importer/campagnes/<id:campaign>", campaigns.campaign_page, name="campaign"),
    path("importer/campagnes/<id:campaign>/arreter", campaigns.stop, name="campaign-stop"),
    path("importer/<id:job>", job.job_page, name="import-job"),
    path("importer/<id:job>/lignes", job.leave_row_out, name="import-line"),
    path("importer/<id:job>/confirmer", job.confirm, name="import-confirm"),
    path("importer/<id:job>/abandonner", job.abandon, name="import-abandon"),
    path("importer/<id:job>/reprendre", job.resume, name="import-resume"),
    path("importer/<id:job>/a-corriger.xlsx", job.correction, name="import-correction"),
]

# Règles.
_RULES = [
    path("regles", rules.rules, name="rules"),
    path("regles/restrictions", narrowings.narrowings, name="narrowings"),
    path("regles/restrictions/<id:narrowing>/lever", narrowings.lift, name="narrowing-lift"),
    path("regles/comparaisons/<id:comparison>", narrowings.comparison, name="comparison"),
    path(
        "regles/comparaisons/<id:comparison>/appliquer",
        narrowings.apply_change,
        name="comparison-apply",
    ),
    path("regles/<str:category>", rules.rule, name="rule"),
    path("regles/<str:category>/restreindre", narrowings.narrow, name="rule-narrow"),
]

# Journal and Chiffres.
_LOG = [
    path("journal", log.log, name="log"),
    path("journal/export", log.export_log, name="log-export"),
    path("journal/acces", log.access_log, name="log-access"),
    path("journal/recherches", log.save, name="log-save"),
    path("journal/recherches/<id:search>/oublier", log.forget, name="log-forget"),
    path("chiffres", figures, name="figures"),
    path("chiffres/export", export_figures, name="figures-export"),
]

# Sources, and pauses.
_SOURCES = [
    path("sources", sources.sources, name="sources"),
    path("sources/nouvelle", sources.new_source, name="source-new"),
    path("sources/suspendre", pauses.pause_sending, name="pause"),
    path("sources/reprendre", pauses.resume_sending, name="resume"),
    path("sources/<id:source>", sources.source, name="source"),
    path("sources/<id:source>/modifier", sources.edit_source, name="source-edit"),
    path("sources/<id:source>/cle", sources.rotate_key, name="source-key"),
    path("sources/<id:source>/revoquer", sources.revoke_source, name="source-revoke"),
    path("sources/<id:source>/retours", webhooks.webhook, name="source-webhook"),
    path("sources/<id:source>/retours/adresse", webhooks.edit_webhook, name="webhook-edit"),
    path("sources/<id:source>/retours/secret", webhooks.rotate_secret, name="webhook-secret"),
    path("sources/<id:source>/retours/arreter", webhooks.stop, name="webhook-stop"),
    path("sources/<id:source>/retours/essai", webhooks.try_webhook, name="webhook-test"),
]

# Comptes, and one’s own.
_ACCOUNTS = [
    path("compte", account.account, name="account"),
    path("compte/nom", account.own_name, name="own-name"),
    path("compte/adresse", account.own_email, name="own-email"),
    path("compte/adresse/<str:key>", account.new_email, name="new-email"),
    path("compte/sessions/fermer", account.close_others, name="close-others"),
    path("comptes", accounts.accounts, name="accounts"),
    path("comptes/inviter", accounts.invite_colleague, name="invite"),
    path(
        "comptes/invitations/<id:invitation>/retirer",
        accounts.withdraw_invitation,
        name="withdraw-invitation",
    ),
    path("comptes/<id:account>", accounts.account_page, name="account-of"),
    path("comptes/<id:account>/role", accounts.give_role, name="give-role"),
    path("comptes/<id:account>/desactiver", accounts.close_account, name="close-account"),
    path("comptes/<id:account>/reactiver", accounts.open_account, name="open-account"),
    path("comptes/<id:account>/second-facteur", accounts.lost_factor, name="lost-factor"),
    path("comptes/roles/<id:assignment>/date", accounts.change_end, name="change-end"),
    path("comptes/roles/<id:assignment>/retirer", accounts.take_role, name="take-role"),
]

# Aide.
_HELP = [
    path("aide/composants", design, name="design"),
    path("aide", help_page, name="help"),
]

urlpatterns = [
    *_NOW,
    *_PEOPLE,
    *_TERRITORY,
    *_CONVENTIONS,
    *_IMPORTS,
    *_RULES,
    *_LOG,
    *_SOURCES,
    *_ACCOUNTS,
    *_HELP,
]
