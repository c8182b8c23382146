"""python -m conformance is the same as argus."""

import sys

from conformance.cli import main

sys.exit(main())
