"""One query on every host of a Dask cluster: each walks its own kernel, the cluster puts the tables together.

    dask worker tcp://SCHEDULER:8786            # on each host, with CAP_BPF and CAP_PERFMON, or as root
    python examples/fleet.py tcp://SCHEDULER:8786

Only what the query leaves crosses the network, as Arrow, and only the answer comes here.
"""

from __future__ import annotations

import argparse
import socket

import pyarrow
from dask.distributed import Client, Future

from libbpf_iter import TaskIter

COLUMNS = ["pid", "comm", "uid", "rss", "utime_ns"]
WHERE = "tid == pid and rss > 0"


def walk(columns: list[str], where: str) -> pyarrow.Table:
    """The processes of the host that this runs on, with its name in front."""
    with TaskIter(columns=columns, where=where) as tasks:
        table = pyarrow.table(tasks)
    host = pyarrow.array([socket.gethostname()] * len(table))
    return table.add_column(0, "host", host)


def together(tables: list[pyarrow.Table]) -> pyarrow.Table:
    """In one piece, where memory begins as Arrow wants it: what comes over the network begins anywhere."""
    return pyarrow.concat_tables(tables).combine_chunks()


def of_all_hosts(client: Client, columns: list[str], where: str) -> Future:
    """The table of all hosts, which stays in the cluster; one walk a host, however many workers it has."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    one_of = {worker["host"]: address for address, worker in workers.items()}
    walks = [
        # A walk is of its own moment: an earlier one's result will not do for it.
        client.submit(walk, columns, where, workers=[address], allow_other_workers=False, pure=False)
        for address in one_of.values()
    ]
    return client.submit(together, walks, pure=False)


def by_command(table: pyarrow.Table) -> pyarrow.Table:
    """Who holds most memory, by host."""
    sums = table.group_by(["host", "comm"]).aggregate([("rss", "sum")])
    return sums.sort_by([("rss_sum", "descending")]).slice(0, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scheduler", nargs="?", help="its address; without it, a cluster on this host alone")
    with Client(parser.parse_args().scheduler) as client:
        table = of_all_hosts(client, COLUMNS, WHERE)
        print(client.submit(by_command, table).result().to_pandas().to_string(index=False))


if __name__ == "__main__":
    main()
