"""SMS through OVHcloud's SMS API (/sms), with its own library."""
