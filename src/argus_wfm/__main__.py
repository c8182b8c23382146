"""`python -m argus_wfm` is the command `argus`."""

import sys

from argus_wfm.conformance.cli.app import main

sys.exit(main())
