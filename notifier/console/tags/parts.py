"""The templates of the components."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def part(name: str, **values: object) -> SafeString:
    """Fill in the template of a component."""
    return render_to_string(f"components/{name}.html", values)
