"""Import a CSV file of contacts: `importer.import_contacts`."""
