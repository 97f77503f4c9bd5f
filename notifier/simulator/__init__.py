"""The simulator: a provider to try against, on this machine only.

In: the calls that Twilio's own library makes, and mail over SMTP. Out: signed status callbacks, a
page that shows each phone and mailbox as the mayor reads them, and a small JSON API for tests.
Any fault of a real provider can be had on demand (`faults.py` lists them).

It never sends anything to anyone, listens on 127.0.0.1 only, calls back nothing but loopback
addresses, keeps everything in memory, and imports no other room of the house.

Start it with `python -m notifier.simulator`, or from Python with `client.Simulator.start()`.
"""
