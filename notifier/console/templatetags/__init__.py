"""What the console's templates load: `{% load console %}`."""
