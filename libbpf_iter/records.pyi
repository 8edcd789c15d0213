"""What each column of the package's own records is. Written by python -m cbuild.stubs."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from .decode import Record
from .values import Device, FileMode, KernelEnum, KernelFlags, KernelPointer, UserPointer

class BpfLink(Record):
    @property
    def id(self) -> int: ...  # __u32
    @property
    def type(self) -> KernelEnum | int: ...  # enum link_type
    @property
    def prog_id(self) -> int: ...  # __u32
    @property
    def prog_name(self) -> str: ...  # char[16]
    @property
    def attach_type(self) -> KernelEnum | int: ...  # enum attach_type: the program's
    @property
    def attach_btf_id(self) -> int: ...  # __u32
    @property
    def target(self) -> str | None: ...  # rec_text: an iterator's target, or the kernel function that is traced; None for others
    @property
    def refcnt(self) -> int: ...  # __s64

class BpfMap(Record):
    @property
    def id(self) -> int: ...  # __u32
    @property
    def name(self) -> str: ...  # char[16]
    @property
    def type(self) -> KernelEnum | int: ...  # enum map_type
    @property
    def key_size(self) -> int: ...  # __u32: bytes
    @property
    def value_size(self) -> int: ...  # __u32: bytes
    @property
    def max_entries(self) -> int: ...  # __u32
    @property
    def map_flags(self) -> int: ...  # __u32: BPF_F_* of include/uapi/linux/bpf.h
    @property
    def btf_id(self) -> int: ...  # __u32: 0 where the map has no types
    @property
    def btf_key_type_id(self) -> int: ...  # __u32
    @property
    def btf_value_type_id(self) -> int: ...  # __u32
    @property
    def btf_vmlinux_value_type_id(self) -> int: ...  # __u32
    @property
    def frozen(self) -> bool: ...  # _Bool
    @property
    def refcnt(self) -> int: ...  # __s64: the walk's own reference is among them
    @property
    def usercnt(self) -> int: ...  # __s64: references of user space: descriptors and pins

class BpfMapElem(Record):
    @property
    def key(self) -> Any: ...  # void
    @property
    def cpu(self) -> int | None: ...  # rec_opt_u32: None for a map with one value for all CPUs
    @property
    def value(self) -> Any: ...  # void

class BpfProg(Record):
    @property
    def id(self) -> int: ...  # __u32
    @property
    def type(self) -> KernelEnum | int: ...  # enum prog_type
    @property
    def attach_type(self) -> KernelEnum | int: ...  # enum attach_type: the one expected when it was loaded
    @property
    def name(self) -> str | None: ...  # rec_text: the function's name in its BTF, which may be longer than 15 characters
    @property
    def attach_to(self) -> str | None: ...  # rec_text: the kernel function it is for, or None
    @property
    def attach_btf_id(self) -> int: ...  # __u32
    @property
    def tag(self) -> bytes: ...  # __u8[8]: a hash of its instructions
    @property
    def jited(self) -> bool: ...  # _Bool
    @property
    def gpl_compatible(self) -> bool: ...  # _Bool
    @property
    def xlated_size(self) -> int: ...  # __u32: bytes, after the verifier's rewrites
    @property
    def jited_size(self) -> int: ...  # __u32: bytes of machine code
    @property
    def verified_insns(self) -> int | None: ...  # rec_opt_u32
    @property
    def used_map_cnt(self) -> int: ...  # __u32
    @property
    def load_time_ns(self) -> int: ...  # rec_ns: since boot
    @property
    def uid(self) -> int: ...  # __u32: who loaded it
    @property
    def btf_id(self) -> int: ...  # __u32: 0 where it has no types
    @property
    def refcnt(self) -> int: ...  # __s64

class BpfSkStorageMap(Record):
    @property
    def family(self) -> int: ...  # __u32: AF_*, of include/linux/socket.h
    @property
    def protocol(self) -> int: ...  # __u32: IPPROTO_*, of include/uapi/linux/in.h
    @property
    def type(self) -> int: ...  # __u32: SOCK_*, of include/linux/net.h
    @property
    def state(self) -> KernelEnum | int: ...  # enum tcp_state
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def local_port(self) -> int: ...  # rec_port
    @property
    def remote_port(self) -> int: ...  # rec_port
    @property
    def uid(self) -> int: ...  # __u32
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def ifindex(self) -> int: ...  # __u32
    @property
    def value(self) -> Any: ...  # void

class Cgroup(Record):
    @property
    def level(self) -> int: ...  # __s32: 0 for the root
    @property
    def id(self) -> int: ...  # __u64: the inode of its folder
    @property
    def parent_id(self) -> int: ...  # __u64: 0 for the root
    @property
    def path(self) -> str | None: ...  # rec_text: from the hierarchy's root; None if deeper than 64 or longer than 3584
    @property
    def descendants(self) -> int: ...  # __s32
    @property
    def dying_descendants(self) -> int: ...  # __s32
    @property
    def populated(self) -> bool: ...  # _Bool: a task is in it or below
    @property
    def frozen(self) -> bool: ...  # _Bool
    @property
    def memory_current(self) -> int | None: ...  # rec_opt_bytes_count: None where the controller is not there
    @property
    def pids_current(self) -> int | None: ...  # rec_opt_u64

class Dmabuf(Record):
    @property
    def name(self) -> str: ...  # char[32]: empty where nobody has named it
    @property
    def exporter(self) -> str: ...  # char[32]
    @property
    def size(self) -> int: ...  # rec_bytes_count
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def references(self) -> int | None: ...  # rec_opt_u64: open files

class Ipv6Route(Record):
    @property
    def destination(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def source(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def gateway(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip: of the first path; the other families' are there too
    @property
    def prefix_len(self) -> int: ...  # __u8
    @property
    def source_prefix_len(self) -> int: ...  # __u8
    @property
    def device(self) -> str: ...  # char[16]
    @property
    def ifindex(self) -> int: ...  # __u32
    @property
    def metric(self) -> int: ...  # __u32
    @property
    def table(self) -> int: ...  # __u32
    @property
    def protocol(self) -> KernelEnum | int: ...  # enum route_protocol
    @property
    def type(self) -> KernelEnum | int: ...  # enum route_type
    @property
    def flags(self) -> KernelFlags: ...  # rec_flags_route_flag
    @property
    def preference(self) -> KernelEnum | int: ...  # enum router_preference
    @property
    def nexthop_id(self) -> int: ...  # __u32: of the nexthop object, or 0
    @property
    def refs(self) -> int: ...  # __u32
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def expires_ns(self) -> int | None: ...  # rec_opt_ns: from now

class KmemCache(Record):
    @property
    def name(self) -> str: ...  # char[64]
    @property
    def object_size(self) -> int: ...  # __u32: bytes asked for
    @property
    def size(self) -> int: ...  # __u32: bytes taken, with what is kept beside the object
    @property
    def align(self) -> int: ...  # __u32: bytes
    @property
    def objects_per_slab(self) -> int: ...  # __u32
    @property
    def pages_per_slab(self) -> int: ...  # __u32
    @property
    def flags(self) -> int: ...  # __u32: SLAB_* of include/linux/slab.h, whose values differ between kernels
    @property
    def refcount(self) -> int: ...  # __s32
    @property
    def slabs(self) -> int: ...  # __u64
    @property
    def total_objects(self) -> int: ...  # __u64
    @property
    def active_objects(self) -> int | None: ...  # rec_opt_u64: None where too many slabs are partly filled to be counted

class Ksym(Record):
    @property
    def exported(self) -> bool: ...  # _Bool: to modules
    @property
    def type(self) -> str: ...  # char: the letter of nm
    @property
    def address(self) -> KernelPointer: ...  # rec_kptr
    @property
    def seq_num(self) -> int: ...  # __u64: the kernel shows the last symbol twice, under one number
    @property
    def name(self) -> str | None: ...  # rec_text
    @property
    def module(self) -> str | None: ...  # rec_text: None for the kernel's own

class Netlink(Record):
    @property
    def protocol(self) -> KernelEnum | int: ...  # enum netlink_protocol
    @property
    def portid(self) -> int: ...  # __u32: 0 for the kernel's; else often the pid of who opened it
    @property
    def groups(self) -> int: ...  # __u32: mask of the first 32
    @property
    def dst_portid(self) -> int: ...  # __u32
    @property
    def dst_group(self) -> int: ...  # __u32: number, from 1
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def rx_queue(self) -> int: ...  # rec_bytes_count: memory in use, as the kernel accounts it
    @property
    def tx_queue(self) -> int: ...  # rec_bytes_count
    @property
    def drops(self) -> int: ...  # __u32
    @property
    def refs(self) -> int: ...  # __u32
    @property
    def bound(self) -> bool: ...  # _Bool
    @property
    def dumping(self) -> bool: ...  # _Bool

class Sockmap(Record):
    @property
    def key(self) -> Any: ...  # void
    @property
    def family(self) -> int: ...  # __u32: AF_*, of include/linux/socket.h
    @property
    def protocol(self) -> int: ...  # __u32: IPPROTO_*, of include/uapi/linux/in.h
    @property
    def type(self) -> int: ...  # __u32: SOCK_*, of include/linux/net.h
    @property
    def state(self) -> KernelEnum | int: ...  # enum tcp_state
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def local_port(self) -> int: ...  # rec_port
    @property
    def remote_port(self) -> int: ...  # rec_port
    @property
    def uid(self) -> int: ...  # __u32
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def ifindex(self) -> int: ...  # __u32

class Task(Record):
    @property
    def tid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def pid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def ppid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it; 0 where the parent is outside of the namespace
    @property
    def pgid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def sid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def global_tid(self) -> int: ...  # __s32: as the initial pid namespace numbers it
    @property
    def global_pid(self) -> int: ...  # __s32: as the initial pid namespace numbers it
    @property
    def global_ppid(self) -> int: ...  # __s32: as the initial pid namespace numbers it
    @property
    def comm(self) -> str: ...  # char[16]
    @property
    def state(self) -> str: ...  # char: the letter that ps shows
    @property
    def flags(self) -> KernelFlags: ...  # rec_flags_task_flag
    @property
    def prio(self) -> int: ...  # __s32: as /proc/PID/stat has it: 20 where nice is 0
    @property
    def nice(self) -> int: ...  # __s32
    @property
    def rt_priority(self) -> int: ...  # __u32
    @property
    def policy(self) -> KernelEnum | int: ...  # enum sched_policy
    @property
    def cpu(self) -> int: ...  # __u32: that it is on, or was last
    @property
    def threads(self) -> int: ...  # __s32: of its process
    @property
    def uid(self) -> int: ...  # __u32: in the initial user namespace
    @property
    def euid(self) -> int: ...  # __u32: in the initial user namespace
    @property
    def gid(self) -> int: ...  # __u32: in the initial user namespace
    @property
    def egid(self) -> int: ...  # __u32: in the initial user namespace
    @property
    def pid_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def mnt_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def net_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def uts_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def ipc_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def cgroup_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def user_ns(self) -> int: ...  # __u32: inode number, as /proc/PID/ns has it; 0 for a task that has left
    @property
    def utime_ns(self) -> int: ...  # rec_ns: as /proc/PID/stat divides the run time
    @property
    def stime_ns(self) -> int: ...  # rec_ns: in the kernel
    @property
    def runtime_ns(self) -> int: ...  # rec_ns: the scheduler's own count
    @property
    def start_time_ns(self) -> int: ...  # rec_ns: since boot, time asleep included
    @property
    def vsize(self) -> int: ...  # rec_bytes_count: its address space
    @property
    def rss(self) -> int: ...  # rec_bytes_count: as /proc/PID/stat counts: less what a CPU hasn't added yet
    @property
    def minor_faults(self) -> int: ...  # __u64: of pages that were in memory
    @property
    def major_faults(self) -> int: ...  # __u64: of pages that had to be read
    @property
    def voluntary_switches(self) -> int: ...  # __u64
    @property
    def involuntary_switches(self) -> int: ...  # __u64
    @property
    def read_bytes(self) -> int | None: ...  # rec_opt_bytes_count: from devices, not from memory
    @property
    def write_bytes(self) -> int | None: ...  # rec_opt_bytes_count: to devices, sooner or later
    @property
    def cgroup_id(self) -> int: ...  # __u64: in the unified hierarchy
    @property
    def open_fds(self) -> int | None: ...  # rec_opt_u32; when asked for: None for a task with room for more than a million
    @property
    def exe(self) -> str | None: ...  # rec_text; when asked for: as readlink of /proc/PID/exe shows it; None for a kernel thread
    @property
    def cwd(self) -> str | None: ...  # rec_text; when asked for: as readlink of /proc/PID/cwd shows it
    @property
    def cmdline(self) -> tuple[str, ...] | None: ...  # rec_user_args; when asked for: its arguments, their first 4096 bytes; None for a kernel thread
    @property
    def stack(self) -> tuple[KernelPointer, ...] | None: ...  # rec_kptrs; when asked for: return addresses in the kernel, the innermost first

class TaskFile(Record):
    @property
    def tid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def pid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def comm(self) -> str: ...  # char[16]
    @property
    def fd(self) -> int: ...  # __u32
    @property
    def kind(self) -> KernelEnum | int: ...  # enum file_kind
    @property
    def mode(self) -> FileMode: ...  # rec_mode: the inode's type and permissions
    @property
    def flags(self) -> int: ...  # __u32: O_*, as /proc/PID/fdinfo has them, O_CLOEXEC left out
    @property
    def pos(self) -> int: ...  # __s64: bytes
    @property
    def size(self) -> int: ...  # __s64: bytes
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def device(self) -> Device: ...  # rec_dev: that the inode is on, as st_dev
    @property
    def rdevice(self) -> Device: ...  # rec_dev: that the inode is, as st_rdev
    @property
    def path(self) -> str | None: ...  # rec_text: as readlink of /proc/PID/fd shows it

class TaskVma(Record):
    @property
    def tid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def pid(self) -> int: ...  # __s32: as the reader's pid namespace numbers it
    @property
    def comm(self) -> str: ...  # char[16]
    @property
    def start(self) -> UserPointer: ...  # rec_uptr: the first address
    @property
    def end(self) -> UserPointer: ...  # rec_uptr: the first address behind it
    @property
    def permissions(self) -> str: ...  # char[8]: as /proc/PID/maps: r, w, x, and p for private or s for shared
    @property
    def flags(self) -> int: ...  # __u64: VM_* of include/linux/mm.h
    @property
    def offset(self) -> int: ...  # __u64: bytes into the file
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def device(self) -> Device: ...  # rec_dev: that the file is on, as st_dev
    @property
    def path(self) -> str | None: ...  # rec_text: a file, or as /proc/PID/maps [heap], [stack], [vdso], [anon:NAME] …; None for other memory

class Tcp(Record):
    @property
    def family(self) -> KernelEnum | int: ...  # enum address_family
    @property
    def state(self) -> KernelEnum | int: ...  # enum tcp_state
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def local_port(self) -> int: ...  # rec_port
    @property
    def remote_port(self) -> int: ...  # rec_port
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def uid(self) -> int | None: ...  # rec_opt_u32: in the user namespace of who opened the iterator; a request has its listener's
    @property
    def inode(self) -> int: ...  # __u64: 0 without a file
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def ifindex(self) -> int: ...  # __u32: of the device it is bound to, or 0
    @property
    def mark(self) -> int: ...  # __u32
    @property
    def reuse_addr(self) -> bool: ...  # _Bool
    @property
    def reuse_port(self) -> bool: ...  # _Bool
    @property
    def rx_queue(self) -> int: ...  # rec_bytes_count: received, not yet read
    @property
    def tx_queue(self) -> int: ...  # rec_bytes_count: written, not yet acknowledged
    @property
    def backlog(self) -> int | None: ...  # rec_opt_u32: waiting for accept(); None if not listening
    @property
    def backlog_max(self) -> int | None: ...  # rec_opt_u32
    @property
    def timer(self) -> KernelEnum | int: ...  # enum tcp_timer
    @property
    def timer_expires_ns(self) -> int | None: ...  # rec_opt_ns: from now
    @property
    def congestion(self) -> str: ...  # char[16]
    @property
    def cwnd(self) -> int | None: ...  # rec_opt_u32: packets
    @property
    def ssthresh(self) -> int | None: ...  # rec_opt_u32: packets; None while there is no limit
    @property
    def srtt_ns(self) -> int | None: ...  # rec_opt_ns
    @property
    def rttvar_ns(self) -> int | None: ...  # rec_opt_ns
    @property
    def rto_ns(self) -> int | None: ...  # rec_opt_ns
    @property
    def retransmits(self) -> int: ...  # __u32: timeouts in a row
    @property
    def total_retrans(self) -> int | None: ...  # rec_opt_u32
    @property
    def bytes_acked(self) -> int | None: ...  # rec_opt_u64
    @property
    def bytes_received(self) -> int | None: ...  # rec_opt_u64
    @property
    def bytes_sent(self) -> int | None: ...  # rec_opt_u64
    @property
    def segs_in(self) -> int | None: ...  # rec_opt_u32
    @property
    def segs_out(self) -> int | None: ...  # rec_opt_u32
    @property
    def mss(self) -> int | None: ...  # rec_opt_u32
    @property
    def snd_wnd(self) -> int | None: ...  # rec_opt_u32: bytes
    @property
    def rcv_wnd(self) -> int | None: ...  # rec_opt_u32

class Udp(Record):
    @property
    def family(self) -> KernelEnum | int: ...  # enum address_family
    @property
    def state(self) -> KernelEnum | int: ...  # enum tcp_state: TCP_ESTABLISHED: connected; TCP_CLOSE: not
    @property
    def local_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def local_port(self) -> int: ...  # rec_port
    @property
    def remote_port(self) -> int: ...  # rec_port
    @property
    def remote_addr(self) -> IPv4Address | IPv6Address | None: ...  # rec_ip
    @property
    def uid(self) -> int: ...  # __u32: in the user namespace of who opened the iterator
    @property
    def inode(self) -> int: ...  # __u64
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def ifindex(self) -> int: ...  # __u32: of the device it is bound to, or 0
    @property
    def mark(self) -> int: ...  # __u32
    @property
    def reuse_addr(self) -> bool: ...  # _Bool
    @property
    def reuse_port(self) -> bool: ...  # _Bool
    @property
    def rx_queue(self) -> int: ...  # rec_bytes_count: memory in use, as the kernel accounts it
    @property
    def tx_queue(self) -> int: ...  # rec_bytes_count
    @property
    def drops(self) -> int: ...  # __u32
    @property
    def bucket(self) -> int: ...  # __s32: of the hash table that is walked, which need not be that of /proc/net/udp

class Unix(Record):
    @property
    def type(self) -> KernelEnum | int: ...  # enum sock_type
    @property
    def state(self) -> KernelEnum | int: ...  # enum tcp_state: TCP_ESTABLISHED, TCP_LISTEN or TCP_CLOSE, as ss has it
    @property
    def socket_state(self) -> KernelEnum | int: ...  # enum socket_state: as /proc/net/unix has it
    @property
    def flags(self) -> KernelFlags: ...  # rec_flags_unix_flag: as /proc/net/unix has them
    @property
    def shutdown(self) -> KernelFlags: ...  # rec_flags_sock_shutdown
    @property
    def inode(self) -> int: ...  # __u64: 0 before accept()
    @property
    def peer_inode(self) -> int: ...  # __u64: 0 without a peer
    @property
    def cookie(self) -> int | None: ...  # rec_opt_u64
    @property
    def uid(self) -> int: ...  # __u32: in the user namespace of who opened the iterator
    @property
    def netns(self) -> int: ...  # __u32: inode number
    @property
    def rx_queue(self) -> int | None: ...  # rec_opt_bytes_count: as SIOCINQ tells; None for more packets than can be counted
    @property
    def tx_queue(self) -> int: ...  # rec_bytes_count: memory of what the peer has not read
    @property
    def backlog(self) -> int | None: ...  # rec_opt_u32: waiting for accept(); None if not listening
    @property
    def backlog_max(self) -> int | None: ...  # rec_opt_u32
    @property
    def refs(self) -> int: ...  # __u32: from 5.18 on, with one that the walk holds
    @property
    def path(self) -> str | None: ...  # rec_text
    @property
    def abstract(self) -> str | None: ...  # rec_text: without the NUL that it begins with
