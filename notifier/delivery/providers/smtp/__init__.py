"""E-mail by SMTP, plain and HTML, with one Message-ID for all tries of a message."""
