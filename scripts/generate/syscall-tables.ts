// The tables of constants that arguments of system calls are made of, and where the kernel's headers have them.

/** Constants with a common beginning that stand in some headers. */
export interface TableSource {
  name: string;
  /** Each value has one name; else a set of flags. */
  isEnum: boolean;
  headers: string[];
  names: RegExp;
  without?: RegExp;
  /** Of flags: the names that are values of a field, and the mask of that field. */
  field?: { names: RegExp; mask: number };
  /** Differs between CPUs. */
  perCpu?: boolean;
  /** What no header for programs has. */
  added?: Record<string, number>;
}

const FCNTL = ["asm/fcntl.h", "linux/fcntl.h"];
const MMAN = ["asm/mman.h", "linux/mman.h"];

function flags(name: string, headers: string[], names: RegExp, more: Partial<TableSource> = {}): TableSource {
  return { name, isEnum: false, headers, names, ...more };
}

function values(name: string, headers: string[], names: RegExp, more: Partial<TableSource> = {}): TableSource {
  return { name, isEnum: true, headers, names, ...more };
}

/** Values of SOCK_*, which is in no header for programs. */
const SOCK_FLAGS = { SOCK_NONBLOCK: 0o4000, SOCK_CLOEXEC: 0o2000000 };
const SOCK_TYPES = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3, SOCK_RDM: 4, SOCK_SEQPACKET: 5, SOCK_DCCP: 6 };

/** Protocol families in the order of their numbers; the kernel keeps them to itself. */
const FAMILIES =
  "UNSPEC LOCAL INET AX25 IPX APPLETALK NETROM BRIDGE ATMPVC X25 INET6 ROSE DECnet NETBEUI SECURITY KEY NETLINK " +
  "PACKET ASH ECONET ATMSVC RDS SNA IRDA PPPOX WANPIPE LLC IB MPLS CAN TIPC BLUETOOTH IUCV RXRPC ISDN PHONET " +
  "IEEE802154 CAIF ALG NFC VSOCK KCM QIPCRTR SMC XDP MCTP";

/** Commands of bpf(2), as patterns. */
const BPF_COMMANDS = [
  "MAP_(CREATE|LOOKUP|UPDATE|DELETE|GET|FREEZE)\\w*",
  "PROG_(LOAD|ATTACH|DETACH|TEST_RUN|GET_\\w+|QUERY|BIND_MAP)",
  "OBJ_(PIN|GET)\\w*",
  "RAW_TRACEPOINT_OPEN|TASK_FD_QUERY|ENABLE_STATS|ITER_CREATE",
  "BTF_(LOAD|GET\\w+)",
  "LINK_(CREATE|UPDATE|DETACH|GET\\w+)",
];

/** What begins like prctl's options and is none. */
const NO_OPTIONS = [
  "PR_SET_MM_|PR_CAP_AMBIENT_|_VL_|PAC_AP|SET_PTRACER_ANY",
  "MCE_KILL_(CLEAR|SET|LATE|EARLY|DEFAULT)",
  "S[VM]E_(VL|SET_VL_)",
  "SCHED_CORE_(GET|CREATE|SHARE|MAX|SCOPE)",
];

/** What begins like TCP's options and is none. */
const NO_TCP = [
  "(NO|RECV|SEND)_QUEUE|QUEUES_NR|EST|MSS_|S|REPAIR_O(N|FF)$",
  "MD5SIG_[MF]|NLA|FLAG|RECEIVE_ZEROCOPY_|AO_|CA_",
];

/** Signals in the order of their numbers, from 1. */
const SIGNALS =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " +
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";

function families(prefix: string): Record<string, number> {
  return Object.fromEntries(FAMILIES.split(" ").map((name, at) => [`${prefix}_${name}`, at]));
}

