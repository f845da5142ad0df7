"""Set before anything imports Ray: the embedded cluster of the tests listens on loopback alone."""

import os

from workers.cluster import secure

secure(os.environ)
