"""The filters and components of templates, by what they are of."""
