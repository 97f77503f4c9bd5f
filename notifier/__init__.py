"""Alerte Maires: a report of the gendarmerie becomes a text on the mayor's phone.

The rooms, in the order of the data: `api` (HTTP API) -> `intake` (stored once) -> `territory`
(which commune) and `directory` (which people) -> `alerting` (what to say, to whom) -> `delivery`
(get it there, once) -> `journal` (what happened). `console` holds the pages and commands for
people, `jobs` wakes the workers, `ops` runs the service on one machine, `simulator` plays the
provider.
"""
