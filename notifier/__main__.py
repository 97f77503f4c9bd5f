"""Run the `notifier` command as `python -m notifier`."""

from notifier.cli import main

main()
