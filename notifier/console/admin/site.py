"""The administration site: its title, and who may enter."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from notifier.alerting.review.decisions import waiting
from notifier.console.admin.log_in import is_superuser, log_in


def _may_enter(request: HttpRequest) -> bool:
    return is_superuser(request.user)


_context_of_django = admin.site.each_context


def _context(request: HttpRequest) -> dict[str, Any]:
    """Return what every page shows, such as the number of reviews that wait."""
    review_count = waiting().count() if _may_enter(request) else 0
    return {**_context_of_django(request), "review_count": review_count}


# Django asks the first two for every page, its own and ours.
admin.site.has_permission = _may_enter  # type: ignore[method-assign] # the site is Django's own
admin.site.each_context = _context  # type: ignore[method-assign] # the site is Django's own
admin.site.login = log_in  # type: ignore[method-assign] # the site is Django's own
admin.site.site_title = "Alerte Maires"
admin.site.site_header = "Alerte Maires"
admin.site.index_title = "Administration"
# Breadcrumbs are way enough for seven lists, and the lists are wide.
admin.site.enable_nav_sidebar = False
# No page stands at the root of the service.
admin.site.site_url = None
