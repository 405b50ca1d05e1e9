// The numbers of the system calls that the agent makes: x86_64 has a table of its own, arm64 takes asm-generic's. One
// Wasm serves all CPUs, so the table is chosen at run time. To add a call: a member, and a number in each table.

import { ElfMachine } from "../../common/format/elf";
import { archId } from "./native";

/** A system call; indexes the tables below. */
export const enum Nr {
  read,
  write,
  close,
  openat,
  ioctl,
  fcntl,
  mmap,
  bpf,
  perf_event_open,
  epoll_create1,
  epoll_ctl,
  epoll_pwait,
  ppoll,
  timerfd_create,
  timerfd_settime,
  signalfd4,
  rt_sigprocmask,
  pipe2,
  clock_gettime,
  clock_getres,
  getpid,
  kill,
  wait4,
  getuid,
  getgid,
  geteuid,
  uname,
  prctl,
  prlimit64,
  setxattr,
  getrandom,
  getcpu,
  membarrier,
  lseek,
  getdents64,
  clone,
  setsid,
  close_range,
  fsopen,
  fsconfig,
  fsmount,
  readlinkat,
  statx,
  mkdirat,
  unlinkat,
  renameat2,
  flock,
  dup3,
  Size,
}

const X86_64: StaticArray<i16> = [
  0, // read
  1, // write
  3, // close
  257, // openat
  16, // ioctl
  72, // fcntl
  9, // mmap
  321, // bpf
  298, // perf_event_open
  291, // epoll_create1
  233, // epoll_ctl
  281, // epoll_pwait
  271, // ppoll
  283, // timerfd_create
  286, // timerfd_settime
  289, // signalfd4
  14, // rt_sigprocmask
  293, // pipe2
  228, // clock_gettime
  229, // clock_getres
  39, // getpid
  62, // kill
  61, // wait4
  102, // getuid
  104, // getgid
  107, // geteuid
  63, // uname
  157, // prctl
  302, // prlimit64
  188, // setxattr
  318, // getrandom
  309, // getcpu
  324, // membarrier
  8, // lseek
  217, // getdents64
  56, // clone
  112, // setsid
  436, // close_range
  430, // fsopen
  431, // fsconfig
  432, // fsmount
  267, // readlinkat
  332, // statx
  258, // mkdirat
  263, // unlinkat
  316, // renameat2
  73, // flock
  292, // dup3
];

const GENERIC: StaticArray<i16> = [
  63, // read
  64, // write
  57, // close
  56, // openat
  29, // ioctl
  25, // fcntl
  222, // mmap
  280, // bpf
  241, // perf_event_open
  20, // epoll_create1
  21, // epoll_ctl
  22, // epoll_pwait
  73, // ppoll
  85, // timerfd_create
  86, // timerfd_settime
  74, // signalfd4
  135, // rt_sigprocmask
  59, // pipe2
  113, // clock_gettime
  114, // clock_getres
  172, // getpid
  129, // kill
  260, // wait4
  174, // getuid
  176, // getgid
  175, // geteuid
  160, // uname
  167, // prctl
  261, // prlimit64
  5, // setxattr
  278, // getrandom
  168, // getcpu
  283, // membarrier
  62, // lseek
  61, // getdents64
  220, // clone
  157, // setsid
  436, // close_range
  430, // fsopen
  431, // fsconfig
  432, // fsmount
  78, // readlinkat
  291, // statx
  34, // mkdirat
  35, // unlinkat
  276, // renameat2
  32, // flock
  24, // dup3
];

/** The number of a system call on this CPU. */
export function numberOf(call: Nr): i32 {
  return archId() == ElfMachine.X86_64 ? X86_64[call] : GENERIC[call];
}

/** Checks the tables; called by tests. */
export function selfCheckNumbers(): void {
  assert(X86_64.length == Nr.Size, "X86_64 has a row for each call");
  assert(GENERIC.length == Nr.Size, "GENERIC has a row for each call");
}
