"""What a table shows of each target, and examples of command lines. Imports nothing of ours.

JSON, CSV and Arrow have all columns but those that are only computed on request; these are for tables.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["VIEWS", "View"]


class View(NamedTuple):
    columns: tuple[str, ...]  # most important first, since the last ones are left out of a narrow terminal
    key: tuple[str, ...]  # the columns by which an object is found again in another walk
    examples: tuple[str, ...]  # command lines, without the command's name


VIEWS = {
    "task": View(
        (
            "tid",
            "pid",
            "comm",
            "state",
            "uid",
            "rss",
            "utime_ns",
            "stime_ns",
            "cpu",
            "threads",
            "start_time_ns",
        ),
        ("tid",),
        (
            "task --sort -rss --limit 10",
            "task --where 'rss > 1e8' --columns tid,comm,rss,cmdline",
            "task --columns 'tid,pages=mm.total_vm,parent=real_parent.comm'",
            "task --where 'utime_ns > limit' --param limit=1000000000",
            "task --pid $$ --format json",
        ),
    ),
    "task_file": View(
        ("tid", "comm", "fd", "kind", "path", "size", "inode"),
        ("tid", "fd"),
        (
            "task_file --pid $$",
            "task-file --where \"kind == 'SOCKET'\" --columns pid,fd,inode",
        ),
    ),
    "task_vma": View(
        ("tid", "comm", "start", "end", "permissions", "path", "offset"),
        ("tid", "start"),
        (
            "task_vma --pid $$ --columns start,end,permissions,path",
            "task_vma --tid $$ --where \"permissions.startswith('rwx')\"",
        ),
    ),
    "bpf_map": View(
        ("id", "name", "type", "key_size", "value_size", "max_entries", "refcnt"),
        ("id",),
        ("bpf_map --sort type,-max_entries", "bpf_map --where 'max_entries > 1000' --format json"),
    ),
    "bpf_prog": View(
        ("id", "name", "type", "attach_to", "jited_size", "verified_insns", "load_time_ns", "uid"),
        ("id",),
        ("bpf_prog --sort -verified_insns --limit 5", "bpf_prog --columns id,name,tag"),
    ),
    "bpf_link": View(
        ("id", "type", "prog_id", "prog_name", "attach_type", "target"),
        ("id",),
        ("bpf_link", "bpf_link --format ndjson"),
    ),
    "bpf_map_elem": View((), ("key", "cpu"), ("bpf_map_elem --map my_map --sort key",)),
    "bpf_sk_storage_map": View(
        ("local_addr", "local_port", "remote_addr", "remote_port", "state", "value"),
        ("cookie",),
        ("bpf_sk_storage_map --map my_storage",),
    ),
    "sockmap": View(
        ("key", "local_addr", "local_port", "remote_addr", "remote_port", "state"),
        ("key",),
        ("sockmap --map my_sockmap",),
    ),
    "tcp": View(
        (
            "state",
            "local_addr",
            "local_port",
            "remote_addr",
            "remote_port",
            "uid",
            "rx_queue",
            "tx_queue",
            "inode",
        ),
        ("cookie",),
        (
            "tcp --netns all",
            "tcp --where \"state == 'TCP_LISTEN' and local_port < 1024\"",
            "tcp --columns local_port,remote_addr,srtt_ns --sort -srtt_ns",
        ),
    ),
    "udp": View(
        ("local_addr", "local_port", "remote_addr", "remote_port", "uid", "rx_queue", "drops", "inode"),
        ("cookie",),
        ("udp --netns all --sort local_port",),
    ),
    "unix": View(
        ("type", "state", "path", "abstract", "inode", "peer_inode", "uid"),
        ("cookie",),
        ("unix --sort path",),
    ),
    "netlink": View(
        ("protocol", "portid", "groups", "rx_queue", "drops", "inode"),
        ("cookie",),
        ("netlink --where 'drops > 0'", "netlink --netns all --format csv"),
    ),
    "ipv6_route": View(
        ("destination", "prefix_len", "gateway", "device", "metric", "table", "type", "protocol"),
        ("destination", "prefix_len", "table", "metric", "ifindex", "gateway", "netns"),
        ("ipv6_route --sort table,metric",),
    ),
    "ksym": View(
        ("address", "type", "name", "module"),
        ("address", "name"),
        ("ksym --where \"name.startswith('bpf_iter_')\"", "ksym --limit 5 --format ndjson"),
    ),
    "cgroup": View(
        ("path", "id", "descendants", "populated", "pids_current", "memory_current"),
        ("id",),
        (
            "cgroup --sort -memory_current --limit 10",
            "cgroup --order self_only --format json",
        ),
    ),
    "kmem_cache": View(
        ("name", "object_size", "objects_per_slab", "slabs", "total_objects", "active_objects"),
        ("name",),
        ("kmem_cache --sort -total_objects --limit 10",),
    ),
    "dmabuf": View((), ("inode",), ("dmabuf --sort -size",)),
}
