"""Mask addresses: enough is left to recognise one's own, not enough to write to it."""


def mask(address: str) -> str:
    """Mask `+33639980012` as `+33 6 •• •• •• 12`, `maire@delle.fr` as `m••••@delle.fr`."""
    if "@" in address:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}••••@{domain}"
    if address.startswith("+33") and len(address) == 12:
        return f"+33 {address[3]} •• •• •• {address[-2:]}"
    return f"{address[:4]} •• •• {address[-2:]}"
