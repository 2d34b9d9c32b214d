"""Takes all that is in the spool, as ingest does, and prints how long that took, as JSON."""

import json
import os
import resource
from time import perf_counter, process_time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracking_project.settings")

import django

django.setup()

from tracking.ingest.worker import drain  # noqa: E402 - needs Django to be set up


def main() -> None:
    """Drain once."""
    began, cpu_began = perf_counter(), process_time()
    lines = drain()
    print(
        json.dumps(
            {
                "lines": lines,
                "seconds": perf_counter() - began,
                "cpu_seconds": process_time() - cpu_began,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
            }
        )
    )


if __name__ == "__main__":
    main()
