"""One's own second factors: which there are, and the way to add and remove them."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render

from notifier.accounts.log_in.proof import needs_second_factor
from notifier.console.pages.access import ConsoleRequest, page


@page()
def second_factor(request: ConsoleRequest) -> HttpResponse:
    """Show the second factors, and set one up where the role asks for one."""
    found = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    keys = [one.wrap() for one in found if one.type == Authenticator.Type.WEBAUTHN]
    codes = [one.wrap() for one in found if one.type == Authenticator.Type.RECOVERY_CODES]
    context = {
        "keys": keys,
        "application": next((one for one in found if one.type == Authenticator.Type.TOTP), None),
        "unused_codes": len(codes[0].get_unused_codes()) if codes else 0,
        "is_needed": needs_second_factor(request.user),
    }
    return render(request, "mfa/index.html", context)


class RemoveKeyView(RemoveWebAuthnView):
    """Remove a passkey, unless it is the only device of whoever must have one."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Remove it, or say why not."""
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.get_object()):
            return super().form_valid(form)
        messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
        return redirect("mfa_index")


remove_key = RemoveKeyView.as_view()
