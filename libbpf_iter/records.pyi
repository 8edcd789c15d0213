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
        """enum link_type: the type of the link; from bpf_link.type"""
    @property
    def prog_id(self) -> int:
        """__u32: the attached program; 0 for a struct_ops link, which has none [id]; from bpf_prog_aux.id"""
    @property
    def prog_name(self) -> str:
        """char[16]: the program's name, at most 15 bytes of it; from bpf_prog_aux.name"""
    @property
    def attach_type(self) -> KernelEnum | int:
        """enum attach_type: the attach type that its program was loaded with; from bpf_prog.expected_attach_type"""
    @property
    def attach_btf_id(self) -> int:
        """__u32: the function or other hook that it is attached to, in the BTF that has it; or 0 [BTF type id]; from bpf_prog_aux.attach_btf_id"""
    @property
    def target(self) -> str | None:
        """rec_text: an iterator's target, or the kernel function that is traced; None for other links; from bpf_iter_reg.target, bpf_prog_aux.attach_func_name"""
    @property
    def refcnt(self) -> int:
        """__s64: references to it, the walk's own included [references]; from bpf_link.refcnt"""

class BpfMap(Record):
    @property
    def id(self) -> int:
        """__u32: the map, for BPF_MAP_GET_FD_BY_ID [id]; from bpf_map.id"""
    @property
    def name(self) -> str:
        """char[16]: its name, at most 15 bytes of it; from bpf_map.name"""
    @property
    def type(self) -> KernelEnum | int:
        """enum map_type: the type of the map; from bpf_map.map_type"""
    @property
    def key_size(self) -> int:
        """rec_bytes_count32: the size of a key [bytes]; from bpf_map.key_size"""
    @property
    def value_size(self) -> int:
        """rec_bytes_count32: the size of a value; in a per-CPU map, of one CPU's value [bytes]; from bpf_map.value_size"""
    @property
    def max_entries(self) -> int:
        """__u32: how many elements it can have; for a ring buffer, its size in bytes [elements]; from bpf_map.max_entries"""
    @property
    def map_flags(self) -> KernelFlags:
        """rec_flags_map_flag: the flags that it was created with: BPF_F_* of include/uapi/linux/bpf.h; from bpf_map.map_flags"""
    @property
    def btf_id(self) -> int:
        """__u32: the BTF that has its types; 0 if there is none [id]; from btf.id"""
    @property
    def btf_key_type_id(self) -> int:
        """__u32: the type of its keys in that BTF, or 0 [BTF type id]; from bpf_map.btf_key_type_id"""
    @property
    def btf_value_type_id(self) -> int:
        """__u32: the type of its values in that BTF, or 0 [BTF type id]; from bpf_map.btf_value_type_id"""
    @property
    def btf_vmlinux_value_type_id(self) -> int:
        """__u32: for a struct_ops map, the type of its values in the kernel's BTF; else 0 [BTF type id]; from bpf_map.btf_vmlinux_value_type_id"""
    @property
    def frozen(self) -> bool:
        """_Bool: BPF_MAP_FREEZE was called, so user space can't write to it any more; from bpf_map.frozen"""
    @property
    def refcnt(self) -> int:
        """__s64: references to it, the walk's own included [references]; from bpf_map.refcnt"""
    @property
    def usercnt(self) -> int:
        """__s64: how many of these user space holds, as descriptors and pins [references]; from bpf_map.usercnt"""

class BpfMapElem(Record):
    @property
    def key(self) -> Any:
        """void: the key, typed by the map's BTF; bytes if it has none; from bpf_iter__bpf_map_elem.key"""
    @property
    def cpu(self) -> int | None:
        """rec_opt_u32: the CPU that the value belongs to, in a per-CPU map; None in any other map [CPU]; from bpf_iter__bpf_map_elem.value"""
    @property
    def value(self) -> Any:
        """void: the value, typed by the map's BTF; bytes if it has none; from bpf_iter__bpf_map_elem.value"""

