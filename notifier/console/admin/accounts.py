"""Accounts of the administration, and the history of changes."""

# Django calls these methods with more than they need.
# ruff: noqa: ARG002

from typing import TYPE_CHECKING, Any

# Imported for what they register, which is then taken back.
import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest

from notifier.accounts.models import User
from notifier.console.admin.base import NOTHING, ReadOnlyAdmin, TitledAdmin, format_moment

# The type checker knows the class by its model, Python does not.
if TYPE_CHECKING:
    DjangoUserAdmin = UserAdmin[User]
else:
    DjangoUserAdmin = UserAdmin

# Second factors, sessions and addresses are each account's own matter.
for model in (EmailAddress, EmailConfirmation, Authenticator, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
# Rights of groups open nothing here: a superuser may everything, nobody else may anything.
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(TitledAdmin[User], DjangoUserAdmin):
    """Accounts: created, renamed, deactivated; never deleted, or the history would go with them."""

    list_display = ("username", "last_name", "first_name", "email", "is_superuser", "is_active")
    list_filter = ("is_superuser", "is_active")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Personne", {"fields": ("last_name", "first_name", "email")}),
        ("Accès", {"fields": ("is_active", "is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", "password1", "password2", "is_superuser"),
                "description": "Seul un superutilisateur entre dans l’administration.",
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: an account that has served is deactivated."""
        return False


@admin.register(LogEntry)
class HistoryAdmin(ReadOnlyAdmin[LogEntry]):
    """Who added, changed or deleted what, and when: the names of fields, never their content."""

    list_display = ("when", "user", "about", "what")
    list_filter = ("action_flag", ("content_type", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user", "content_type")
    fields = ("when", "user", "about", "what")

    @admin.display(description="quand", ordering="action_time")
    def when(self, line: LogEntry) -> str:
        return format_moment(line.action_time)

    @admin.display(description="objet")
    def about(self, line: LogEntry) -> str:
        """The type of the object, and its name at the time."""
        return f"{line.content_type.name if line.content_type else NOTHING} : {line.object_repr}"

    @admin.display(description="quoi")
    def what(self, line: LogEntry) -> Any:
        """The change in words, also where Django stores none."""
        return line.get_change_message() or line.get_action_flag_display()
