"""The administration site: its title, and who may enter."""

from django.contrib import admin
from django.http import HttpRequest

from notifier.console.admin.log_in import is_superuser, log_in


def _may_enter(request: HttpRequest) -> bool:
    return is_superuser(request.user)


# Django asks for every page, its own and ours.
admin.site.has_permission = _may_enter  # type: ignore[method-assign] # the site is Django's own
admin.site.login = log_in  # type: ignore[method-assign] # the site is Django's own
admin.site.site_title = "Alerte Maires"
admin.site.site_header = "Alerte Maires"
admin.site.index_title = "Administration"
# Breadcrumbs are way enough for seven lists, and the lists are wide.
admin.site.enable_nav_sidebar = False
# No page stands at the root of the service.
admin.site.site_url = None
