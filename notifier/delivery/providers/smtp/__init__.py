"""E-mail by SMTP, plain and HTML, with one Message-ID for all attempts of a message."""
