"""Takes a slot, says which, and holds it until it is killed: python -m tests.support.lease_holder URL."""

from __future__ import annotations

import os
import sys

from argus_wfm.gateway.queue.leases import Leases
from argus_wfm.gateway.storage.database import connect

if __name__ == "__main__":
    slot, _lock = Leases(connect(sys.argv[1])).take()
    print(slot, flush=True)
    os.read(0, 1)
