"""What each column of the package's own records is. Written by python -m cbuild.stubs."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from .decode import Record
from .values import Device, FileMode, KernelEnum, KernelFlags, KernelPointer, UserPointer

class BpfLink(Record):
    @property
    def id(self) -> int:
        """__u32: the link, for BPF_LINK_GET_FD_BY_ID [id]; from bpf_link.id"""
    @property
    def type(self) -> KernelEnum | int:
        """enum link_type: what its program is attached to; from bpf_link.type"""
    @property
    def prog_id(self) -> int:
        """__u32: the attached program; 0 for a struct_ops link, which has none [id]; from bpf_prog_aux.id"""
    @property
    def prog_name(self) -> str:
        """char[16]: the program's name, at most 15 bytes of it; from bpf_prog_aux.name"""
    @property
    def attach_type(self) -> KernelEnum | int:
        """enum attach_type: how the program was to be attached, said when it was loaded; from bpf_prog.expected_attach_type"""
    @property
    def attach_btf_id(self) -> int:
        """__u32: the traced function or other hook in the BTF it is of, or 0 [BTF type id]; from bpf_prog_aux.attach_btf_id"""
    @property
    def target(self) -> str | None:
        """rec_text: an iterator's target, or the kernel function that is traced; None for other links; from bpf_iter_reg.target, bpf_prog_aux.attach_func_name"""
    @property
    def refcnt(self) -> int:
        """__s64: who holds it, the walk among them [references]; from bpf_link.refcnt"""

class BpfMap(Record):
    @property
    def id(self) -> int:
        """__u32: the map, for BPF_MAP_GET_FD_BY_ID [id]; from bpf_map.id"""
    @property
    def name(self) -> str:
        """char[16]: its name, at most 15 bytes of it; from bpf_map.name"""
    @property
    def type(self) -> KernelEnum | int:
        """enum map_type: kind of map; from bpf_map.map_type"""
    @property
    def key_size(self) -> int:
        """rec_bytes_count32: a key's size [bytes]; from bpf_map.key_size"""
    @property
    def value_size(self) -> int:
        """rec_bytes_count32: a value's size; of a per-CPU map, that of one CPU's value [bytes]; from bpf_map.value_size"""
    @property
    def max_entries(self) -> int:
        """__u32: most elements that it takes; a ring buffer's size in bytes [elements]; from bpf_map.max_entries"""
    @property
    def map_flags(self) -> KernelFlags:
        """rec_flags_map_flag: how it was made: BPF_F_* of include/uapi/linux/bpf.h; from bpf_map.map_flags"""
    @property
    def btf_id(self) -> int:
        """__u32: the BTF that has its types; 0 where it has none [id]; from btf.id"""
    @property
    def btf_key_type_id(self) -> int:
        """__u32: the key's type in that BTF, or 0 [BTF type id]; from bpf_map.btf_key_type_id"""
    @property
    def btf_value_type_id(self) -> int:
        """__u32: the value's type in that BTF, or 0 [BTF type id]; from bpf_map.btf_value_type_id"""
    @property
    def btf_vmlinux_value_type_id(self) -> int:
        """__u32: the value's type in the kernel's BTF, for a struct_ops map; else 0 [BTF type id]; from bpf_map.btf_vmlinux_value_type_id"""
    @property
    def frozen(self) -> bool:
        """_Bool: BPF_MAP_FREEZE was called: user space writes to it no more; from bpf_map.frozen"""
    @property
    def refcnt(self) -> int:
        """__s64: who holds it, the walk among them [references]; from bpf_map.refcnt"""
    @property
    def usercnt(self) -> int:
        """__s64: how many of these are user space's: descriptors and pins [references]; from bpf_map.usercnt"""

class BpfMapElem(Record):
    @property
    def key(self) -> Any:
        """void: the element's key, of the type that the map's BTF says, or bytes; from bpf_iter__bpf_map_elem.key"""
    @property
    def cpu(self) -> int | None:
        """rec_opt_u32: whose value it is, in a per-CPU map; None in a map with one value for all CPUs [CPU]; from bpf_iter__bpf_map_elem.value"""
    @property
    def value(self) -> Any:
        """void: the element's value, of the type that the map's BTF says, or bytes; from bpf_iter__bpf_map_elem.value"""

