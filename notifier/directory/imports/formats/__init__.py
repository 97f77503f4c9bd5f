"""The formats of lists that can be read: the operator's own, the RNE's files, the annuaire's."""
