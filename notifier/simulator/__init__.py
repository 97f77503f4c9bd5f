"""The simulator: a provider to try against, on this machine only.

In: the calls of Twilio's own library, and mail over SMTP. Out: signed status callbacks, a page that
shows each phone and mailbox as the mayor reads them, and a small JSON API for tests. It produces
any fault of a real provider on demand (`faults.py` lists them).

Never: sends anything to anyone, listens beyond 127.0.0.1, calls back any but loopback addresses,
writes to disk, or imports another room.

Start it with `python -m notifier.simulator`, or from Python with `client.Simulator.start()`.
"""
