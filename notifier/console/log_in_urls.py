"""The pages of log-in and of one's own proofs: allauth's, under French paths; no sign-up."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from django.urls import path, re_path

from notifier.console.pages.access import page
from notifier.console.pages.oidc import from_provider, leave_provider, to_provider
from notifier.console.pages.second_factor import remove_key, second_factor

# What belongs to one's own account stands behind the guard of every page.
own = page()
SECOND_FACTOR = "compte/second-facteur"

urlpatterns = [
    path("connexion", account.login, name="account_login"),
    path("connexion/fin", account.logout, name="account_logout"),
    path("connexion/desactive", account.account_inactive, name="account_inactive"),
    path("connexion/code", mfa.authenticate, name="mfa_authenticate"),
    path("connexion/cle", keys.login_webauthn, name="mfa_login_webauthn"),
    path("connexion/fournisseur", to_provider, name="oidc_init"),
    path("connexion/fournisseur/retour", from_provider, name="oidc_callback"),
    path("connexion/fournisseur/fin", leave_provider, name="oidc_logout"),
    path("connexion/confirmer", account.reauthenticate, name="account_reauthenticate"),
    path("connexion/confirmer/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        "connexion/confirmer/cle",
        keys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("connexion/oubli", account.password_reset, name="account_reset_password"),
    path("connexion/oubli/envoye", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^connexion/oubli/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "connexion/oubli/fait",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("compte/mot-de-passe", own(account.password_change), name="account_change_password"),
    path("compte/mot-de-passe/nouveau", own(account.password_set), name="account_set_password"),
    path(SECOND_FACTOR, second_factor, name="mfa_index"),
    path(f"{SECOND_FACTOR}/application", own(totp.activate_totp), name="mfa_activate_totp"),
    path(
        f"{SECOND_FACTOR}/application/retirer",
        own(totp.deactivate_totp),
        name="mfa_deactivate_totp",
    ),
    path(f"{SECOND_FACTOR}/cle", own(keys.add_webauthn), name="mfa_add_webauthn"),
    path(f"{SECOND_FACTOR}/cles", second_factor, name="mfa_list_webauthn"),
    path(f"{SECOND_FACTOR}/cles/<int:pk>/retirer", own(remove_key), name="mfa_remove_webauthn"),
    path(f"{SECOND_FACTOR}/cles/<int:pk>/nom", own(keys.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        f"{SECOND_FACTOR}/secours",
        own(codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{SECOND_FACTOR}/secours/nouveaux",
        own(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
]
