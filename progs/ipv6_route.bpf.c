// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* IPv6 routes of all tables of the network namespace that the iterator was opened in. */
#include "sock.h"
#include "emit.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define RTF_PREF_SHIFT 27
#define RTF_PREF_MASK 0x18000000

struct bpf_iter__ipv6_route {
	struct bpf_iter_meta *meta;
	struct fib6_info *rt;
} __attribute__((preserve_access_index));

/* include/uapi/linux/rtnetlink.h, RTPROT_* */
enum route_protocol {
	RTPROT_UNSPEC = 0,
	RTPROT_REDIRECT = 1,
	RTPROT_KERNEL = 2,
	RTPROT_BOOT = 3,
	RTPROT_STATIC = 4,
	RTPROT_GATED = 8,
	RTPROT_RA = 9,
	RTPROT_MRT = 10,
	RTPROT_ZEBRA = 11,
	RTPROT_BIRD = 12,
	RTPROT_DNROUTED = 13,
	RTPROT_XORP = 14,
	RTPROT_NTK = 15,
	RTPROT_DHCP = 16,
	RTPROT_MROUTED = 17,
	RTPROT_KEEPALIVED = 18,
	RTPROT_BABEL = 42,
	RTPROT_OVN = 84,
	RTPROT_OPENR = 99,
	RTPROT_BGP = 186,
	RTPROT_ISIS = 187,
	RTPROT_OSPF = 188,
	RTPROT_RIP = 189,
	RTPROT_EIGRP = 192,
};

/* include/uapi/linux/rtnetlink.h, RTN_* */
enum route_type {
	RTN_UNSPEC = 0,
	RTN_UNICAST = 1,
	RTN_LOCAL = 2,
	RTN_BROADCAST = 3,
	RTN_ANYCAST = 4,
	RTN_MULTICAST = 5,
	RTN_BLACKHOLE = 6,
	RTN_UNREACHABLE = 7,
	RTN_PROHIBIT = 8,
	RTN_THROW = 9,
	RTN_NAT = 10,
	RTN_XRESOLVE = 11,
};

/* include/uapi/linux/route.h and ipv6_route.h, RTF_* */
enum route_flag {
	RTF_UP = 0x1,
	RTF_GATEWAY = 0x2,
	RTF_HOST = 0x4,
	RTF_REINSTATE = 0x8,
	RTF_DYNAMIC = 0x10,
	RTF_MODIFIED = 0x20,
	RTF_MTU = 0x40,
	RTF_WINDOW = 0x80,
	RTF_IRTT = 0x100,
	RTF_REJECT = 0x200,
	RTF_DEFAULT = 0x10000,
	RTF_ALLONLINK = 0x20000,
	RTF_ADDRCONF = 0x40000,
	RTF_PREFIX_RT = 0x80000,
	RTF_ANYCAST = 0x100000,
	RTF_NONEXTHOP = 0x200000,
	RTF_EXPIRES = 0x400000,
	RTF_ROUTEINFO = 0x800000,
	RTF_CACHE = 0x1000000,
	RTF_FLOW = 0x2000000,
	RTF_POLICY = 0x4000000,
	RTF_PCPU = 0x40000000,
	RTF_LOCAL = 0x80000000,
};
DECLARE_FLAGS(route_flag);

/* include/uapi/linux/icmpv6.h, ICMPV6_ROUTER_PREF_* */
enum router_preference {
	ICMPV6_ROUTER_PREF_MEDIUM = 0,
	ICMPV6_ROUTER_PREF_HIGH = 1,
	ICMPV6_ROUTER_PREF_INVALID = 2,
	ICMPV6_ROUTER_PREF_LOW = 3,
};

