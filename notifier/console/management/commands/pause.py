"""The command `notifier pause [SOURCE]`: hold what goes to the communes until `resume`."""

from typing import Any

from notifier.alerting.throttling.pause import pause, paused_by, waiting
from notifier.console.management.commands._sources import OfSource, describe_waiting


class Command(OfSource):
    """Pause sending; it takes effect within seconds."""

    help = (
        "Suspend les envois aux communes : de toutes les sources, ou d’une seule. "
        "Ce qui arrive est reçu et attend ; « notifier resume » le laisse partir."
    )

    def handle(self, *_: object, **options: Any) -> None:
        source = self.source(options["source"])
        who = options["who"]
        whose = f"« {source.name} »" if source else "toutes les sources"
        if pause(source, who):
            self.stdout.write(f"Envois suspendus pour {whose}, par {who}.")
        else:
            self.stdout.write(f"Déjà suspendus pour {whose} :")
        for each in paused_by(source):
            self.say_pause(each)
        self.stdout.write(describe_waiting(waiting(source)))
        again = f'notifier resume "{source.name}"' if source else "notifier resume"
        self.stdout.write(f"Pour reprendre : {again}")
