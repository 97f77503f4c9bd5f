"""The command `notifier resume [SOURCE]`: send what `pause` held and is still of use."""

from typing import Any

from notifier.alerting.throttling.pause import paused_by, paused_names, resume, waiting
from notifier.console.management.commands._sources import OfSource, describe_waiting


class Command(OfSource):
    """Resume sending."""

    help = (
        "Reprend les envois aux communes. Ce qui est encore utile part ; ce qui a dépassé sa durée "
        "de vie est périmé, et la permanence le sait par courriel."
    )

    def handle(self, *_: object, **options: Any) -> None:
        source = self.source(options["source"])
        whose = f"« {source.name} »" if source else "toutes les sources"
        done = resume(source, options["who"])
        if done is None:
            self.stdout.write(f"Rien n’était suspendu pour {whose}.")
        else:
            self.stdout.write(f"Envois repris pour {whose}, par {options['who']}.")
            plural = "s" if done.expired > 1 else ""
            self.stdout.write(f"{done.expired} texte{plural} périmé{plural} pendant la suspension.")
        for each in paused_by(source):
            self.stdout.write("Reste suspendu :")
            self.say_pause(each)
        if source is None and (names := paused_names()):
            listed = ", ".join(f"« {name} »" for name in names)
            self.stdout.write(f"Restent suspendues : {listed} (« notifier resume SOURCE »)")
        # As it was at that moment: workers have begun to send it since.
        self.stdout.write(describe_waiting(done.waiting if done else waiting(source)))
