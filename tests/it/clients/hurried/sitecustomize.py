"""Makes a client's patience as fast as the sandbox's time: its sleeps are divided by the scale.

Loaded by every Python that has this folder in PYTHONPATH. The clients poll every 15 seconds,
which is right for AWS and slow for a test.
"""

import os
import time

_SLEEP = time.sleep
_SCALE = float(os.environ["UNDERPASS_SCALE"])

time.sleep = lambda seconds: _SLEEP(seconds / _SCALE)
