"""Light, dark, or what the system says: each browser's own choice, kept in a cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from notifier.console.navigation import THEME_COOKIE, THEMES

_YEAR_S = 365 * 86400


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep the choice and return to the page that it was made on."""
    back = request.POST.get("back", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    answer = HttpResponseRedirect(back if is_ours else "/")
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        answer.delete_cookie(THEME_COOKIE)
        return answer
    answer.set_cookie(
        THEME_COOKIE,
        theme,
        max_age=_YEAR_S,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
    return answer
