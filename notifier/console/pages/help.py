"""Help: what each page is for, by which key it opens, and what the words mean."""

from django.http import HttpResponse
from django.shortcuts import render

from notifier.console.navigation import links
from notifier.console.pages.access import ConsoleRequest, page

# What each page of the menu is for, in one sentence.
PURPOSES = {
    "console:now": "Les interventions en cours et ce qui demande quelqu’un : à laisser ouverte.",
    "console:night": "La nuit passée, une ligne par intervention, lisible sur un téléphone.",
    "console:communes": "Une commune ou un organisme : ses personnes, leurs adresses, ses alertes.",
    "console:territory": "Les communes que nul ne peut joindre, et ce qu’il faut réparer d’abord.",
    "console:log": "Ce qui a été dit, à qui et quand : recherche, export, attestation.",
    "console:figures": "Les nombres du mois et de l’année, pour un conseil ou un préfet.",
    "console:rules": "De quoi un maire est informé, à quelle vitesse et par quel article.",
    "console:conventions": "Ce que les partenaires savent en plus, d’après quelle convention.",
    "console:import": "Une liste d’élus ou de numéros : contrôlée d’abord, et réversible.",
    "console:history": "Qui a changé quoi dans l’annuaire, et quand, avant et après.",
    "console:sources": "Les centres qui transmettent : clés, plafonds, suspension.",
    "console:accounts": "Qui travaille ici, avec quels droits, où et jusqu’à quand.",
}
WORDS = {
    "intervention": "ce qui arrive, sous une référence du centre d’opérations, du début à la fin",
    "alerte": "une intervention telle qu’elle est dite à un organisme",
    "notification": "une version d’une alerte pour une personne, partie ou non, et pourquoi",
    "organisme": "une commune, ou un autre que la loi ou une convention informe",
    "mandat": "la fonction d’une personne dans un organisme, avec ses dates et son rang d’appel",
    "astreinte": "le tour de qui est appelé d’abord, une semaine ou une nuit",
    "permanence": "le téléphone du centre d’opérations, donné dans chaque texte",
    "à vérifier": "une intervention dont la commune n’est pas sûre : une personne décide",
    "retenu": "un texte courant qui attend (afflux, plafond, suspension) ; jamais un urgent",
    "sort inconnu": "l’opérateur l’a peut-être : le service l’interroge avant tout nouvel envoi",
}


@page()
def help_page(request: ConsoleRequest) -> HttpResponse:
    """Show the pages that this reader has, their keys, and the words."""
    pages = [(link, PURPOSES[link.url_name]) for link in links(request)]
    return render(request, "help.html", {"pages": pages, "words": WORDS})
