"""Programs trained by the workers of a Dask cluster: connecting safely, checking the workers, and handing out work.

Needs the extra `cluster`. The workers write nothing: what comes back is committed by the process that asked.
"""

from bench.cluster.connect import Cluster, check_address, connected, of_client
from bench.cluster.executor import OnDask

__all__ = ["Cluster", "OnDask", "check_address", "connected", "of_client"]
