"""`python -m notifier.territory.build`: make the packaged file of communes."""

import sys

from notifier.territory.build.communes import main

sys.exit(main(sys.argv[1:]))
