"""What is done in a process of its own, here or on another machine.

    python -m larq_focal.deploy time MODEL OPTIONS
    python -m larq_focal.deploy memory MODEL OPTIONS

prints a record as JSON: that of ``time_on_device``, or of ``memory_here``, called with the keyword arguments in
OPTIONS, which are JSON too.
"""

from __future__ import annotations

import json
import sys

from larq_focal.deploy.device import time_on_device
from larq_focal.deploy.memory import memory_here

_CALLS = {"time": time_on_device, "memory": memory_here}

if __name__ == "__main__":
    call, model, options = sys.argv[1:]
    print(json.dumps(_CALLS[call](model, **json.loads(options)).to_dict()))
