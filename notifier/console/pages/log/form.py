"""What a reader may search the log for."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from notifier.accounts.roles import Permission
from notifier.accounts.scope import Scope
from notifier.alerting.log.search import LogAnswer, LogQuery, LogState
from notifier.alerting.policy.current import categories
from notifier.directory.lookup import LookupRefused, organisation_named, people_named
from notifier.directory.models import Organisation, Person

SEE = Permission.SEE_LOG
MAX_CONVENTIONS = 200


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LogForm(forms.Form):
    """The filters of the log; each of them may be empty."""

    organisme = forms.CharField(label="Commune ou organisme", required=False, max_length=100)
    personne = forms.CharField(label="Personne", required=False, max_length=100)
    reference = forms.CharField(label="Référence", required=False, max_length=60)
    du = forms.DateField(label="Du", required=False, widget=_Day())
    au = forms.DateField(label="Au", required=False, widget=_Day())
    etat = forms.ChoiceField(
        label="État", required=False, choices=[("", "tous"), *LogState.choices]
    )
    reponse = forms.ChoiceField(
        label="Réponse", required=False, choices=[("", "toutes"), *LogAnswer.choices]
    )
    famille = forms.ChoiceField(label="Nature", required=False)
    convention = forms.ChoiceField(label="Convention", required=False)

    def __init__(self, scope: Scope, given: Any) -> None:
        super().__init__(given)
        self._scope = scope
        families = categories().families.items()
        self.fields["famille"].choices = [("", "toutes"), *families]  # type: ignore[attr-defined] # a choice field
        conventions = scope.conventions(SEE).order_by("title")[:MAX_CONVENTIONS]
        named = conventions.values_list("pk", "title")
        self.fields["convention"].choices = [("", "toutes, et la loi"), *named]  # type: ignore[attr-defined] # as above
        # Whoever may not see people may not find out by searching either.
        if not scope.has(Permission.SEE_PEOPLE):
            del self.fields["personne"]
        if not named:
            del self.fields["convention"]

    def clean_organisme(self) -> Organisation | None:
        """Find the organisation that is meant, of those that exist for the reader."""
        text = self.cleaned_data["organisme"].strip()
        try:
            return organisation_named(self._scope.organisations(SEE), text) if text else None
        except LookupRefused as refused:
            raise forms.ValidationError(str(refused)) from None

    def clean_personne(self) -> list[Person] | None:
        """Find the people who are meant, of those that exist for the reader."""
        text = self.cleaned_data["personne"].strip()
        try:
            within = self._scope.people(Permission.SEE_PEOPLE)
            return people_named(within, text) if text else None
        except LookupRefused as refused:
            raise forms.ValidationError(str(refused)) from None

    @property
    def query(self) -> LogQuery:
        """What a valid form searches for."""
        said = self.cleaned_data
        people = said.get("personne")
        state, convention = said["etat"], said.get("convention")
        return LogQuery(
            organisation=said["organisme"].ref if said["organisme"] else None,
            people=None if people is None else [one.pk for one in people],
            reference=said["reference"].strip(),
            since=_midnight(said["du"]) if said["du"] else None,
            until=_midnight(said["au"] + timedelta(days=1)) if said["au"] else None,
            state=LogState(state) if state else None,
            answer=LogAnswer(said["reponse"]) if said["reponse"] else None,
            convention=int(convention) if convention else None,
            family=said["famille"],
        )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
