"""An agent whose /metrics are walks of the kernel, one a scrape and an iterator.

    sudo python examples/prometheus_agent.py --port 9123

Privileges can stay with whoever pins the iterators once:

    sudo libbpf-iter pin task /sys/fs/bpf/tasks --mode 444
    python examples/prometheus_agent.py --pin /sys/fs/bpf/tasks    # as anyone
"""

import argparse
import threading

from prometheus_client import CollectorRegistry, start_http_server

from libbpf_iter import PinnedIter, TaskIter, TcpIter, metrics

TASKS = [
    metrics.count(by="state"),
    metrics.distinct("pid", name="processes"),
    metrics.sum("voluntary_switches", by="uid"),
]
SOCKETS = [metrics.count(by=["state", "family"])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=9123)
    parser.add_argument("--pin", help="a pinned task iterator, which takes no privilege")
    arguments = parser.parse_args()

    registry = CollectorRegistry()
    if arguments.pin:
        tasks = PinnedIter(arguments.pin)
        registry.register(metrics.prometheus(metrics.Metrics(tasks, *TASKS)))
    else:
        tasks = TaskIter(columns=["state", "pid", "uid", "voluntary_switches"])
        registry.register(metrics.prometheus(metrics.Metrics(tasks, *TASKS)))
        sockets = TcpIter(columns=["state", "family"], netns="all")
        registry.register(metrics.prometheus(metrics.Metrics(sockets, *SOCKETS)))
    server, _ = start_http_server(arguments.port, addr="127.0.0.1", registry=registry)
    print(f"http://127.0.0.1:{server.server_port}/metrics", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
