"""The filters and components of the console, which every page loads: see docs/console.md."""

from django import template

from notifier.console.tags import asking, display, frame, quantities, words

register = template.Library()
for _part in (asking, display, frame, quantities, words):
    register.tags.update(_part.register.tags)
    register.filters.update(_part.register.filters)
