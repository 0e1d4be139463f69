"""What `make judge` runs."""

import sys

from tests.oracles.emulators.trial import main

sys.exit(main())