/** All tables but that of ioctl requests, which every header may add to. */
export const TABLES: TableSource[] = [
  flags("open", FCNTL, /^(__)?O_\w+$/, {
    without: /^O_(ACCMODE|NDELAY|DSYNC|TMPFILE_MASK)$|^__O/,
    field: { names: /^O_(RDONLY|WRONLY|RDWR)$/, mask: 3 },
    perCpu: true,
    added: { O_DSYNC: 0o10000 },
  }),
  flags("open_extra", FCNTL, /^O_(CLOEXEC|NONBLOCK|DIRECT)$/, { perCpu: true }),
  flags("sock", [], /^$/, { added: SOCK_FLAGS }),
  flags("socktype", [], /^$/, {
    added: { ...SOCK_TYPES, ...SOCK_FLAGS },
    field: { names: /STREAM|GRAM|RAW|RDM|SEQ|DCCP/, mask: 15 },
  }),
  values("pf", [], /^$/, { added: families("PF") }),
  values("af", [], /^$/, { added: { ...families("AF"), AF_UNIX: 1 } }),
  flags("at", FCNTL, /^AT_(SYMLINK|NO_|EMPTY|STATX_(FORCE|DONT)|RECURSIVE)\w+$/),
  flags("at_link", FCNTL, /^AT_(SYMLINK|EMPTY)\w+$/),
  flags("at_access", FCNTL, /^AT_(SYMLINK_NO|EMPTY|EACCESS)\w*$/),
  flags("access", [], /^$/, { added: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 }, field: { names: /^F_OK$/, mask: 7 } }),
  flags("mknod", ["linux/stat.h"], /^S_IF\w+$/, { without: /S_IFMT/, field: { names: /^S_IF/, mask: 0o170000 } }),
  values("fcntl", FCNTL, /^F_(DUP|GET|SET|OFD|NOTIFY|CANCEL|ADD)\w*$/, { without: /^F_(GET|SET)LK64$|^F_SETSIG_/ }),
  flags("flock", FCNTL, /^LOCK_(SH|EX|NB|UN|MAND|READ|WRITE)$/),
  flags("falloc", ["linux/falloc.h"], /^FALLOC_FL_\w+$/),
  values("fadvise", ["linux/fadvise.h"], /^POSIX_FADV_\w+$/),
  values("seek", ["linux/fs.h"], /^SEEK_(SET|CUR|END|DATA|HOLE)$/),
  flags("rename", ["linux/fs.h"], /^RENAME_\w+$/),
  flags("rwf", ["linux/fs.h"], /^RWF_\w+$/, { without: /SUPPORTED/ }),
  flags("sync_range", ["linux/fs.h"], /^SYNC_FILE_RANGE_\w+$/, { without: /AND_WAIT/ }),
  flags("xattr", ["linux/xattr.h"], /^XATTR_(CREATE|REPLACE)$/),
  flags("statx", ["linux/stat.h"], /^STATX_\w+$/, { without: /ATTR|RESERVED|STATX_ALL|_UNUSED/ }),
  flags("splice", [], /^$/, { added: { SPLICE_F_MOVE: 1, SPLICE_F_NONBLOCK: 2, SPLICE_F_MORE: 4, SPLICE_F_GIFT: 8 } }),
  flags("eventfd", [], /^$/, { added: { EFD_SEMAPHORE: 1, EFD_NONBLOCK: 0o4000, EFD_CLOEXEC: 0o2000000 } }),
  flags("close_range", ["linux/close_range.h"], /^CLOSE_RANGE_\w+$/),
  flags("memfd", ["linux/memfd.h"], /^MFD_(CLOEXEC|ALLOW\w+|HUGETLB|NOEXEC\w*|EXEC)$/),
  flags("random", ["linux/random.h"], /^GRND_\w+$/),
  flags("inotify", ["linux/inotify.h"], /^IN_\w+$/, { without: /^IN_(CLOSE|MOVE|ALL_EVENTS|CLOEXEC|NONBLOCK)$/ }),
  flags("fanotify_init", ["linux/fanotify.h"], /^FAN_(CLASS|CLOEXEC|NONBLOCK|UNLIMITED|ENABLE|REPORT)\w*$/, {
    without: /REPORT_DFID_NAME|CLASS_NOTIF/,
  }),
  flags("fanotify_mark", ["linux/fanotify.h"], /^FAN_MARK_\w+$/, { without: /MARK_INODE|IGNORE_SURV$/ }),
  flags(
    "fanotify",
    ["linux/fanotify.h"],
    /^FAN_(ACCESS|MODIFY|ATTRIB|CLOSE|OPEN|MOVED|CREATE|DELETE|EVENT|ON|Q|FS|RENAME)\w*$/,
    {
      without: /^FAN_(CLOSE|EVENT_METADATA_LEN)$|INFO|NOFD|^FAN_MOVE$/,
    },
  ),
  flags("mount", ["linux/mount.h"], /^MS_\w+$/, { without: /RMT_MASK|MGC_(VAL|MSK)|MS_VERBOSE/ }),
  flags("umount", [], /^$/, { added: { MNT_FORCE: 1, MNT_DETACH: 2, MNT_EXPIRE: 4, UMOUNT_NOFOLLOW: 8 } }),
  flags(
    "open_tree",
    [...FCNTL, "linux/mount.h"],
    /^(OPEN_TREE_\w+|AT_(RECURSIVE|EMPTY_PATH|SYMLINK_NOFOLLOW|NO_AUTOMOUNT))$/,
  ),
  flags("move_mount", ["linux/mount.h"], /^MOVE_MOUNT_\w+$/, { without: /MASK/ }),
  flags("fsopen", ["linux/mount.h"], /^FSOPEN_\w+$/),
  flags("fspick", ["linux/mount.h"], /^FSPICK_\w+$/),
  flags("fsmount", ["linux/mount.h"], /^FSMOUNT_\w+$/),
  values("fsconfig", ["linux/mount.h"], /^FSCONFIG_\w+$/),
  flags("mount_attr", ["linux/mount.h"], /^MOUNT_ATTR_\w+$/, { without: /SIZE_VER|ATIME$/ }),
  flags("prot", MMAN, /^PROT_\w+$/, { perCpu: true, field: { names: /^PROT_NONE$/, mask: 0xffffffff } }),
  flags("map", MMAN, /^MAP_\w+$/, {
    without: /HUGE_|MAP_(TYPE|FILE|UNINITIALIZED|ABOVE4G)/,
    field: { names: /^MAP_(SHARED|PRIVATE|SHARED_VALIDATE)$/, mask: 15 },
    perCpu: true,
  }),
  flags("mremap", MMAN, /^MREMAP_\w+$/),
  flags("msync", MMAN, /^MS_(ASYNC|SYNC|INVALIDATE)$/),
  values("madvise", MMAN, /^MADV_\w+$/),
  flags("mlock", MMAN, /^MLOCK_\w+$/),
  flags("mlockall", MMAN, /^MCL_\w+$/),
  flags("pkey", MMAN, /^PKEY_DISABLE_\w+$/),
  values("mempolicy", ["linux/mempolicy.h"], /^MPOL_(DEFAULT|PREFERRED|BIND|INTERLEAVE|LOCAL|PREFERRED_MANY)$/),
  flags("mempolicy_bind", ["linux/mempolicy.h"], /^MPOL_MF_\w+$/, { without: /VALID|LAZY|INTERNAL/ }),
  flags("mempolicy_get", ["linux/mempolicy.h"], /^MPOL_F_\w+$/, { without: /SHARED|MOF|MORON|STATIC|RELATIVE|NUMA/ }),
  flags("membarrier", ["linux/membarrier.h"], /^MEMBARRIER_CMD_\w+$/, {
    without: /FLAG|_SHARED$/,
    field: { names: /QUERY/, mask: 0xffffffff },
  }),
  flags("clone", ["linux/sched.h", "asm/signal.h"], /^(CLONE_\w+|SIG[A-Z0-9]+)$/, {
    without: /^SIG(RTMIN|IOT|UNUSED|POLL|LOST|STKSZ)$|CLONE_(NEWTIME|CLEAR_SIGHAND|INTO_CGROUP)/,
    field: { names: /^SIG/, mask: 255 },
  }),
  flags("clone_ns", ["linux/sched.h"], /^CLONE_(FS|FILES|SYSVSEM|VM|THREAD|SIGHAND|NEW\w+)$/),
  flags("sched", ["linux/sched.h"], /^SCHED_(NORMAL|FIFO|RR|BATCH|IDLE|DEADLINE|RESET_ON_FORK)$/, {
    field: { names: /^SCHED_[^_]+$/, mask: 0x3fffffff },
  }),
  flags("wait", ["linux/wait.h"], /^(__)?W[A-Z]+$/),
  values("idtype", ["linux/wait.h"], /^P_\w+$/),
  values("rlimit", ["asm/resource.h"], /^RLIMIT_\w+$/, { without: /NLIMITS/ }),
  values("rusage", ["linux/resource.h"], /^RUSAGE_\w+$/, { without: /BOTH/ }),
  values("priority", ["linux/resource.h"], /^PRIO_(PROCESS|PGRP|USER)$/),
  values("ioprio", ["linux/ioprio.h"], /^IOPRIO_WHO_\w+$/),
  values("sighow", ["asm/signal.h"], /^SIG_(BLOCK|UNBLOCK|SETMASK)$/),
  values("handler", [], /^$/, { added: { SIG_DFL: 0, SIG_IGN: 1 } }),
  values("signal", ["asm/signal.h"], /^SIG[A-Z0-9]+$/, {
    without: /^SIG(RTMIN|IOT|UNUSED|POLL|LOST|STKSZ)$/,
    added: { SIG_0: 0 },
  }),
  flags("sigset", [], /^$/, {
    added: Object.fromEntries(SIGNALS.split(" ").map((name, at) => [`SIG${name}`, 2 ** at])),
  }),
  flags("sigaction", ["asm/signal.h"], /^SA_[A-Z]+$/, { without: /SA_(NOMASK|ONESHOT|UNSUPPORTED)/ }),
  flags("futex", ["linux/futex.h"], /^FUTEX_\w+$/, {
    without: /PRIVATE$|WAITV_MAX|MASK|WAITERS|OWNER|TID|BITSET_MATCH|_32$|FUTEX_OP_/,
    field: { names: /^FUTEX_(?!PRIVATE_FLAG|CLOCK)/, mask: 127 },
    added: { FUTEX_PRIVATE_FLAG: 128 },
  }),
  values("clock", ["linux/time.h"], /^CLOCK_\w+$/, { without: /MASK/ }),
  values("itimer", ["linux/time.h"], /^ITIMER_\w+$/),
  flags("timer", ["linux/time.h"], /^TIMER_ABSTIME$/),
  flags("timerfd", ["linux/timerfd.h"], /^TFD_TIMER_(ABSTIME|CANCEL_ON_SET)$/),
  values("epoll", ["linux/eventpoll.h"], /^EPOLL_CTL_\w+$/),
  values("ipc_key", ["linux/ipc.h"], /^IPC_PRIVATE$/),
  flags("ipc", ["linux/ipc.h"], /^IPC_(CREAT|EXCL|NOWAIT)$/),
  flags("shmget", ["linux/ipc.h", "linux/shm.h"], /^(IPC_(CREAT|EXCL)|SHM_(HUGETLB|NORESERVE))$/),
  flags("shmat", ["linux/shm.h"], /^SHM_(RDONLY|RND|REMAP|EXEC)$/),
  values("shmctl", ["linux/ipc.h", "linux/shm.h"], /^(IPC_(RMID|SET|STAT|INFO)|SHM_(LOCK|UNLOCK|STAT|INFO|STAT_ANY))$/),
  values("msgctl", ["linux/ipc.h", "linux/msg.h"], /^(IPC_(RMID|SET|STAT|INFO)|MSG_(STAT|INFO|STAT_ANY))$/),
  flags("msg", ["linux/ipc.h", "linux/msg.h"], /^(IPC_NOWAIT|MSG_(NOERROR|EXCEPT|COPY))$/),
  values(
    "semctl",
    ["linux/ipc.h", "linux/sem.h"],
    /^(IPC_(RMID|SET|STAT|INFO)|GET(PID|VAL|ALL|NCNT|ZCNT)|SET(VAL|ALL)|SEM_(STAT|INFO|STAT_ANY))$/,
  ),
  values("sol", ["asm/socket.h", "linux/in.h"], /^(SOL_SOCKET|SOL_\w+)$/, {
    added: {
      SOL_IP: 0,
      SOL_TCP: 6,
      SOL_UDP: 17,
      SOL_IPV6: 41,
      SOL_ICMPV6: 58,
      SOL_SCTP: 132,
      SOL_UDPLITE: 136,
      SOL_RAW: 255,
      SOL_PACKET: 263,
      SOL_NETLINK: 270,
      SOL_TIPC: 271,
      SOL_BLUETOOTH: 274,
      SOL_ALG: 279,
      SOL_TLS: 282,
      SOL_XDP: 283,
    },
  }),
  values("so", ["asm/socket.h"], /^SO_\w+$/, {
    without: /^SO_(TIMESTAMP|TIMESTAMPNS|TIMESTAMPING|RCVTIMEO|SNDTIMEO|GET_FILTER)(_NEW)?$|_OLD$/,
    added: {
      SO_RCVTIMEO: 20,
      SO_SNDTIMEO: 21,
      SO_TIMESTAMP: 29,
      SO_TIMESTAMPNS: 35,
      SO_TIMESTAMPING: 37,
      SO_TIMESTAMP_NEW: 63,
      SO_TIMESTAMPNS_NEW: 64,
      SO_TIMESTAMPING_NEW: 65,
      SO_RCVTIMEO_NEW: 66,
      SO_SNDTIMEO_NEW: 67,
    },
  }),
  values("so_ip", ["linux/in.h"], /^(IP_\w+|MCAST_\w+)$/, {
    without: /PMTUDISC|IP_DEFAULT|IP_MAX|EXCLUDE|INCLUDE|RECVRETOPTS|MSFILTER_SIZE/,
  }),
  values("so_ipv6", ["linux/in6.h"], /^(IPV6_[A-Z0-9_]+)$/, {
    without: /PMTUDISC|FL_|TLV|PRIORITY|PREFER|SRCRT|FLOWINFO_|OPTIONS/,
  }),
  values("so_tcp", ["linux/tcp.h"], /^TCP_[A-Z_0-9]+$/, {
    without: new RegExp(`^TCP_(${NO_TCP.join("|")})`),
    added: { TCP_SYNCNT: 7, TCP_SAVE_SYN: 27, TCP_SAVED_SYN: 28 },
  }),
  values("so_udp", ["linux/udp.h"], /^UDP_[A-Z_0-9]+$/, { without: /ENCAP_/ }),
  values("so_packet", ["linux/if_packet.h"], /^PACKET_[A-Z_0-9]+$/, {
    without: /HOST|BROADCAST|MULTICAST$|OTHER|OUTGOING|LOOPBACK|FASTROUTE|USER|KERNEL|MR_|FANOUT_(?!DATA)/,
  }),
  values("so_netlink", ["linux/netlink.h"], /^NETLINK_(ADD|DROP|PKT|BROAD|NO_|RX_|TX_|LISTEN|LIST|CAP|EXT|GET)\w+$/),
  values("ipproto", ["linux/in.h"], /^IPPROTO_\w+$/, { without: /MAX/ }),
  values("shutdown", [], /^$/, { added: { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 } }),
  flags("msg_flags", [], /^$/, {
    added: {
      MSG_OOB: 1,
      MSG_PEEK: 2,
      MSG_DONTROUTE: 4,
      MSG_CTRUNC: 8,
      MSG_PROBE: 0x10,
      MSG_TRUNC: 0x20,
      MSG_DONTWAIT: 0x40,
      MSG_EOR: 0x80,
      MSG_WAITALL: 0x100,
      MSG_FIN: 0x200,
      MSG_SYN: 0x400,
      MSG_CONFIRM: 0x800,
      MSG_RST: 0x1000,
      MSG_ERRQUEUE: 0x2000,
      MSG_NOSIGNAL: 0x4000,
      MSG_MORE: 0x8000,
      MSG_WAITFORONE: 0x10000,
      MSG_BATCH: 0x40000,
      MSG_ZEROCOPY: 0x4000000,
      MSG_FASTOPEN: 0x20000000,
      MSG_CMSG_CLOEXEC: 0x40000000,
    },
  }),
  values("arch_prctl", ["asm/prctl.h"], /^ARCH_\w+$/),
  values("bpf", ["linux/bpf.h"], new RegExp(`^BPF_(${BPF_COMMANDS.join("|")})$`), { without: /PROG_RUN/ }),
  values("keyring", ["linux/keyctl.h"], /^KEY_SPEC_\w+$/),
  values("keyctl", ["linux/keyctl.h"], /^KEYCTL_[A-Z_]+$/, {
    without: /SUPPORTS|CAPS0|CAPS1|MOVE_EXCL|KDF|KEYCTL_CAPS/,
  }),
  values("kcmp", ["linux/kcmp.h"], /^KCMP_\w+$/, { without: /TYPES/ }),
  flags("kexec", ["linux/kexec.h"], /^KEXEC_(ON_CRASH|PRESERVE_CONTEXT)$/),
  flags("kexec_file", ["linux/kexec.h"], /^KEXEC_FILE_\w+$/),
  flags("landlock", ["linux/landlock.h"], /^LANDLOCK_CREATE_RULESET_\w+$/),
  flags("module", ["linux/module.h"], /^MODULE_INIT_\w+$/),
  flags("perf", ["linux/perf_event.h"], /^PERF_FLAG_\w+$/),
  values("prctl", ["linux/prctl.h"], /^PR_(GET|SET|CAPBSET|MCE|TASK|MPX|CAP|PAC|SVE|SME|SCHED)_?[A-Z_0-9]*$/, {
    without: new RegExp(NO_OPTIONS.join("|")),
  }),
  values("ptrace", ["linux/ptrace.h", "asm/ptrace-abi.h"], /^PTRACE_[A-Z0-9_]+$/, {
    without: /EVENT_|O_|EVENTMSG_|PEEKSIGINFO_|SYSCALL_INFO_|SYSEMU_S|^PTRACE_(OPTION)/,
  }),
  values("reboot", ["linux/reboot.h"], /^LINUX_REBOOT_CMD_\w+$/),
  values("reboot_magic", ["linux/reboot.h"], /^LINUX_REBOOT_MAGIC\w+$/),
  values("seccomp", ["linux/seccomp.h"], /^SECCOMP_(SET|GET)_\w+$/),
  flags("seccomp", ["linux/seccomp.h"], /^SECCOMP_FILTER_FLAG_\w+$/),
  flags("swap", [], /^$/, {
    added: {
      SWAP_FLAG_PREFER: 0x8000,
      SWAP_FLAG_DISCARD: 0x10000,
      SWAP_FLAG_DISCARD_ONCE: 0x20000,
      SWAP_FLAG_DISCARD_PAGES: 0x40000,
    },
  }),
  values("uring", ["linux/io_uring.h"], /^IORING_(REGISTER|UNREGISTER)_\w+$/, { without: /LAST|SKIP|USE_REGISTERED/ }),
  flags("uring_enter", ["linux/io_uring.h"], /^IORING_ENTER_\w+$/),
];

/** System calls that are newer than the headers: one number for all CPUs since 424. */
export const NEWER_CALLS: Record<string, number> = {
  cachestat: 451,
  fchmodat2: 452,
  map_shadow_stack: 453,
  futex_wake: 454,
  futex_wait: 455,
  futex_requeue: 456,
  statmount: 457,
  listmount: 458,
  lsm_get_self_attr: 459,
  lsm_set_self_attr: 460,
  lsm_list_modules: 461,
  mseal: 462,
  setxattrat: 463,
  getxattrat: 464,
  listxattrat: 465,
  removexattrat: 466,
  open_tree_attr: 467,
  file_getattr: 468,
  file_setattr: 469,
  listns: 470,
};

/** Those of x86_64 alone. */
export const NEWER_CALLS_X86_64: Record<string, number> = { uretprobe: 335, uprobe: 336 };
