"""The bare client: Twilio's own library in a loop on 32 threads, and nothing else around it.

`python -m tests.bench.client API_URL CALLS THREADS`, the account in TWILIO_ACCOUNT_SID and
TWILIO_AUTH_TOKEN; writes its CPU seconds and its wall seconds (JSON) on stdout.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time

from twilio.rest import Client

# As long as what the service sends.
BODY = (
    "Gendarmerie - Delle : accident de la route (grave), rue des Écoles, à 8h15. Pour information, "
    "intervention en cours. Réf. BANC-F-{:06d}"
)


def _client(api_url: str) -> Client:
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    client.api.base_url = api_url
    return client


def _loop(client: Client, turns: itertools.count[int], last: int) -> None:
    while (turn := next(turns)) < last:
        client.messages.create(
            to=f"+3363998{turn % 10_000:04d}", from_="Gendarmerie", body=BODY.format(turn)
        )


def _all_at_once(clients: list[Client], turns: itertools.count[int], last: int) -> None:
    threads = [threading.Thread(target=_loop, args=(c, turns, last)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(api_url: str, calls: int, threads: int) -> None:
    """Make the calls, a client a thread, after one call a thread that is not counted."""
    clients = [_client(api_url) for _ in range(threads)]
    # Imports, and a connection each: not what a call costs.
    _all_at_once(clients, itertools.count(calls), calls + threads)
    cpu, wall = time.process_time(), time.perf_counter()
    _all_at_once(clients, itertools.count(), calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    json.dump({"cpu_s": cpu, "wall_s": wall}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
