"""What sources are told at once of their incidents, by a signed request to their own software."""