struct ipv6_route_record {
	/* the network that it leads to; never None; from fib6_info.fib6_dst */
	rec_ip destination;
	/*
	 * the network that packets have to come from; :: with length 0 for any; never None; from
	 * fib6_info.fib6_src
	 */
	rec_ip source;
	/*
	 * the next hop of its first path, which may be an IPv4 address; None if it has no gateway; from
	 * fib_nh_common.nhc_gw
	 */
	rec_ip gateway;
	/* the prefix length of the destination [bits]; from rt6key.plen */
	__u8 prefix_len;
	/* the prefix length of the source [bits]; from rt6key.plen */
	__u8 source_prefix_len;
	/* the network device of its first path; empty if it has none; from net_device.name */
	char device[16];
	/* the index of that device, or 0 [id]; from net_device.ifindex */
	__u32 ifindex;
	/*
	 * of two routes to the same network, the one with the lower metric is taken [number]; from
	 * fib6_info.fib6_metric
	 */
	__u32 metric;
	/* the routing table that it is in: 254 is main, 255 is local [id]; from fib6_table.tb6_id */
	__u32 table;
	/* what made it: the kernel, a router advertisement, a daemon; from fib6_info.fib6_protocol */
	enum route_protocol protocol;
	/* what it does with packets; from fib6_info.fib6_type */
	enum route_type type;
	/* its flags: RTF_* of include/uapi/linux/route.h and ipv6_route.h; from fib6_info.fib6_flags */
	FLAGS(route_flag) flags;
	/* the preference of the router that advertised it; from fib6_info.fib6_flags */
	enum router_preference preference;
	/* the id of its nexthop object, or 0 [id]; from nexthop.id */
	__u32 nexthop_id;
	/* references to it [references]; from fib6_info.fib6_ref */
	__u32 refs;
	/* the network namespace of the device [inode number]; from net_device.nd_net and ns_common.inum */
	__u32 netns;
	/* time left until it expires; None if it doesn't; from fib6_info.expires */
	rec_opt_ns expires_ns;
};
RECORD(ipv6_route_record);

struct ipv6_route_slot {
	struct bpf_iter_meta *meta;
	struct fib6_info *rt;
	struct ipv6_route_record *record;
	void *result;
};
SLOT(ipv6_route_slot)

SEC("iter/ipv6_route")
int dump_ipv6_route(struct bpf_iter__ipv6_route *ctx)
{
	struct ipv6_route_record record;
	const struct fib_nh_common *path;
	const struct net_device *device;
	struct fib6_info *rt = ctx->rt;
	const struct nexthop *nexthop;
	struct ipv6_route_slot slot = { .meta = ctx->meta, .rt = ctx->rt, .record = &record };
	struct output out;
	__u32 flags;
	__u8 family;

	if (!rt)
		return 0;

	__builtin_memset(&record, 0, sizeof(record));
	ip6_set(&record.destination, &rt->fib6_dst.addr);
	record.prefix_len = rt->fib6_dst.plen;
	ip6_set(&record.source, &rt->fib6_src.addr);
	record.source_prefix_len = rt->fib6_src.plen;

	/*
	 * The verifier knows only the first member of a nexthop's union, so a group is read with helpers. A
	 * path may come from there, too, so all its members are read with helpers.
	 */
	nexthop = rt->nh;
	if (nexthop) {
		record.nexthop_id = nexthop->id;
		if (nexthop->is_group)
			nexthop = BPF_CORE_READ(nexthop, nh_grp, nh_entries[0].nh);
		path = &BPF_CORE_READ(nexthop, nh_info)->fib_nhc;
	} else {
		path = &rt->fib6_nh[0].nh_common;
	}
	flags = rt->fib6_flags;
	family = BPF_CORE_READ(path, nhc_gw_family);
	if (family) {
		flags |= RTF_GATEWAY;
		record.gateway.family = family;
		bpf_core_read(record.gateway.addr, family == AF_INET ? 4 : 16, &path->nhc_gw);
	}
	device = BPF_CORE_READ(path, nhc_dev);
	bpf_core_read_str(record.device, sizeof(record.device), &device->name);
	record.ifindex = BPF_CORE_READ(device, ifindex);
	record.netns = BPF_CORE_READ(device, nd_net.net, ns.inum);

	record.metric = rt->fib6_metric;
	record.table = rt->fib6_table->tb6_id;
	record.protocol = rt->fib6_protocol;
	record.type = rt->fib6_type;
	record.flags = flags & ~RTF_PREF_MASK;
	record.preference = (flags & RTF_PREF_MASK) >> RTF_PREF_SHIFT;
	record.refs = rt->fib6_ref.refs.counter;
	record.expires_ns = NONE_U64;
	if (flags & RTF_EXPIRES)
		record.expires_ns = jiffies_left(rt->expires, host_tick_ns);

	out = output_begin(ctx->meta->seq);
	if (query_keeps(&slot))
		output_record(&out, &slot, sizeof(record));
	return output_end(&out);
}
