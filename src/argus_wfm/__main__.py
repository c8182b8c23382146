"""`python -m argus_wfm` is the command `argus`."""

import sys

from argus_wfm.conformance.cli import main

sys.exit(main())