class BpfProg(Record):
    @property
    def id(self) -> int:
        """__u32: the program, for BPF_PROG_GET_FD_BY_ID [id]; from bpf_prog_aux.id"""
    @property
    def type(self) -> KernelEnum | int:
        """enum prog_type: kind of program; from bpf_prog.type"""
    @property
    def attach_type(self) -> KernelEnum | int:
        """enum attach_type: how it is to be attached, said when it was loaded; from bpf_prog.expected_attach_type"""
    @property
    def name(self) -> str | None:
        """rec_text: its function's name in its BTF, of any length up to 127 bytes; without BTF its own of at most 15; None if it can't be read; from bpf_func_info.type_id, bpf_prog_aux.name"""
    @property
    def attach_to(self) -> str | None:
        """rec_text: the kernel function or other hook it is for; None if it has none; from bpf_prog_aux.attach_func_name"""
    @property
    def attach_btf_id(self) -> int:
        """__u32: that hook in the BTF it is of, or 0 [BTF type id]; from bpf_prog_aux.attach_btf_id"""
    @property
    def tag(self) -> bytes:
        """__u8[8]: a hash of its instructions as they were loaded, 8 bytes; from bpf_prog.tag"""
    @property
    def jited(self) -> bool:
        """_Bool: it was compiled to machine code; from bpf_prog.jited"""
    @property
    def gpl_compatible(self) -> bool:
        """_Bool: its licence lets it call GPL-only helpers; from bpf_prog.gpl_compatible"""
    @property
    def xlated_size(self) -> int:
        """rec_bytes_count32: its instructions after the verifier's rewrites [bytes]; from bpf_prog.len"""
    @property
    def jited_size(self) -> int:
        """rec_bytes_count32: its machine code, all functions together; 0 if there is none [bytes]; from bpf_prog.jited_len"""
    @property
    def verified_insns(self) -> int | None:
        """rec_opt_u32: how many instructions the verifier went through; None on a kernel that has no count of verified instructions (since Linux 5.16) [instructions]; from bpf_prog_aux.verified_insns"""
    @property
    def used_map_cnt(self) -> int:
        """__u32: how many maps it uses [maps]; from bpf_prog_aux.used_map_cnt"""
    @property
    def load_time_ns(self) -> int:
        """rec_ns: when it was loaded, since boot, time asleep included, in the initial time namespace [ns]; from bpf_prog_aux.load_time"""
    @property
    def uid(self) -> int:
        """__u32: who loaded it, in the initial user namespace [id]; from user_struct.uid"""
    @property
    def btf_id(self) -> int:
        """__u32: the BTF that has its types; 0 where it has none [id]; from btf.id"""
    @property
    def refcnt(self) -> int:
        """__s64: who holds it, the walk among them [references]; from bpf_prog_aux.refcnt"""

class BpfSkStorageMap(Record):
    @property
    def family(self) -> int:
        """__u32: address family, of include/linux/socket.h [AF_*]; from sock_common.skc_family"""
    @property
    def protocol(self) -> int:
        """__u32: transport protocol, of include/uapi/linux/in.h [IPPROTO_*]; from sock.sk_protocol"""
    @property
    def type(self) -> int:
        """__u32: kind of socket, of include/linux/net.h [SOCK_*]; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: connection state, of which protocols other than TCP use a part; from sock_common.skc_state"""
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the address it is bound to; 0.0.0.0 or :: for any; None if it is neither IPv4 nor IPv6; from sock_common.skc_rcv_saddr, sock_common.skc_v6_rcv_saddr"""
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the peer's address; 0.0.0.0 or :: without a peer; None if it is neither IPv4 nor IPv6; from sock_common.skc_daddr, sock_common.skc_v6_daddr"""
    @property
    def local_port(self) -> int:
        """rec_port: the port it is bound to, or 0 [port]; from sock_common.skc_num"""
    @property
    def remote_port(self) -> int:
        """rec_port: the peer's port, or 0 [port]; from sock_common.skc_dport"""
    @property
    def uid(self) -> int:
        """__u32: who owns it, in the initial user namespace [id]; from sock.sk_uid"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def ifindex(self) -> int:
        """__u32: index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if"""
    @property
    def value(self) -> Any:
        """void: what the map holds for this socket, of the type that its BTF says, or bytes; from bpf_iter__bpf_sk_storage_map.value"""

class Cgroup(Record):
    @property
    def level(self) -> int:
        """__s32: how deep it is; 0 for the root [levels]; from cgroup.level"""
    @property
    def id(self) -> int:
        """__u64: the group, as its folder in cgroupfs is numbered [inode number]; from kernfs_node.id"""
    @property
    def parent_id(self) -> int:
        """__u64: the group that it is in; 0 for the root [inode number]; from kernfs_node.id"""
    @property
    def path(self) -> str | None:
        """rec_text: from its hierarchy's root, which is /; None if it is deeper than 64 groups or longer than 3,584 bytes; from kernfs_node.name"""
    @property
    def descendants(self) -> int:
        """__s32: groups below it that live [groups]; from cgroup.nr_descendants"""
    @property
    def dying_descendants(self) -> int:
        """__s32: groups below it that were removed, and something still holds [groups]; from cgroup.nr_dying_descendants"""
    @property
    def populated(self) -> bool:
        """_Bool: a task is in it or below; from cgroup.nr_populated_csets, cgroup.nr_populated_domain_children, cgroup.nr_populated_threaded_children"""
    @property
    def frozen(self) -> bool:
        """_Bool: all tasks in it and below are stopped by cgroup.freeze; from cgroup.flags"""
    @property
    def memory_current(self) -> int | None:
        """rec_opt_bytes_count: memory that is charged to it and to those below; None where its memory controller is not enabled; None on a kernel that has no memory controller (CONFIG_MEMCG) [bytes]; from mem_cgroup.memory and page_counter.usage"""
    @property
    def pids_current(self) -> int | None:
        """rec_opt_u64: tasks in it and below, as the pids controller counts; None where that is not enabled; None on a kernel that has no pids controller (CONFIG_CGROUP_PIDS) [tasks]; from pids_cgroup.counter"""