class BpfProg(Record):
    @property
    def id(self) -> int:
        """__u32: the program, for BPF_PROG_GET_FD_BY_ID [id]; from bpf_prog_aux.id"""
    @property
    def type(self) -> KernelEnum | int:
        """enum prog_type: the type of the program; from bpf_prog.type"""
    @property
    def attach_type(self) -> KernelEnum | int:
        """enum attach_type: the attach type that it was loaded with; from bpf_prog.expected_attach_type"""
    @property
    def name(self) -> str | None:
        """rec_text: the name of its main function in its BTF, up to 127 bytes of it; without BTF its own name, up to 15; None if it can't be read; from bpf_func_info.type_id, bpf_prog_aux.name"""
    @property
    def attach_to(self) -> str | None:
        """rec_text: the kernel function or other hook that it is for; None if there is none; from bpf_prog_aux.attach_func_name"""
    @property
    def attach_btf_id(self) -> int:
        """__u32: that hook, in the BTF that has it; or 0 [BTF type id]; from bpf_prog_aux.attach_btf_id"""
    @property
    def tag(self) -> bytes:
        """__u8[8]: a hash of its instructions as they were loaded, 8 bytes; from bpf_prog.tag"""
    @property
    def jited(self) -> bool:
        """_Bool: it was compiled to machine code; from bpf_prog.jited"""
    @property
    def gpl_compatible(self) -> bool:
        """_Bool: its licence allows it to call GPL-only helpers; from bpf_prog.gpl_compatible"""
    @property
    def xlated_size(self) -> int:
        """rec_bytes_count32: the size of its instructions after the verifier has rewritten them [bytes]; from bpf_prog.len"""
    @property
    def jited_size(self) -> int:
        """rec_bytes_count32: the size of its machine code, all functions together; 0 if it was not compiled [bytes]; from bpf_prog.jited_len"""
    @property
    def verified_insns(self) -> int | None:
        """rec_opt_u32: how many instructions the verifier processed; None on a kernel that has no count of verified instructions (since Linux 5.16) [instructions]; from bpf_prog_aux.verified_insns"""
    @property
    def used_map_cnt(self) -> int:
        """__u32: how many maps it uses [maps]; from bpf_prog_aux.used_map_cnt"""
    @property
    def load_time_ns(self) -> int:
        """rec_ns: when it was loaded: time since boot, suspend included, in the initial time namespace [ns]; from bpf_prog_aux.load_time"""
    @property
    def uid(self) -> int:
        """__u32: who loaded it, in the initial user namespace [id]; from user_struct.uid"""
    @property
    def btf_id(self) -> int:
        """__u32: the BTF that has its types; 0 if there is none [id]; from btf.id"""
    @property
    def refcnt(self) -> int:
        """__s64: references to it, the walk's own included [references]; from bpf_prog_aux.refcnt"""

class BpfSkStorageMap(Record):
    @property
    def family(self) -> int:
        """__u32: address family, of include/linux/socket.h [AF_*]; from sock_common.skc_family"""
    @property
    def protocol(self) -> int:
        """__u32: transport protocol, of include/uapi/linux/in.h [IPPROTO_*]; from sock.sk_protocol"""
    @property
    def type(self) -> int:
        """__u32: type of socket, of include/linux/net.h [SOCK_*]; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: its state; protocols other than TCP use only some of them; from sock_common.skc_state"""
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
        """void: what the map holds for this socket, typed by the map's BTF; bytes if it has none; from bpf_iter__bpf_sk_storage_map.value"""

class Cgroup(Record):
    @property
    def level(self) -> int:
        """__s32: its depth in the hierarchy; 0 for the root [levels]; from cgroup.level"""
    @property
    def id(self) -> int:
        """__u64: its id, which is the inode number of its directory in cgroupfs [inode number]; from kernfs_node.id"""
    @property
    def parent_id(self) -> int:
        """__u64: the id of its parent; 0 for the root [inode number]; from kernfs_node.id"""
    @property
    def path(self) -> str | None:
        """rec_text: its path from the root of its hierarchy, which is /; None if it is nested deeper than 64 levels, or longer than 3,584 bytes; from kernfs_node.name"""
    @property
    def descendants(self) -> int:
        """__s32: how many live cgroups there are below it [cgroups]; from cgroup.nr_descendants"""
    @property
    def dying_descendants(self) -> int:
        """__s32: how many cgroups below it were removed, but are still referenced [cgroups]; from cgroup.nr_dying_descendants"""
    @property
    def populated(self) -> bool:
        """_Bool: there is a task in it or below it; from cgroup.nr_populated_csets, cgroup.nr_populated_domain_children, cgroup.nr_populated_threaded_children"""
    @property
    def frozen(self) -> bool:
        """_Bool: cgroup.freeze has stopped all tasks in it and below it; from cgroup.flags"""
    @property
    def memory_current(self) -> int | None:
        """rec_opt_bytes_count: memory charged to it and to cgroups below it; None if its memory controller isn't enabled; None on a kernel that has no memory controller (CONFIG_MEMCG) [bytes]; from mem_cgroup.memory and page_counter.usage"""
    @property
    def pids_current(self) -> int | None:
        """rec_opt_u64: tasks in it and below it, as the pids controller counts them; None if that is not enabled; None on a kernel that has no pids controller (CONFIG_CGROUP_PIDS) [tasks]; from pids_cgroup.counter"""

