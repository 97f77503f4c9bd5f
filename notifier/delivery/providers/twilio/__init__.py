"""SMS through Twilio's Messages API, with its own library."""