class Dmabuf(Record):
    @property
    def name(self) -> str:
        """char[32]: the name that DMA_BUF_SET_NAME gave it, or empty; from dma_buf.name"""
    @property
    def exporter(self) -> str:
        """char[32]: the driver or heap that made it; from dma_buf.exp_name"""
    @property
    def size(self) -> int:
        """rec_bytes_count: how much memory it is [bytes]; from dma_buf.size"""
    @property
    def inode(self) -> int:
        """__u64: its file's inode, as /proc/PID/fdinfo tells [inode number]; from inode.i_ino"""
    @property
    def references(self) -> int | None:
        """rec_opt_u64: who holds its file; None before Linux 6.13 [references]; from file.f_ref"""

class Ipv6Route(Record):
    @property
    def destination(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the network that it leads to; never None; from fib6_info.fib6_dst"""
    @property
    def source(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the network that packets have to come from; :: with length 0 for any; never None; from fib6_info.fib6_src"""
    @property
    def gateway(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: next hop of its first path, which may be an IPv4 one; None if it leads to a link; from fib_nh_common.nhc_gw"""
    @property
    def prefix_len(self) -> int:
        """__u8: the destination's prefix length [bits]; from rt6key.plen"""
    @property
    def source_prefix_len(self) -> int:
        """__u8: the source's prefix length [bits]; from rt6key.plen"""
    @property
    def device(self) -> str:
        """char[16]: the first path's network device; empty without one; from net_device.name"""
    @property
    def ifindex(self) -> int:
        """__u32: that device's index, or 0 [id]; from net_device.ifindex"""
    @property
    def metric(self) -> int:
        """__u32: of two routes for one network the one with the lower metric is taken [number]; from fib6_info.fib6_metric"""
    @property
    def table(self) -> int:
        """__u32: the routing table that it is in; 254 is main, 255 local [id]; from fib6_table.tb6_id"""
    @property
    def protocol(self) -> KernelEnum | int:
        """enum route_protocol: who made it: the kernel, a router's advertisement, a daemon; from fib6_info.fib6_protocol"""
    @property
    def type(self) -> KernelEnum | int:
        """enum route_type: what it does with packets; from fib6_info.fib6_type"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_route_flag: what it is and who made it, in bits: RTF_* of include/uapi/linux/route.h and ipv6_route.h; from fib6_info.fib6_flags"""
    @property
    def preference(self) -> KernelEnum | int:
        """enum router_preference: how much the router that advertised it is preferred; from fib6_info.fib6_flags"""
    @property
    def nexthop_id(self) -> int:
        """__u32: its nexthop object, or 0 [id]; from nexthop.id"""
    @property
    def refs(self) -> int:
        """__u32: who holds it [references]; from fib6_info.fib6_ref"""
    @property
    def netns(self) -> int:
        """__u32: the device's network namespace [inode number]; from net_device.nd_net and ns_common.inum"""
    @property
    def expires_ns(self) -> int | None:
        """rec_opt_ns: time left until it is removed; None if it stays [ns]; from fib6_info.expires"""

class KmemCache(Record):
    @property
    def name(self) -> str:
        """char[64]: the cache's name, as in /proc/slabinfo; from kmem_cache.name"""
    @property
    def object_size(self) -> int:
        """rec_bytes_count32: an object as its user asked for it [bytes]; from kmem_cache.object_size"""
    @property
    def size(self) -> int:
        """rec_bytes_count32: what an object takes, with padding and what is kept beside it [bytes]; from kmem_cache.size"""
    @property
    def align(self) -> int:
        """rec_bytes_count32: an object's alignment [bytes]; from kmem_cache.align"""
    @property
    def objects_per_slab(self) -> int:
        """__u32: objects in a new slab [objects]; from kmem_cache.oo"""
    @property
    def pages_per_slab(self) -> int:
        """__u32: pages of a new slab [pages]; from kmem_cache.oo"""
    @property
    def flags(self) -> int:
        """__u32: of include/linux/slab.h; their values differ between kernels [SLAB_*]; from kmem_cache.flags"""
    @property
    def refcount(self) -> int:
        """__s32: how many users were merged into this one cache [users]; from kmem_cache.refcount"""
    @property
    def slabs(self) -> int:
        """__u64: its slabs on all memory nodes [slabs]; from kmem_cache_node.nr_slabs"""
    @property
    def total_objects(self) -> int:
        """__u64: objects that these slabs have room for [objects]; from kmem_cache_node.total_objects"""
    @property
    def active_objects(self) -> int | None:
        """rec_opt_u64: of these, objects that are in use or kept for a CPU, as /proc/slabinfo counts; None where more than 10,000 slabs of a node are partly filled [objects]; from kmem_cache_node.partial, slab.inuse"""

class Ksym(Record):
    @property
    def exported(self) -> bool:
        """_Bool: modules may use it (EXPORT_SYMBOL); from kallsym_iter.exported"""
    @property
    def type(self) -> str:
        """char: the letter that nm gives it; of a module's symbols, small if not exported; from kallsym_iter.type"""
    @property
    def address(self) -> KernelPointer:
        """rec_kptr: where it is; kptr_restrict does not hide it here; from kallsym_iter.value"""
    @property
    def seq_num(self) -> int:
        """__u64: its place in this walk, from 0 [number]; from bpf_iter_meta.seq_num"""
    @property
    def name(self) -> str | None:
        """rec_text: its name, as in /proc/kallsyms; None if it can't be read; from kallsym_iter.name"""
    @property
    def module(self) -> str | None:
        """rec_text: the module it is of, or bpf, __builtin__ftrace, __builtin__kprobes; None for the kernel's own; from kallsym_iter.module_name"""

class Netlink(Record):
    @property
    def protocol(self) -> KernelEnum | int:
        """enum netlink_protocol: netlink family; from sock.sk_protocol"""
    @property
    def portid(self) -> int:
        """__u32: its netlink address: 0 for the kernel's socket, else often the pid of who opened it [id]; from netlink_sock.portid"""
    @property
    def groups(self) -> int:
        """__u32: which of the first 32 multicast groups it listens to [mask]; from netlink_sock.groups"""
    @property
    def dst_portid(self) -> int:
        """__u32: the address it is connected to, or 0 [id]; from netlink_sock.dst_portid"""
    @property
    def dst_group(self) -> int:
        """__u32: the multicast group it sends to, from 1, or 0 [id]; from netlink_sock.dst_group"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 for the kernel's [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def rx_queue(self) -> int:
        """rec_bytes_count: memory of what it has not read yet, Rmem of /proc/net/netlink [bytes]; from sock.sk_backlog"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of what it sends and has not handed over yet, Wmem of /proc/net/netlink [bytes]; from sock.sk_wmem_alloc"""
    @property
    def drops(self) -> int:
        """__u32: messages that found no room in it [messages]; from sock.sk_drops, sock.sk_drop_counters"""
    @property
    def refs(self) -> int:
        """__u32: who holds it [references]; from sock_common.skc_refcnt"""
    @property
    def bound(self) -> bool:
        """_Bool: it has an address; from netlink_sock.bound"""
    @property
    def dumping(self) -> bool:
        """_Bool: an answer in several parts is under way; from netlink_sock.cb_running"""

class Sockmap(Record):
    @property
    def key(self) -> Any:
        """void: its key: of a sockmap the index, of a sockhash what its BTF says, or bytes; from bpf_iter__sockmap.key"""
    @property
    def family(self) -> int:
        """__u32: address family, of include/linux/socket.h [AF_*]; from sock_common.skc_family"""
    @property
    def protocol(self) -> int:
        """__u32: transport protocol, of include/uapi/linux/in.h [IPPROTO_*]; from sock.sk_protocol"""
    @property
    def type(self) -> int:
        """__u32: kind of socket, of include/linux/net.h [SOCK_*]; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: connection state, of which protocols other than TCP use a part; from sock_common.skc_state"""
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the address it is bound to; 0.0.0.0 or :: for any; None if it is neither IPv4 nor IPv6; from sock_common.skc_rcv_saddr, sock_common.skc_v6_rcv_saddr"""
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the peer's address; 0.0.0.0 or :: without a peer; None if it is neither IPv4 nor IPv6; from sock_common.skc_daddr, sock_common.skc_v6_daddr"""
    @property
    def local_port(self) -> int:
        """rec_port: the port it is bound to, or 0 [port]; from sock_common.skc_num"""
    @property
    def remote_port(self) -> int:
        """rec_port: the peer's port, or 0 [port]; from sock_common.skc_dport"""
    @property
    def uid(self) -> int:
        """__u32: who owns it, in the initial user namespace [id]; from sock.sk_uid"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def ifindex(self) -> int:
        """__u32: index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if"""

class Task(Record):
    @property
    def tid(self) -> int:
        """__s32: the thread, as the reader's pid namespace numbers it [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), as the reader's pid namespace numbers it [id]; from task_struct.group_leader and upid.nr"""
    @property
    def ppid(self) -> int:
        """__s32: the parent process, as the reader's pid namespace numbers it; 0 where the parent is outside of it [id]; from task_struct.real_parent and upid.nr"""
    @property
    def pgid(self) -> int:
        """__s32: its process group, as the reader's pid namespace numbers it [id]; from signal_struct.pids and upid.nr"""
    @property
    def sid(self) -> int:
        """__s32: its session, as the reader's pid namespace numbers it [id]; from signal_struct.pids and upid.nr"""
    @property
    def global_tid(self) -> int:
        """__s32: the thread, as the initial pid namespace numbers it [id]; from task_struct.pid"""
    @property
    def global_pid(self) -> int:
        """__s32: its process, as the initial pid namespace numbers it [id]; from task_struct.tgid"""
    @property
    def global_ppid(self) -> int:
        """__s32: the parent process, as the initial pid namespace numbers it [id]; from task_struct.real_parent and task_struct.tgid"""
    @property
    def comm(self) -> str:
        """char[16]: the thread's name, at most 15 bytes of it; from task_struct.comm"""
    @property
    def state(self) -> str:
        """char: the letter that ps shows: R runs or waits for a CPU, S sleeps, D sleeps and can't be woken by signals, I idles (a kernel thread), T is stopped, t traced, Z a zombie, X dead, P parked; from task_struct.__state, task_struct.exit_state"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_task_flag: what it is and does, in bits: PF_* of include/linux/sched.h; from task_struct.flags"""
    @property
    def prio(self) -> int:
        """__s32: priority as /proc/PID/stat shows it: nice 0 is 20, real-time ones are below 0 [number]; from task_struct.prio"""
    @property
    def nice(self) -> int:
        """__s32: nice value, -20 (gets more of a CPU) to 19 [number]; from task_struct.static_prio"""
    @property
    def rt_priority(self) -> int:
        """__u32: real-time priority, 1 to 99; 0 under other policies [number]; from task_struct.rt_priority"""
    @property
    def policy(self) -> KernelEnum | int:
        """enum sched_policy: scheduling policy; from task_struct.policy"""
    @property
    def cpu(self) -> int:
        """__u32: where it runs, or ran last [CPU]; from thread_info.cpu"""
    @property
    def threads(self) -> int:
        """__s32: how many threads its process has [threads]; from signal_struct.nr_threads"""
    @property
    def uid(self) -> int:
        """__u32: real user, in the initial user namespace [id]; from cred.uid"""
    @property
    def euid(self) -> int:
        """__u32: effective user, in the initial user namespace [id]; from cred.euid"""
    @property
    def gid(self) -> int:
        """__u32: real group, in the initial user namespace [id]; from cred.gid"""
    @property
    def egid(self) -> int:
        """__u32: effective group, in the initial user namespace [id]; from cred.egid"""
    @property
    def pid_ns(self) -> int:
        """__u32: its pid namespace, as in /proc/PID/ns; 0 for a task that exits [inode number]; from upid.ns and ns_common.inum"""
    @property
    def mnt_ns(self) -> int:
        """__u32: its mount namespace; 0 for a task that exits [inode number]; from nsproxy.mnt_ns and ns_common.inum"""
    @property
    def net_ns(self) -> int:
        """__u32: its network namespace; 0 for a task that exits [inode number]; from nsproxy.net_ns and ns_common.inum"""
    @property
    def uts_ns(self) -> int:
        """__u32: its UTS (host name) namespace; 0 for a task that exits [inode number]; from nsproxy.uts_ns and ns_common.inum"""
    @property
    def ipc_ns(self) -> int:
        """__u32: its IPC namespace; 0 for a task that exits [inode number]; from nsproxy.ipc_ns and ns_common.inum"""
    @property
    def cgroup_ns(self) -> int:
        """__u32: its cgroup namespace; 0 for a task that exits [inode number]; from nsproxy.cgroup_ns and ns_common.inum"""
    @property
    def user_ns(self) -> int:
        """__u32: its user namespace [inode number]; from cred.user_ns and ns_common.inum"""
    @property
    def utime_ns(self) -> int:
        """rec_ns: run time in user mode: the ticks of both modes divide what the scheduler measured, as for /proc/PID/stat [ns]; from task_struct.utime, sched_entity.sum_exec_runtime"""
    @property
    def stime_ns(self) -> int:
        """rec_ns: run time in the kernel, out of the same division [ns]; from task_struct.stime, sched_entity.sum_exec_runtime"""
    @property
    def runtime_ns(self) -> int:
        """rec_ns: run time, as the scheduler measured it [ns]; from sched_entity.sum_exec_runtime"""
    @property
    def start_time_ns(self) -> int:
        """rec_ns: when it was made, since boot, time asleep included, in the initial time namespace [ns]; from task_struct.start_boottime"""
    @property
    def vsize(self) -> int:
        """rec_bytes_count: address space of its process; 0 for a kernel thread and a zombie [bytes]; from mm_struct.total_vm"""
    @property
    def rss(self) -> int:
        """rec_bytes_count: memory of its process that is in RAM, as /proc/PID/stat counts it: without what a CPU has not added yet; 0 for a kernel thread and a zombie [bytes]; from mm_struct.rss_stat"""
    @property
    def minor_faults(self) -> int:
        """__u64: page faults that needed no reading from storage [faults]; from task_struct.min_flt"""
    @property
    def major_faults(self) -> int:
        """__u64: page faults that waited for storage [faults]; from task_struct.maj_flt"""
    @property
    def voluntary_switches(self) -> int:
        """__u64: times it gave up the CPU, to wait for something [switches]; from task_struct.nvcsw"""
    @property
    def involuntary_switches(self) -> int:
        """__u64: times the CPU was taken from it [switches]; from task_struct.nivcsw"""
    @property
    def read_bytes(self) -> int | None:
        """rec_opt_bytes_count: what it had read from storage; None on a kernel that has no I/O accounting (CONFIG_TASK_IO_ACCOUNTING) [bytes]; from task_io_accounting.read_bytes"""
    @property
    def write_bytes(self) -> int | None:
        """rec_opt_bytes_count: what it had written to storage, counted when a page becomes dirty; None on a kernel that has no I/O accounting (CONFIG_TASK_IO_ACCOUNTING) [bytes]; from task_io_accounting.write_bytes"""
    @property
    def cgroup_id(self) -> int:
        """__u64: its group in the unified hierarchy [inode number]; from css_set.dfl_cgrp and kernfs_node.id"""
    @property
    def open_fds(self) -> int | None:
        """rec_opt_u32, when asked for: descriptors that its process has open; None for a task that exits and for one with room for more than a million; None on a kernel that has no safe calls inside of a BPF program (since Linux 5.12) [descriptors]; from fdtable.open_fds"""
    @property
    def exe(self) -> str | None:
        """rec_text, when asked for: the program that it runs, as readlink of /proc/PID/exe shows it; None for a kernel thread and a zombie, and for more than 4,095 bytes; None on a kernel that has no bpf_d_path() for iterators (since Linux 5.12); from mm_struct.exe_file"""
    @property
    def cwd(self) -> str | None:
        """rec_text, when asked for: its working directory, as readlink of /proc/PID/cwd shows it; None for a task that exits, and for more than 4,095 bytes; None on a kernel that has no bpf_d_path() for iterators (since Linux 5.12); from fs_struct.pwd"""
    @property
    def cmdline(self) -> tuple[str, ...] | None:
        """rec_user_args, when asked for: its arguments, of the first 4,096 bytes of them; None for a kernel thread and a zombie, and for memory that can't be read; None on a kernel that has no way to a task's own memory (since Linux 5.18); from mm_struct.arg_start, mm_struct.arg_end"""
    @property
    def stack(self) -> tuple[KernelPointer, ...] | None:
        """rec_kptrs, when asked for: addresses on its kernel stack, the innermost first, at most 127; None where the kernel gives none; from task_struct.stack"""

class TaskFile(Record):
    @property
    def tid(self) -> int:
        """__s32: the thread, as the reader's pid namespace numbers it [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), as the reader's pid namespace numbers it [id]; from task_struct.group_leader and upid.nr"""
    @property
    def comm(self) -> str:
        """char[16]: the thread's name, at most 15 bytes of it; from task_struct.comm"""
    @property
    def fd(self) -> int:
        """__u32: the descriptor [id]; from bpf_iter__task_file.fd"""
    @property
    def kind(self) -> KernelEnum | int:
        """enum file_kind: what the file is; ANON is an eventfd, epoll, BPF object …, of which the path says more; from inode.i_mode, super_block.s_magic"""
    @property
    def mode(self) -> FileMode:
        """rec_mode: the inode's type and permissions; from inode.i_mode"""
    @property
    def flags(self) -> int:
        """__u32: how it was opened, as in /proc/PID/fdinfo but without O_CLOEXEC [O_*]; from file.f_flags"""
    @property
    def pos(self) -> int:
        """__s64: where the next read or write is [bytes]; from file.f_pos"""
    @property
    def size(self) -> int:
        """rec_bytes_count: the inode's size [bytes]; from inode.i_size"""
    @property
    def inode(self) -> int:
        """__u64: its inode [inode number]; from inode.i_ino"""
    @property
    def device(self) -> Device:
        """rec_dev: the device that the inode is on, as st_dev of stat(2); from super_block.s_dev"""
    @property
    def rdevice(self) -> Device:
        """rec_dev: the device that the inode is, for a device file, as st_rdev of stat(2); from inode.i_rdev"""
    @property
    def path(self) -> str | None:
        """rec_text: as readlink of /proc/PID/fd shows it; None for more than 4,095 bytes; None on a kernel that has no bpf_d_path() for iterators (since Linux 5.12); from file.f_path"""

class TaskVma(Record):
    @property
    def tid(self) -> int:
        """__s32: the thread, as the reader's pid namespace numbers it [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), as the reader's pid namespace numbers it [id]; from task_struct.group_leader and upid.nr"""
    @property
    def comm(self) -> str:
        """char[16]: the thread's name, at most 15 bytes of it; from task_struct.comm"""
    @property
    def start(self) -> UserPointer:
        """rec_uptr: its first address; from vm_area_struct.vm_start"""
    @property
    def end(self) -> UserPointer:
        """rec_uptr: the first address behind it; from vm_area_struct.vm_end"""
    @property
    def permissions(self) -> str:
        """char[8]: as in /proc/PID/maps: r, w, x, and p for private or s for shared; from vm_area_struct.vm_flags"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_vm_flag: VM_* of include/linux/mm.h, as VmFlags of /proc/PID/smaps; from vm_area_struct.vm_flags"""
    @property
    def offset(self) -> int:
        """__u64: where in the file it begins; 0 without a file [bytes]; from vm_area_struct.vm_pgoff"""
    @property
    def inode(self) -> int:
        """__u64: the file's inode; 0 without a file [inode number]; from inode.i_ino"""
    @property
    def device(self) -> Device:
        """rec_dev: the device that the inode is on, as st_dev of stat(2); 0 without a file; from super_block.s_dev"""
    @property
    def path(self) -> str | None:
        """rec_text: a file's path, or as in /proc/PID/maps [heap], [stack], [vdso], [anon:NAME] …; None for other memory; from vm_area_struct.vm_file, vm_area_struct.vm_ops, vm_area_struct.anon_name"""

class Tcp(Record):
    @property
    def family(self) -> KernelEnum | int:
        """enum address_family: address family; from sock_common.skc_family"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: connection state; from sock_common.skc_state, inet_timewait_sock.tw_substate"""
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the address it is bound to; 0.0.0.0 or :: for any; never None; from sock_common.skc_rcv_saddr, sock_common.skc_v6_rcv_saddr"""
    @property
    def local_port(self) -> int:
        """rec_port: the port it is bound to, or 0 [port]; from sock_common.skc_num"""
    @property
    def remote_port(self) -> int:
        """rec_port: the peer's port, or 0 [port]; from sock_common.skc_dport"""
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the peer's address; 0.0.0.0 or :: without a peer; never None; from sock_common.skc_daddr, sock_common.skc_v6_daddr"""
    @property
    def uid(self) -> int | None:
        """rec_opt_u32: who owns it, in the user namespace of who opened the iterator; a request has its listener's; None for TIME_WAIT [id]; from bpf_iter__tcp.uid"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def ifindex(self) -> int:
        """__u32: index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if"""
    @property
    def mark(self) -> int:
        """__u32: SO_MARK, which routing and firewall rules may look at [number]; from sock.sk_mark"""
    @property
    def reuse_addr(self) -> bool:
        """_Bool: SO_REUSEADDR is set; from sock_common.skc_reuse"""
    @property
    def reuse_port(self) -> bool:
        """_Bool: SO_REUSEPORT is set; from sock_common.skc_reuseport"""
    @property
    def rx_queue(self) -> int:
        """rec_bytes_count: received and not yet read; 0 for a listener [bytes]; from tcp_sock.rcv_nxt, tcp_sock.copied_seq"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: written and not yet acknowledged; 0 for a listener [bytes]; from tcp_sock.write_seq, tcp_sock.snd_una"""
    @property
    def backlog(self) -> int | None:
        """rec_opt_u32: connections that wait for accept(); None if it doesn't listen [connections]; from sock.sk_ack_backlog"""
    @property
    def backlog_max(self) -> int | None:
        """rec_opt_u32: how many may wait; None if it doesn't listen [connections]; from sock.sk_max_ack_backlog"""
    @property
    def timer(self) -> KernelEnum | int:
        """enum tcp_timer: the timer that runs next, as /proc/net/tcp numbers them; from inet_connection_sock.icsk_pending, sock.sk_timer"""
    @property
    def timer_expires_ns(self) -> int | None:
        """rec_opt_ns: time left until then, in whole ticks of the kernel; None without a timer [ns]; from timer_list.expires"""
    @property
    def congestion(self) -> str:
        """char[16]: congestion control's name; empty for TIME_WAIT and for a request; from tcp_congestion_ops.name"""
    @property
    def cwnd(self) -> int | None:
        """rec_opt_u32: congestion window; None for TIME_WAIT and for a request [packets]; from tcp_sock.snd_cwnd"""
    @property
    def ssthresh(self) -> int | None:
        """rec_opt_u32: where slow start ends; None while there is no limit, for TIME_WAIT and for a request [packets]; from tcp_sock.snd_ssthresh"""
    @property
    def srtt_ns(self) -> int | None:
        """rec_opt_ns: smoothed round-trip time; None for TIME_WAIT and for a request [ns]; from tcp_sock.srtt_us"""
    @property
    def rttvar_ns(self) -> int | None:
        """rec_opt_ns: its mean deviation; None for TIME_WAIT and for a request [ns]; from tcp_sock.mdev_us"""
    @property
    def rto_ns(self) -> int | None:
        """rec_opt_ns: retransmission timeout; None for TIME_WAIT and for a request [ns]; from inet_connection_sock.icsk_rto"""
    @property
    def retransmits(self) -> int:
        """__u32: timeouts in a row that were not answered [timeouts]; from inet_connection_sock.icsk_retransmits"""
    @property
    def total_retrans(self) -> int | None:
        """rec_opt_u32: segments that were sent again, in all; None for TIME_WAIT and for a request [segments]; from tcp_sock.total_retrans"""
    @property
    def bytes_acked(self) -> int | None:
        """rec_opt_bytes_count: sent and acknowledged; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_acked"""
    @property
    def bytes_received(self) -> int | None:
        """rec_opt_bytes_count: received in order; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_received"""
    @property
    def bytes_sent(self) -> int | None:
        """rec_opt_bytes_count: sent, repetitions included; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_sent"""
    @property
    def segs_in(self) -> int | None:
        """rec_opt_u32: segments that came in; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_in"""
    @property
    def segs_out(self) -> int | None:
        """rec_opt_u32: segments that went out; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_out"""
    @property
    def mss(self) -> int | None:
        """rec_opt_u32: largest segment that it sends now; None for TIME_WAIT and for a request [bytes]; from tcp_sock.mss_cache"""
    @property
    def snd_wnd(self) -> int | None:
        """rec_opt_bytes_count32: the window that the peer offers; None for TIME_WAIT and for a request [bytes]; from tcp_sock.snd_wnd"""
    @property
    def rcv_wnd(self) -> int | None:
        """rec_opt_bytes_count32: the window that is offered to the peer; None for TIME_WAIT and for a request [bytes]; from tcp_sock.rcv_wnd"""

class Udp(Record):
    @property
    def family(self) -> KernelEnum | int:
        """enum address_family: address family; from sock_common.skc_family"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: TCP_ESTABLISHED: connected; TCP_CLOSE: not; from sock_common.skc_state"""
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the address it is bound to; 0.0.0.0 or :: for any; never None; from sock_common.skc_rcv_saddr, sock_common.skc_v6_rcv_saddr"""
    @property
    def local_port(self) -> int:
        """rec_port: the port it is bound to, or 0 [port]; from sock_common.skc_num"""
    @property
    def remote_port(self) -> int:
        """rec_port: the peer's port, or 0 [port]; from sock_common.skc_dport"""
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the peer's address; 0.0.0.0 or :: without a peer; never None; from sock_common.skc_daddr, sock_common.skc_v6_daddr"""
    @property
    def uid(self) -> int:
        """__u32: who owns it, in the user namespace of who opened the iterator [id]; from bpf_iter__udp.uid"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 without a file [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def ifindex(self) -> int:
        """__u32: index of the device it is bound to (SO_BINDTODEVICE), or 0 [id]; from sock_common.skc_bound_dev_if"""
    @property
    def mark(self) -> int:
        """__u32: SO_MARK, which routing and firewall rules may look at [number]; from sock.sk_mark"""
    @property
    def reuse_addr(self) -> bool:
        """_Bool: SO_REUSEADDR is set; from sock_common.skc_reuse"""
    @property
    def reuse_port(self) -> bool:
        """_Bool: SO_REUSEPORT is set; from sock_common.skc_reuseport"""
    @property
    def rx_queue(self) -> int:
        """rec_bytes_count: memory of what it has not read yet, as the kernel accounts it [bytes]; from sock.sk_backlog, udp_sock.forward_deficit"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of what has not left the machine yet [bytes]; from sock.sk_wmem_alloc"""
    @property
    def drops(self) -> int:
        """__u32: datagrams that found no room in it [datagrams]; from sock.sk_drops, sock.sk_drop_counters"""
    @property
    def bucket(self) -> int:
        """__s32: place in the hash table that is walked, which need not be that of /proc/net/udp [number]; from bpf_iter__udp.bucket"""

class Unix(Record):
    @property
    def type(self) -> KernelEnum | int:
        """enum sock_type: kind of socket; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: TCP_ESTABLISHED, TCP_LISTEN or TCP_CLOSE, as ss has it; from sock_common.skc_state"""
    @property
    def socket_state(self) -> KernelEnum | int:
        """enum socket_state: the state that /proc/net/unix shows; from sock.sk_socket, sock_common.skc_state"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_unix_flag: the flags that /proc/net/unix shows; from sock_common.skc_state"""
    @property
    def shutdown(self) -> KernelFlags:
        """rec_flags_sock_shutdown: which directions are closed; from sock.sk_shutdown"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 before accept() [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def peer_inode(self) -> int:
        """__u64: the peer's inode; 0 without a peer [inode number]; from unix_sock.peer and inode.i_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def uid(self) -> int:
        """__u32: who owns it, in the user namespace of who opened the iterator [id]; from bpf_iter__unix.uid"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def rx_queue(self) -> int | None:
        """rec_opt_bytes_count: not yet read, as SIOCINQ tells; None for more than 256 packets, which are not counted [bytes]; from unix_sock.inq_len, sk_buff.len"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of what the peer has not read yet [bytes]; from sock.sk_wmem_alloc"""
    @property
    def backlog(self) -> int | None:
        """rec_opt_u32: connections that wait for accept(); None if it doesn't listen [connections]; from sk_buff_head.qlen"""
    @property
    def backlog_max(self) -> int | None:
        """rec_opt_u32: how many may wait; None if it doesn't listen [connections]; from sock.sk_max_ack_backlog"""
    @property
    def refs(self) -> int:
        """__u32: who holds it; from Linux 5.18 on the walk among them [references]; from sock_common.skc_refcnt"""
    @property
    def path(self) -> str | None:
        """rec_text: its address in the file system; None if it has none; from unix_sock.addr"""
    @property
    def abstract(self) -> str | None:
        """rec_text: its abstract address, without the NUL that it begins with; None if it has none; from unix_sock.addr"""
