"""One query on every host of a Dask cluster: each walks its own kernel, and the tables are put together.

    dask worker tcp://SCHEDULER:8786            # on each host, with CAP_BPF and CAP_PERFMON, or as root
    python examples/fleet.py tcp://SCHEDULER:8786

Only what the query leaves crosses the network, as Arrow.
"""

from __future__ import annotations

import argparse
import socket

import pyarrow
from dask.distributed import Client

from libbpf_iter import TaskIter

COLUMNS = ["pid", "comm", "uid", "rss", "utime_ns"]
WHERE = "tid == pid and rss > 0"


def walk(columns: list[str], where: str) -> pyarrow.Table:
    """The processes of the host that this runs on, with its name in front."""
    with TaskIter(columns=columns, where=where) as tasks:
        table = pyarrow.table(tasks)
    host = pyarrow.array([socket.gethostname()] * len(table))
    return table.add_column(0, "host", host)


def of_all_hosts(client: Client, columns: list[str], where: str) -> pyarrow.Table:
    """One walk a host, however many workers it has."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    one_of = {worker["host"]: address for address, worker in workers.items()}
    walks = [
        client.submit(walk, columns, where, workers=[address], allow_other_workers=False, pure=False)
        for address in one_of.values()
    ]
    # One piece, where memory begins as Arrow wants it: what comes over the network begins anywhere.
    return pyarrow.concat_tables(client.gather(walks)).combine_chunks()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scheduler", nargs="?", help="its address; without it, a cluster on this host alone")
    with Client(parser.parse_args().scheduler) as client:
        table = of_all_hosts(client, COLUMNS, WHERE)
    memory = table.group_by(["host", "comm"]).aggregate([("rss", "sum")]).sort_by([("rss_sum", "descending")])
    print(memory.slice(0, 20).to_pandas().to_string(index=False))


if __name__ == "__main__":
    main()