class Dmabuf(Record):
    @property
    def name(self) -> str:
        """char[32]: the name that DMA_BUF_SET_NAME gave it, or empty; from dma_buf.name"""
    @property
    def exporter(self) -> str:
        """char[32]: the driver or heap that made it; from dma_buf.exp_name"""
    @property
    def size(self) -> int:
        """rec_bytes_count: its size [bytes]; from dma_buf.size"""
    @property
    def inode(self) -> int:
        """__u64: the inode of its file, as in /proc/PID/fdinfo [inode number]; from inode.i_ino"""
    @property
    def references(self) -> int | None:
        """rec_opt_u64: references to its file; None before Linux 6.13 [references]; from file.f_ref"""

class Ipv6Route(Record):
    @property
    def destination(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the network that it leads to; never None; from fib6_info.fib6_dst"""
    @property
    def source(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the network that packets have to come from; :: with length 0 for any; never None; from fib6_info.fib6_src"""
    @property
    def gateway(self) -> IPv4Address | IPv6Address | None:
        """rec_ip: the next hop of its first path, which may be an IPv4 address; None if it has no gateway; from fib_nh_common.nhc_gw"""
    @property
    def prefix_len(self) -> int:
        """__u8: the prefix length of the destination [bits]; from rt6key.plen"""
    @property
    def source_prefix_len(self) -> int:
        """__u8: the prefix length of the source [bits]; from rt6key.plen"""
    @property
    def device(self) -> str:
        """char[16]: the network device of its first path; empty if it has none; from net_device.name"""
    @property
    def ifindex(self) -> int:
        """__u32: the index of that device, or 0 [id]; from net_device.ifindex"""
    @property
    def metric(self) -> int:
        """__u32: of two routes to the same network, the one with the lower metric is taken [number]; from fib6_info.fib6_metric"""
    @property
    def table(self) -> int:
        """__u32: the routing table that it is in: 254 is main, 255 is local [id]; from fib6_table.tb6_id"""
    @property
    def protocol(self) -> KernelEnum | int:
        """enum route_protocol: what made it: the kernel, a router advertisement, a daemon; from fib6_info.fib6_protocol"""
    @property
    def type(self) -> KernelEnum | int:
        """enum route_type: what it does with packets; from fib6_info.fib6_type"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_route_flag: its flags: RTF_* of include/uapi/linux/route.h and ipv6_route.h; from fib6_info.fib6_flags"""
    @property
    def preference(self) -> KernelEnum | int:
        """enum router_preference: the preference of the router that advertised it; from fib6_info.fib6_flags"""
    @property
    def nexthop_id(self) -> int:
        """__u32: the id of its nexthop object, or 0 [id]; from nexthop.id"""
    @property
    def refs(self) -> int:
        """__u32: references to it [references]; from fib6_info.fib6_ref"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace of the device [inode number]; from net_device.nd_net and ns_common.inum"""
    @property
    def expires_ns(self) -> int | None:
        """rec_opt_ns: time left until it expires; None if it doesn't [ns]; from fib6_info.expires"""

class KmemCache(Record):
    @property
    def name(self) -> str:
        """char[64]: the cache's name, as in /proc/slabinfo; from kmem_cache.name"""
    @property
    def object_size(self) -> int:
        """rec_bytes_count32: the size of an object, as the cache's user asked for [bytes]; from kmem_cache.object_size"""
    @property
    def size(self) -> int:
        """rec_bytes_count32: the memory that an object takes, with padding and metadata [bytes]; from kmem_cache.size"""
    @property
    def align(self) -> int:
        """rec_bytes_count32: the alignment of an object [bytes]; from kmem_cache.align"""
    @property
    def objects_per_slab(self) -> int:
        """__u32: how many objects a new slab has [objects]; from kmem_cache.oo"""
    @property
    def pages_per_slab(self) -> int:
        """__u32: how many pages a new slab has [pages]; from kmem_cache.oo"""
    @property
    def flags(self) -> int:
        """__u32: its flags: SLAB_* of include/linux/slab.h; which bit is which differs between kernels, whose BTF numbers them in enum _slab_flag_bits [SLAB_*]; from kmem_cache.flags"""
    @property
    def refcount(self) -> int:
        """__s32: how many users share it, since similar caches are merged [users]; from kmem_cache.refcount"""
    @property
    def slabs(self) -> int:
        """__u64: how many slabs it has, on all memory nodes [slabs]; from kmem_cache_node.nr_slabs"""
    @property
    def total_objects(self) -> int:
        """__u64: how many objects these slabs have room for [objects]; from kmem_cache_node.total_objects"""
    @property
    def active_objects(self) -> int | None:
        """rec_opt_u64: how many of these are in use or cached for a CPU, as /proc/slabinfo counts; None if a node has more than 10,000 partial slabs [objects]; from kmem_cache_node.partial, slab.inuse"""

class Ksym(Record):
    @property
    def exported(self) -> bool:
        """_Bool: modules may use it (EXPORT_SYMBOL); from kallsym_iter.exported"""
    @property
    def type(self) -> str:
        """char: the letter that nm shows for it; lower case for a symbol that a module doesn't export; from kallsym_iter.type"""
    @property
    def address(self) -> KernelPointer:
        """rec_kptr: its address, which kptr_restrict doesn't hide here; from kallsym_iter.value"""
    @property
    def seq_num(self) -> int:
        """__u64: its place in this walk, from 0 [number]; from bpf_iter_meta.seq_num"""
    @property
    def name(self) -> str | None:
        """rec_text: its name, as in /proc/kallsyms; None if it can't be read; from kallsym_iter.name"""
    @property
    def module(self) -> str | None:
        """rec_text: its module, or bpf, __builtin__ftrace, __builtin__kprobes; None for the kernel's own symbols; from kallsym_iter.module_name"""

class Netlink(Record):
    @property
    def protocol(self) -> KernelEnum | int:
        """enum netlink_protocol: the netlink family; from sock.sk_protocol"""
    @property
    def portid(self) -> int:
        """__u32: its netlink address: 0 for the kernel's socket, otherwise often the pid of the process that opened it [id]; from netlink_sock.portid"""
    @property
    def groups(self) -> int:
        """__u32: the multicast groups that it listens to, of the first 32 [mask]; from netlink_sock.groups"""
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
        """rec_bytes_count: memory of messages that it hasn't read yet, Rmem of /proc/net/netlink [bytes]; from sock.sk_backlog"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of messages that it has sent and that aren't delivered yet, Wmem of /proc/net/netlink [bytes]; from sock.sk_wmem_alloc"""
    @property
    def drops(self) -> int:
        """__u32: messages that were dropped because it had no room [messages]; from sock.sk_drops, sock.sk_drop_counters"""
    @property
    def refs(self) -> int:
        """__u32: references to it [references]; from sock_common.skc_refcnt"""
    @property
    def bound(self) -> bool:
        """_Bool: it has an address; from netlink_sock.bound"""
    @property
    def dumping(self) -> bool:
        """_Bool: a dump, an answer in several parts, is in progress; from netlink_sock.cb_running"""

class Sockmap(Record):
    @property
    def key(self) -> Any:
        """void: its key: the index in a sockmap; in a sockhash, typed by the map's BTF, or bytes if it has none; from bpf_iter__sockmap.key"""
    @property
    def family(self) -> int:
        """__u32: address family, of include/linux/socket.h [AF_*]; from sock_common.skc_family"""
    @property
    def protocol(self) -> int:
        """__u32: transport protocol, of include/uapi/linux/in.h [IPPROTO_*]; from sock.sk_protocol"""
    @property
    def type(self) -> int:
        """__u32: type of socket, of include/linux/net.h [SOCK_*]; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: its state; protocols other than TCP use only some of them; from sock_common.skc_state"""
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
        """__s32: the thread, by its number in the reader's pid namespace [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), by its number in the reader's pid namespace [id]; from task_struct.group_leader and upid.nr"""
    @property
    def ppid(self) -> int:
        """__s32: its parent process, by its number in the reader's pid namespace; 0 if the parent is outside of it [id]; from task_struct.real_parent and upid.nr"""
    @property
    def pgid(self) -> int:
        """__s32: its process group, by its number in the reader's pid namespace [id]; from signal_struct.pids and upid.nr"""
    @property
    def sid(self) -> int:
        """__s32: its session, by its number in the reader's pid namespace [id]; from signal_struct.pids and upid.nr"""
    @property
    def global_tid(self) -> int:
        """__s32: the thread, by its number in the initial pid namespace [id]; from task_struct.pid"""
    @property
    def global_pid(self) -> int:
        """__s32: its process, by its number in the initial pid namespace [id]; from task_struct.tgid"""
    @property
    def global_ppid(self) -> int:
        """__s32: its parent process, by its number in the initial pid namespace [id]; from task_struct.real_parent and task_struct.tgid"""
    @property
    def comm(self) -> str:
        """char[16]: the name of the thread, up to 15 bytes of it; from task_struct.comm"""
    @property
    def state(self) -> str:
        """char: the letter that ps shows: R runs or waits for a CPU, S sleeps, D is in uninterruptible sleep, I is idle (a kernel thread), T is stopped, t is traced, Z is a zombie, X is dead, P is parked; from task_struct.__state, task_struct.exit_state"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_task_flag: its flags: PF_* of include/linux/sched.h; from task_struct.flags"""
    @property
    def prio(self) -> int:
        """__s32: its priority as in /proc/PID/stat: 20 for nice 0, negative for real-time priorities [number]; from task_struct.prio"""
    @property
    def nice(self) -> int:
        """__s32: its nice value, from -20, which gets most of the CPU, to 19 [number]; from task_struct.static_prio"""
    @property
    def rt_priority(self) -> int:
        """__u32: its real-time priority, from 1 to 99; 0 under other policies [number]; from task_struct.rt_priority"""
    @property
    def policy(self) -> KernelEnum | int:
        """enum sched_policy: scheduling policy; from task_struct.policy"""
    @property
    def cpu(self) -> int:
        """__u32: the CPU that it runs on, or ran on last [CPU]; from thread_info.cpu"""
    @property
    def threads(self) -> int:
        """__s32: how many threads its process has [threads]; from signal_struct.nr_threads"""
    @property
    def uid(self) -> int:
        """__u32: its real user, in the initial user namespace [id]; from cred.uid"""
    @property
    def euid(self) -> int:
        """__u32: its effective user, in the initial user namespace [id]; from cred.euid"""
    @property
    def gid(self) -> int:
        """__u32: its real group, in the initial user namespace [id]; from cred.gid"""
    @property
    def egid(self) -> int:
        """__u32: its effective group, in the initial user namespace [id]; from cred.egid"""
    @property
    def pid_ns(self) -> int:
        """__u32: its pid namespace, as in /proc/PID/ns; 0 for a task that is exiting [inode number]; from upid.ns and ns_common.inum"""
    @property
    def mnt_ns(self) -> int:
        """__u32: its mount namespace; 0 for a task that is exiting [inode number]; from nsproxy.mnt_ns and ns_common.inum"""
    @property
    def net_ns(self) -> int:
        """__u32: its network namespace; 0 for a task that is exiting [inode number]; from nsproxy.net_ns and ns_common.inum"""
    @property
    def uts_ns(self) -> int:
        """__u32: its UTS (host name) namespace; 0 for a task that is exiting [inode number]; from nsproxy.uts_ns and ns_common.inum"""
    @property
    def ipc_ns(self) -> int:
        """__u32: its IPC namespace; 0 for a task that is exiting [inode number]; from nsproxy.ipc_ns and ns_common.inum"""
    @property
    def cgroup_ns(self) -> int:
        """__u32: its cgroup namespace; 0 for a task that is exiting [inode number]; from nsproxy.cgroup_ns and ns_common.inum"""
    @property
    def user_ns(self) -> int:
        """__u32: its user namespace [inode number]; from cred.user_ns and ns_common.inum"""
    @property
    def utime_ns(self) -> int:
        """rec_ns: CPU time in user mode: what the scheduler measured, divided in proportion to the ticks of both modes, as for /proc/PID/stat [ns]; from task_struct.utime, sched_entity.sum_exec_runtime"""
    @property
    def stime_ns(self) -> int:
        """rec_ns: CPU time in the kernel, from the same division [ns]; from task_struct.stime, sched_entity.sum_exec_runtime"""
    @property
    def runtime_ns(self) -> int:
        """rec_ns: CPU time, as the scheduler measured it [ns]; from sched_entity.sum_exec_runtime"""
    @property
    def start_time_ns(self) -> int:
        """rec_ns: when it was created: time since boot, suspend included, in the initial time namespace [ns]; from task_struct.start_boottime"""
    @property
    def vsize(self) -> int:
        """rec_bytes_count: the size of the address space of its process; 0 for a kernel thread and a zombie [bytes]; from mm_struct.total_vm"""
    @property
    def rss(self) -> int:
        """rec_bytes_count: resident memory of its process, as /proc/PID/stat counts it, without pages that a CPU has counted but not added up yet; 0 for a kernel thread and a zombie [bytes]; from mm_struct.rss_stat"""
    @property
    def minor_faults(self) -> int:
        """__u64: page faults that needed no I/O [faults]; from task_struct.min_flt"""
    @property
    def major_faults(self) -> int:
        """__u64: page faults that had to wait for storage [faults]; from task_struct.maj_flt"""
    @property
    def voluntary_switches(self) -> int:
        """__u64: how often it gave up the CPU to wait for something [switches]; from task_struct.nvcsw"""
    @property
    def involuntary_switches(self) -> int:
        """__u64: how often the CPU was taken from it [switches]; from task_struct.nivcsw"""
    @property
    def read_bytes(self) -> int | None:
        """rec_opt_bytes_count: what it caused to be read from storage; None on a kernel that has no I/O accounting (CONFIG_TASK_IO_ACCOUNTING) [bytes]; from task_io_accounting.read_bytes"""
    @property
    def write_bytes(self) -> int | None:
        """rec_opt_bytes_count: what it caused to be written to storage, counted when it makes a page dirty; None on a kernel that has no I/O accounting (CONFIG_TASK_IO_ACCOUNTING) [bytes]; from task_io_accounting.write_bytes"""
    @property
    def cgroup_id(self) -> int:
        """__u64: the id of its cgroup in the unified hierarchy [inode number]; from css_set.dfl_cgrp and kernfs_node.id"""
    @property
    def open_fds(self) -> int | None:
        """rec_opt_u32, when asked for: how many descriptors its process has open; None for a task that is exiting, and for one with room for more than a million; None on a kernel that has no safe calls inside of a BPF program (since Linux 5.12) [descriptors]; from fdtable.open_fds"""
    @property
    def exe(self) -> str | None:
        """rec_text, when asked for: the path of its executable, as readlink of /proc/PID/exe shows it; None for a kernel thread and a zombie, and for more than 4,095 bytes; None on a kernel that has no bpf_d_path() for iterators (since Linux 5.12); from mm_struct.exe_file"""
    @property
    def cwd(self) -> str | None:
        """rec_text, when asked for: its working directory, as readlink of /proc/PID/cwd shows it; None for a task that is exiting, and for more than 4,095 bytes; None on a kernel that has no bpf_d_path() for iterators (since Linux 5.12); from fs_struct.pwd"""
    @property
    def cmdline(self) -> tuple[str, ...] | None:
        """rec_user_args, when asked for: its arguments, from the first 4,096 bytes of them; None for a kernel thread and a zombie, and if that memory can't be read; None on a kernel that has no way to a task's own memory (since Linux 5.18); from mm_struct.arg_start, mm_struct.arg_end"""
    @property
    def stack(self) -> tuple[KernelPointer, ...] | None:
        """rec_kptrs, when asked for: the return addresses on its kernel stack, innermost first, at most 127; None if the kernel doesn't give them; from task_struct.stack"""

class TaskFile(Record):
    @property
    def tid(self) -> int:
        """__s32: the thread, by its number in the reader's pid namespace [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), by its number in the reader's pid namespace [id]; from task_struct.group_leader and upid.nr"""
    @property
    def comm(self) -> str:
        """char[16]: the name of the thread, up to 15 bytes of it; from task_struct.comm"""
    @property
    def fd(self) -> int:
        """__u32: the descriptor [id]; from bpf_iter__task_file.fd"""
    @property
    def kind(self) -> KernelEnum | int:
        """enum file_kind: what the file is; ANON is an eventfd, epoll, BPF object …, and the path says which; from inode.i_mode, super_block.s_magic"""
    @property
    def mode(self) -> FileMode:
        """rec_mode: the type and permissions of the inode; from inode.i_mode"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_file_flag: how it was opened: O_* of open(2), as in /proc/PID/fdinfo but without O_CLOEXEC; O_SYNC is SYNC and DSYNC; from file.f_flags"""
    @property
    def pos(self) -> int:
        """__s64: the position of the next read or write [bytes]; from file.f_pos"""
    @property
    def size(self) -> int:
        """rec_bytes_count: the size of the inode [bytes]; from inode.i_size"""
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
        """__s32: the thread, by its number in the reader's pid namespace [id]; from task_struct.thread_pid and upid.nr"""
    @property
    def pid(self) -> int:
        """__s32: its process (thread group), by its number in the reader's pid namespace [id]; from task_struct.group_leader and upid.nr"""
    @property
    def comm(self) -> str:
        """char[16]: the name of the thread, up to 15 bytes of it; from task_struct.comm"""
    @property
    def start(self) -> UserPointer:
        """rec_uptr: its first address; from vm_area_struct.vm_start"""
    @property
    def end(self) -> UserPointer:
        """rec_uptr: the first address after it; from vm_area_struct.vm_end"""
    @property
    def permissions(self) -> str:
        """char[8]: as in /proc/PID/maps: r, w, x, and p for private or s for shared; from vm_area_struct.vm_flags"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_vm_flag: VM_* of include/linux/mm.h, as VmFlags of /proc/PID/smaps; from vm_area_struct.vm_flags"""
    @property
    def offset(self) -> int:
        """__u64: where it starts in the file; 0 without a file [bytes]; from vm_area_struct.vm_pgoff"""
    @property
    def inode(self) -> int:
        """__u64: the inode of the file; 0 without a file [inode number]; from inode.i_ino"""
    @property
    def device(self) -> Device:
        """rec_dev: the device that the inode is on, as st_dev of stat(2); 0 without a file; from super_block.s_dev"""
    @property
    def path(self) -> str | None:
        """rec_text: the path of the file, or [heap], [stack], [vdso], [anon:NAME] … as in /proc/PID/maps; None for other memory; from vm_area_struct.vm_file, vm_area_struct.vm_ops, vm_area_struct.anon_name"""

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
        """rec_opt_u32: its owner, in the user namespace of whoever opened the iterator; a request has the owner of its listener; None for TIME_WAIT [id]; from bpf_iter__tcp.uid"""
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
        """rec_bytes_count: received but not read yet; 0 for a listener [bytes]; from tcp_sock.rcv_nxt, tcp_sock.copied_seq"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: written but not acknowledged yet; 0 for a listener [bytes]; from tcp_sock.write_seq, tcp_sock.snd_una"""
    @property
    def backlog(self) -> int | None:
        """rec_opt_u32: connections that wait for accept(); None if it isn't listening [connections]; from sock.sk_ack_backlog"""
    @property
    def backlog_max(self) -> int | None:
        """rec_opt_u32: how many of them may wait; None if it isn't listening [connections]; from sock.sk_max_ack_backlog"""
    @property
    def timer(self) -> KernelEnum | int:
        """enum tcp_timer: the timer that fires next, numbered as in /proc/net/tcp; from inet_connection_sock.icsk_pending, sock.sk_timer"""
    @property
    def timer_expires_ns(self) -> int | None:
        """rec_opt_ns: time left until it fires, in whole ticks of the kernel; None without a timer [ns]; from timer_list.expires"""
    @property
    def congestion(self) -> str:
        """char[16]: the name of its congestion control; empty for TIME_WAIT and for a request; from tcp_congestion_ops.name"""
    @property
    def cwnd(self) -> int | None:
        """rec_opt_u32: congestion window; None for TIME_WAIT and for a request [packets]; from tcp_sock.snd_cwnd"""
    @property
    def ssthresh(self) -> int | None:
        """rec_opt_u32: slow start threshold; None if it has none yet, for TIME_WAIT and for a request [packets]; from tcp_sock.snd_ssthresh"""
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
        """__u32: how many timeouts in a row went unanswered [timeouts]; from inet_connection_sock.icsk_retransmits"""
    @property
    def total_retrans(self) -> int | None:
        """rec_opt_u32: segments sent again, in total; None for TIME_WAIT and for a request [segments]; from tcp_sock.total_retrans"""
    @property
    def bytes_acked(self) -> int | None:
        """rec_opt_bytes_count: sent and acknowledged; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_acked"""
    @property
    def bytes_received(self) -> int | None:
        """rec_opt_bytes_count: received in order; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_received"""
    @property
    def bytes_sent(self) -> int | None:
        """rec_opt_bytes_count: sent, retransmissions included; None for TIME_WAIT and for a request [bytes]; from tcp_sock.bytes_sent"""
    @property
    def segs_in(self) -> int | None:
        """rec_opt_u32: segments received; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_in"""
    @property
    def segs_out(self) -> int | None:
        """rec_opt_u32: segments sent; None for TIME_WAIT and for a request [segments]; from tcp_sock.segs_out"""
    @property
    def mss(self) -> int | None:
        """rec_opt_u32: the largest segment that it currently sends; None for TIME_WAIT and for a request [bytes]; from tcp_sock.mss_cache"""
    @property
    def snd_wnd(self) -> int | None:
        """rec_opt_bytes_count32: the window that the peer offers; None for TIME_WAIT and for a request [bytes]; from tcp_sock.snd_wnd"""
    @property
    def rcv_wnd(self) -> int | None:
        """rec_opt_bytes_count32: the window that it offers to the peer; None for TIME_WAIT and for a request [bytes]; from tcp_sock.rcv_wnd"""

class Udp(Record):
    @property
    def family(self) -> KernelEnum | int:
        """enum address_family: address family; from sock_common.skc_family"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: TCP_ESTABLISHED if it is connected, otherwise TCP_CLOSE; from sock_common.skc_state"""
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
        """__u32: its owner, in the user namespace of whoever opened the iterator [id]; from bpf_iter__udp.uid"""
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
        """rec_bytes_count: memory of datagrams that it hasn't read yet, as the kernel accounts for it [bytes]; from sock.sk_backlog, udp_sock.forward_deficit"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of datagrams that haven't left the machine yet [bytes]; from sock.sk_wmem_alloc"""
    @property
    def drops(self) -> int:
        """__u32: datagrams that were dropped because it had no room [datagrams]; from sock.sk_drops, sock.sk_drop_counters"""
    @property
    def bucket(self) -> int:
        """__s32: its place in the hash table that is walked, which may differ from that in /proc/net/udp [number]; from bpf_iter__udp.bucket"""

class Unix(Record):
    @property
    def type(self) -> KernelEnum | int:
        """enum sock_type: the type of the socket; from sock.sk_type"""
    @property
    def state(self) -> KernelEnum | int:
        """enum tcp_state: TCP_ESTABLISHED, TCP_LISTEN or TCP_CLOSE, as ss shows it; from sock_common.skc_state"""
    @property
    def socket_state(self) -> KernelEnum | int:
        """enum socket_state: its state as /proc/net/unix shows it; from sock.sk_socket, sock_common.skc_state"""
    @property
    def flags(self) -> KernelFlags:
        """rec_flags_unix_flag: its flags as /proc/net/unix shows them; from sock_common.skc_state"""
    @property
    def shutdown(self) -> KernelFlags:
        """rec_flags_sock_shutdown: which directions are closed; from sock.sk_shutdown"""
    @property
    def inode(self) -> int:
        """__u64: its inode, as in socket:[N] of /proc/PID/fd; 0 before accept() [inode number]; from sock.sk_socket and inode.i_ino, or sock.sk_ino"""
    @property
    def peer_inode(self) -> int:
        """__u64: the inode of its peer; 0 without a peer [inode number]; from unix_sock.peer and inode.i_ino"""
    @property
    def cookie(self) -> int | None:
        """rec_opt_u64: the number that SO_COOKIE gives, unique until the next boot; None before Linux 5.12 if nobody has asked for it [id]; from sock_common.skc_cookie"""
    @property
    def uid(self) -> int:
        """__u32: its owner, in the user namespace of whoever opened the iterator [id]; from bpf_iter__unix.uid"""
    @property
    def netns(self) -> int:
        """__u32: the network namespace it is in [inode number]; from sock_common.skc_net and ns_common.inum"""
    @property
    def rx_queue(self) -> int | None:
        """rec_opt_bytes_count: what it hasn't read yet, as SIOCINQ counts; None for more than 256 packets, which aren't counted [bytes]; from unix_sock.inq_len, sk_buff.len"""
    @property
    def tx_queue(self) -> int:
        """rec_bytes_count: memory of what its peer hasn't read yet [bytes]; from sock.sk_wmem_alloc"""
    @property
    def backlog(self) -> int | None:
        """rec_opt_u32: connections that wait for accept(); None if it isn't listening [connections]; from sk_buff_head.qlen"""
    @property
    def backlog_max(self) -> int | None:
        """rec_opt_u32: how many of them may wait; None if it isn't listening [connections]; from sock.sk_max_ack_backlog"""
    @property
    def refs(self) -> int:
        """__u32: references to it; since Linux 5.18 the walk's own included [references]; from sock_common.skc_refcnt"""
    @property
    def path(self) -> str | None:
        """rec_text: its path in the file system; None if it has none; from unix_sock.addr"""
    @property
    def abstract(self) -> str | None:
        """rec_text: its abstract address, without the leading NUL; None if it has none; from unix_sock.addr"""
