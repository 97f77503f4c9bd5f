"""Addresses as they may be shown: enough to recognise one's own, not enough to write to."""


def mask(address: str) -> str:
    """`+33639980012` -> `+33 6 •• •• •• 12`, `maire@delle.example` -> `m••••@delle.example`."""
    if "@" in address:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}••••@{domain}"
    if address.startswith("+33") and len(address) == 12:
        return f"+33 {address[3]} •• •• •• {address[-2:]}"
    return f"{address[:4]} •• •• {address[-2:]}"
