"""Alerte Maires: a report of the gendarmerie becomes a text on the mayor's phone.

The rooms, in the order of the data: `api` (HTTP API) -> `intake` (stored once) -> `territory`
(which commune) and `directory` (which people) -> `alerting` (what to say, to whom) -> `delivery`
(get it there, once) -> `journal` (what happened). `console` holds the pages and commands for
people, `jobs` wakes the workers, `ops` runs the service on one machine, `simulator` plays the
provider.
"""

import gc

# Of what a process imports nothing is garbage: looking for some at every 700 objects, as Python
# does, takes about a tenth of the processor time of a start. It costs some 15 MB in a process that
# takes reports.
gc.set_threshold(50_000, 10, 10)
