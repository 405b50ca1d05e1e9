// System calls as section 2 of the manual names them: thin wrappers, results are the kernel's own or -errno, nothing is
// retried and nothing is reported here. The only file besides native.ts that enters the kernel.
//
// Structures go through the scratch area below: each wrapper fills it and reads it back before it returns, so no two of
// them ever hold it at once. Nothing here allocates, except where a path is given as a string.

import { decodeText } from "../../common/as/bytes";
import { ElfMachine } from "../../common/format/elf";
import {
  EpollEvent,
  PollFd,
  ResourceLimit,
  SIGNAL_SET_BYTES,
  SignalInfo,
  TimerSpec,
  TimeSpec,
  UTS_FIELD_BYTES,
  UtsField,
} from "../../common/format/linux";
import { Errno } from "./errors";
import { archId, copyIn, growReserved, hostAddress, spawn, sys } from "./native";
import { Nr, numberOf } from "./sys-numbers";

export { exit } from "./native";

const AT_FDCWD: i32 = -100;
export const O_RDONLY: i32 = 0;
export const O_WRONLY: i32 = 1;
export const O_RDWR: i32 = 2;
export const O_CREAT: i32 = 0o100;
export const O_TRUNC: i32 = 0o1000;
export const O_APPEND: i32 = 0o2000;
export const O_NONBLOCK: i32 = 0o4000;
export const O_CLOEXEC: i32 = 0o2000000;
export const O_PATH: i32 = 0o10000000;
const PROT_READ: i32 = 1;
const PROT_WRITE: i32 = 2;
const MAP_SHARED: i32 = 1;
const MAP_FIXED: i32 = 16;
export const EPOLL_CTL_ADD: i32 = 1;
export const EPOLL_CTL_DEL: i32 = 2;
export const EPOLLIN: u32 = 1;
export const EPOLLOUT: u32 = 4;
export const EPOLLERR: u32 = 8;
export const EPOLLHUP: u32 = 16;
export const EPOLLET: u32 = 0x80000000;
export const CLOCK_REALTIME: i32 = 0;
export const CLOCK_MONOTONIC: i32 = 1;
export const CLOCK_REALTIME_COARSE: i32 = 5;
export const RLIMIT_NOFILE: i32 = 7;
export const RLIMIT_MEMLOCK: i32 = 8;
/** Resources that have a limit. */
export const LIMIT_COUNT: i32 = 16;
export const WNOHANG: i32 = 1;
export const SIGHUP: i32 = 1;
export const SIGINT: i32 = 2;
export const SIGQUIT: i32 = 3;
export const SIGKILL: i32 = 9;
export const SIGPIPE: i32 = 13;
export const SIGTERM: i32 = 15;
export const SIGCHLD: i32 = 17;
export const SIGCONT: i32 = 18;

/** Bytes of a page of Wasm memory; a multiple of every page size of the kernel on the CPUs that we know. */
const WASM_PAGE: i32 = 65536;

const SCRATCH: usize = memory.data(1024, 16);
const MAX_EVENTS: i32 = 64;
const SECOND_NS: i64 = 1000000000;
const SIG_BLOCK: i32 = 0;

// The allocator takes all of memory at its first allocation; that must come before the first reserved page.
const firstAllocation: usize = heap.alloc(16);

// x86_64 packs struct epoll_event, others align it. Functions, because unit tests have no CPU to ask.

function epollEventBytes(): usize {
  return archId() == ElfMachine.X86_64 ? EpollEvent.SizePacked : EpollEvent.SizeAligned;
}

function epollDataOffset(): usize {
  return archId() == ElfMachine.X86_64 ? EpollEvent.DataPacked : EpollEvent.DataAligned;
}

function call1(nr: Nr, mask: i32, a: i64): i32 {
  return <i32>sys(numberOf(nr), mask, a, 0, 0, 0, 0, 0);
}

function call2(nr: Nr, mask: i32, a: i64, b: i64): i32 {
  return <i32>sys(numberOf(nr), mask, a, b, 0, 0, 0, 0);
}

function call3(nr: Nr, mask: i32, a: i64, b: i64, c: i64): i32 {
  return <i32>sys(numberOf(nr), mask, a, b, c, 0, 0, 0);
}

function call4(nr: Nr, mask: i32, a: i64, b: i64, c: i64, d: i64): i32 {
  return <i32>sys(numberOf(nr), mask, a, b, c, d, 0, 0);
}

// Files

/** Opens a path relative to the working directory. */
export function open(path: string, flags: i32, mode: i32 = 0): i32 {
  const name = String.UTF8.encode(path, true);
  return call4(Nr.openat, 0b10, AT_FDCWD, changetype<usize>(name), flags, mode);
}

export function read(fd: i32, to: usize, bytes: i32): i32 {
  return call3(Nr.read, 0b10, fd, to, bytes);
}

export function write(fd: i32, from: usize, bytes: i32): i32 {
  return call3(Nr.write, 0b10, fd, from, bytes);
}

export function close(fd: i32): i32 {
  return call1(Nr.close, 0, fd);
}

const SEEK_SET: i32 = 0;
const SEEK_END: i32 = 2;

/** Byte offsets in struct linux_dirent64. */
export const enum DirectoryEntry {
  /** u16: bytes of the entry */
  Length = 16,
  /** the name, NUL-terminated */
  Name = 19,
}

/** Reads entries of an open directory (DirectoryEntry); how many bytes they are, 0 at the end, or -errno. */
export function getdents64(fd: i32, to: usize, bytes: i32): i32 {
  return call3(Nr.getdents64, 0b10, fd, to, bytes);
}

/** Bytes of an open file as it says itself, or -errno; reading starts at its beginning again. */
export function fileSize(fd: i32): i64 {
  const size = sys(numberOf(Nr.lseek), 0, fd, 0, SEEK_END, 0, 0, 0);
  call3(Nr.lseek, 0, fd, 0, SEEK_SET);
  return size;
}

/** Has the next read of a file begin at `offset`; the offset, or -errno. */
export function seek(fd: i32, offset: i64): i64 {
  return sys(numberOf(Nr.lseek), 0, fd, offset, SEEK_SET, 0, 0, 0);
}

/** Where a symbolic link leads; "": it is none, or cannot be read. */
export function readLink(path: string): string {
  const name = String.UTF8.encode(path, true);
  const to = heap.alloc(PATH_BYTES);
  const got = call4(Nr.readlinkat, 0b110, AT_FDCWD, changetype<usize>(name), to, PATH_BYTES);
  const text = got > 0 && got < PATH_BYTES ? decodeText(to, got) : "";
  heap.free(to);
  return text;
}

/** Makes a directory; 0 or -errno. */
export function mkdir(path: string, mode: i32): i32 {
  return call3(Nr.mkdirat, 0b10, AT_FDCWD, changetype<usize>(String.UTF8.encode(path, true)), mode);
}

/** Removes a file; 0 or -errno. */
export function unlink(path: string): i32 {
  return call3(Nr.unlinkat, 0b10, AT_FDCWD, changetype<usize>(String.UTF8.encode(path, true)), 0);
}

const AT_REMOVEDIR: i32 = 0x200;

/** Removes a directory that is empty; 0 or -errno. */
export function rmdir(path: string): i32 {
  return call3(Nr.unlinkat, 0b10, AT_FDCWD, changetype<usize>(String.UTF8.encode(path, true)), AT_REMOVEDIR);
}

/** Gives a file another name, in the place of what has that name; 0 or -errno. */
export function rename(from: string, to: string): i32 {
  const old = String.UTF8.encode(from, true);
  const name = String.UTF8.encode(to, true);
  const nr = numberOf(Nr.renameat2);
  return <i32>sys(nr, 0b1010, AT_FDCWD, changetype<usize>(old), AT_FDCWD, changetype<usize>(name), 0, 0);
}

const LOCK_EX: i32 = 2;
const LOCK_NB: i32 = 4;

/** Locks an open file for as long as it, or a copy of it in a child, is open; false if somebody else has the lock. */
export function lockFile(fd: i32): bool {
  return call2(Nr.flock, 0, fd, LOCK_EX | LOCK_NB) == 0;
}

/** Makes `to` another number of what `from` is; -errno on failure. */
export function duplicate(from: i32, to: i32): i32 {
  return call3(Nr.dup3, 0, from, to, 0);
}

/** PATH_MAX */
const PATH_BYTES: i32 = 4096;
const AT_EMPTY_PATH: i32 = 0x1000;
const STATX_TYPE: i32 = 1;
/** Bytes of struct statx, and of stx_mode in it. */
const STATX_BYTES: usize = 256;
const STATX_MODE: usize = 28;
const S_IFMT: i32 = 0o170000;
const S_IFREG: i32 = 0o100000;

/** Whether a descriptor is of a regular file. */
function isRegular(fd: i32): bool {
  const empty = SCRATCH;
  const to = SCRATCH + 16;
  memory.fill(empty, 0, 16 + STATX_BYTES);
  const failed = sys(numberOf(Nr.statx), 0b10010, fd, empty, AT_EMPTY_PATH, STATX_TYPE, to, 0);
  return failed >= 0 && (<i32>load<u16>(to, STATX_MODE) & S_IFMT) == S_IFREG;
}

/**
 * Opens a regular file to read it, and nothing else: opening a device or a pipe may do something. Descriptor or -errno.
 */
export function openRegular(path: string): i32 {
  const place = open(path, O_PATH | O_CLOEXEC);
  if (place < 0) return place;
  const fd = isRegular(place) ? open(`/proc/self/fd/${place}`, O_RDONLY | O_CLOEXEC) : -Errno.EACCES;
  close(place);
  return fd;
}

/** ioctl with an integer argument. */
export function ioctl(fd: i32, request: u32, argument: i64): i32 {
  return call3(Nr.ioctl, 0, fd, request, argument);
}

const TCGETS: u32 = 0x5401;
/** More than struct termios of asm-generic/termbits.h has. */
const TERMINAL: StaticArray<u8> = new StaticArray<u8>(64);

/** Whether a descriptor is a terminal. */
export function isTerminal(fd: i32): bool {
  return call3(Nr.ioctl, 0b100, fd, TCGETS, changetype<usize>(TERMINAL)) == 0;
}

function fcntl(fd: i32, command: i32, argument: i64): i32 {
  return call3(Nr.fcntl, 0, fd, command, argument);
}

/** Whether a descriptor is open. */
export function isOpen(fd: i32): bool {
  return fcntl(fd, F_GETFD, 0) >= 0;
}

const F_GETFD: i32 = 1;
const F_GETFL: i32 = 3;
const F_SETFL: i32 = 4;

/** Sets or clears O_NONBLOCK; returns the flags from before or -errno. */
export function setNonblocking(fd: i32, on: bool): i32 {
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  const failed = fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
  return failed < 0 ? failed : flags;
}

/** Sets an extended attribute of a file; 0 or -errno. */
export function setxattr(path: string, name: string, value: usize, bytes: i32): i32 {
  const file = String.UTF8.encode(path, true);
  const attribute = String.UTF8.encode(name, true);
  const nr = numberOf(Nr.setxattr);
  return <i32>sys(nr, 0b111, changetype<usize>(file), changetype<usize>(attribute), value, bytes, 0, 0);
}

/** The bytes of a file, or why there are none. */
export class FileContents {
  constructor(
    public bytes: StaticArray<u8> | null,
    /** 0, or -errno */
    public errno: i32,
  ) {}
}

/** All of a file of at most `maxBytes`. Files of /proc and /sys say no size, so it is read until its end. */
export function readContents(path: string, maxBytes: i32): FileContents {
  const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return new FileContents(null, fd);
  const contents = readAll(fd, maxBytes);
  close(fd);
  return contents;
}

/** The same for callers to whom it does not matter why a file cannot be read. */
export function readFile(path: string, maxBytes: i32): StaticArray<u8> | null {
  return readContents(path, maxBytes).bytes;
}

/** All that comes from a descriptor until its end. */
export function readAll(fd: i32, maxBytes: i32): FileContents {
  let buffer = new StaticArray<u8>(16384);
  let used = 0;
  while (true) {
    if (used == buffer.length) {
      if (used >= maxBytes) return new FileContents(null, -Errno.EFBIG);
      const larger = new StaticArray<u8>(min(used * 4, maxBytes));
      memory.copy(changetype<usize>(larger), changetype<usize>(buffer), used);
      buffer = larger;
    }
    const got = read(fd, changetype<usize>(buffer) + used, buffer.length - used);
    if (got == -Errno.EINTR) continue;
    if (got < 0) return new FileContents(null, got);
    if (got == 0) break;
    used += got;
  }
  return new FileContents(StaticArray.slice<u8>(buffer, 0, used), 0);
}

/** The two ends of a pipe, as pipe2 writes them. */
export const enum PipeEnds {
  /** i32 each */
  Read = 0,
  Write = 4,
  Size = 8,
}

/** Creates a pipe; its ends are written to `ends` (PipeEnds). */
export function pipe2(ends: usize, flags: i32): i32 {
  return call2(Nr.pipe2, 0b01, ends, flags);
}

// A process of our own, and file systems that no directory shows

/** Makes a copy of this process: 0 in the copy, its process id here, or -errno. */
export function fork(): i32 {
  return call2(Nr.clone, 0, SIGCHLD, 0);
}

/** Leaves the session, its terminal, and the process group. */
export function setsid(): i32 {
  return call1(Nr.setsid, 0, 0);
}

/** Closes the descriptors from `first` to `last`; -1 means all above (from Linux 5.9). */
export function close_range(first: i32, last: i32): i32 {
  return first > last && last >= 0 ? 0 : call3(Nr.close_range, 0, first, last, 0);
}

const FSOPEN_CLOEXEC: i32 = 1;
const FSMOUNT_CLOEXEC: i32 = 1;
const FSCONFIG_CMD_CREATE: i32 = 6;

/** Opens the root of a file system that has no device, without a mount that others see; a descriptor or -errno. */
export function openFileSystem(type: string): i32 {
  const name = String.UTF8.encode(type, true);
  const fs = call2(Nr.fsopen, 0b01, changetype<usize>(name), FSOPEN_CLOEXEC);
  if (fs < 0) return fs;
  let root = <i32>sys(numberOf(Nr.fsconfig), 0, fs, FSCONFIG_CMD_CREATE, 0, 0, 0, 0);
  if (root >= 0) root = call3(Nr.fsmount, 0, fs, FSMOUNT_CLOEXEC, 0);
  close(fs);
  return root;
}

// Memory

/** Inaccessible room of at least `bytes` at the end of linear memory, for mapInto; 0 if there is none left. */
export function reserve(bytes: usize): usize {
  assert(firstAllocation != 0, "the allocator has its first memory");
  return growReserved(<i32>((bytes + WASM_PAGE - 1) / WASM_PAGE));
}

/** Maps the beginning of a file, shared, at `at`, which lies in reserved room and is a multiple of the page size. */
export function mapInto(at: usize, bytes: usize, fd: i32): i32 {
  const flags = MAP_SHARED | MAP_FIXED;
  return errnoOf(sys(numberOf(Nr.mmap), 0b1, at, bytes, PROT_READ | PROT_WRITE, flags, fd, 0));
}

/** The same from an offset on, and only for reading. */
export function mapForReading(at: usize, bytes: usize, fd: i32, offset: i64): i32 {
  return errnoOf(sys(numberOf(Nr.mmap), 0b1, at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset));
}

/** -errno of a system call that returns an address; 0 if there is none. */
function errnoOf(result: i64): i32 {
  return result < 0 && result > -4096 ? <i32>result : 0;
}

// BPF and perf

/** bpf(2); pointers inside the attributes are host addresses (`hostAddress`). */
export function bpf(command: i32, attributes: usize, bytes: i32): i32 {
  return call3(Nr.bpf, 0b10, command, attributes, bytes);
}

export function perf_event_open(attributes: usize, pid: i32, cpu: i32, group: i32, flags: i32): i32 {
  return <i32>sys(numberOf(Nr.perf_event_open), 0b1, attributes, pid, cpu, group, flags, 0);
}

// Waiting

export function epoll_create1(flags: i32): i32 {
  return call1(Nr.epoll_create1, 0, flags);
}

/** `data` comes back from epollData; EPOLL_CTL_DEL ignores events and data. */
export function epoll_ctl(epoll: i32, operation: i32, fd: i32, events: u32, data: i64): i32 {
  store<u32>(SCRATCH, events, EpollEvent.Events);
  store<i64>(SCRATCH + epollDataOffset(), data);
  return call4(Nr.epoll_ctl, 0b1000, epoll, operation, fd, SCRATCH);
}

/** Room for what one epoll_wait answers. */
export class EventList {
  private events: StaticArray<u8> = new StaticArray<u8>(MAX_EVENTS * EpollEvent.SizeAligned);

  /** Waits; how many events there are, or -errno. A timeout of -1 waits for ever. */
  wait(epoll: i32, timeoutMs: i32): i32 {
    const nr = numberOf(Nr.epoll_pwait);
    return <i32>sys(nr, 0b10, epoll, changetype<usize>(this.events), MAX_EVENTS, timeoutMs, 0, SIGNAL_SET_BYTES);
  }

  /** What happened to event `i`: EPOLLIN and others. */
  happened(i: i32): u32 {
    return load<u32>(this.at(i), EpollEvent.Events);
  }

  /** What epoll_ctl was given for event `i`. */
  data(i: i32): i64 {
    return load<i64>(this.at(i) + epollDataOffset());
  }

  private at(i: i32): usize {
    return changetype<usize>(this.events) + <usize>i * epollEventBytes();
  }
}

/** What has happened to a descriptor of `events`, and whether it has failed or its other end is closed; 0: nothing. */
export function happenedTo(fd: i32, events: i32): i32 {
  return poll(fd, events, 0) == 1 ? <i32>load<u16>(SCRATCH, PollFd.Revents) : 0;
}

/** Waits until one descriptor is ready; 1 ready, 0 timeout, or -errno. */
export function poll(fd: i32, events: i32, timeoutMs: i32): i32 {
  store<i32>(SCRATCH, fd, PollFd.Fd);
  store<i16>(SCRATCH, <i16>events, PollFd.Events);
  store<i16>(SCRATCH, 0, PollFd.Revents);
  const time = SCRATCH + PollFd.Size;
  storeTime(time, <i64>timeoutMs * 1000000);
  const timeout: usize = timeoutMs < 0 ? 0 : time;
  return <i32>sys(numberOf(Nr.ppoll), 0b0101, SCRATCH, 1, timeout, 0, SIGNAL_SET_BYTES, 0);
}

/** Waits. */
export function sleepMs(ms: i32): void {
  storeTime(SCRATCH, <i64>ms * 1000000);
  sys(numberOf(Nr.ppoll), 0b0100, 0, 0, SCRATCH, 0, SIGNAL_SET_BYTES, 0);
}

/** Stores nanoseconds as a struct timespec. */
function storeTime(at: usize, ns: i64): void {
  store<i64>(at, ns / SECOND_NS, TimeSpec.Seconds);
  store<i64>(at, ns % SECOND_NS, TimeSpec.Nanoseconds);
}

/** The nanoseconds of a struct timespec. */
function loadTime(at: usize): i64 {
  return load<i64>(at, TimeSpec.Seconds) * SECOND_NS + load<i64>(at, TimeSpec.Nanoseconds);
}

export function timerfd_create(clock: i32, flags: i32): i32 {
  return call2(Nr.timerfd_create, 0, clock, flags);
}

/** First expiry and period, nanoseconds; a period of 0 fires once. */
export function timerfd_settime(fd: i32, flags: i32, first: i64, period: i64): i32 {
  storeTime(SCRATCH + TimerSpec.Interval, period);
  storeTime(SCRATCH + TimerSpec.Value, first);
  return call4(Nr.timerfd_settime, 0b100, fd, flags, SCRATCH, 0);
}

/** Reads the 8-byte counter of a timerfd; expirations, or -errno. */
export function readCounter(fd: i32): i64 {
  const got = read(fd, SCRATCH, 8);
  return got < 0 ? <i64>got : load<i64>(SCRATCH);
}

// Signals and processes

/** A descriptor that reads the signals of `mask` (bit n-1: signal n). Block them first. */
export function signalfd4(mask: u64, flags: i32): i32 {
  store<u64>(SCRATCH, mask);
  return call4(Nr.signalfd4, 0b10, -1, SCRATCH, SIGNAL_SET_BYTES, flags);
}

/** The next signal's number from a signalfd, or -errno. */
export function readSignal(fd: i32): i32 {
  const got = read(fd, SCRATCH, SignalInfo.Size);
  return got < 0 ? got : load<i32>(SCRATCH, SignalInfo.Signal);
}

/** Blocks the signals of `mask` for the rest of the process. */
export function blockSignals(mask: u64): i32 {
  store<u64>(SCRATCH, mask);
  return call4(Nr.rt_sigprocmask, 0b10, SIG_BLOCK, SCRATCH, 0, SIGNAL_SET_BYTES);
}

/** Of membarrier: all threads of the system; it waits for a grace period of RCU. */
export const MEMBARRIER_GLOBAL: i32 = 1;

export function membarrier(command: i32): i32 {
  return call3(Nr.membarrier, 0, command, 0, 0);
}

export function getpid(): i32 {
  return call1(Nr.getpid, 0, 0);
}

export function getuid(): i32 {
  return call1(Nr.getuid, 0, 0);
}

export function getgid(): i32 {
  return call1(Nr.getgid, 0, 0);
}

export function geteuid(): i32 {
  return call1(Nr.geteuid, 0, 0);
}

/** Signal 0 asks whether the process is there; a negative pid means its process group. */
export function kill(pid: i32, signal: i32): i32 {
  return call2(Nr.kill, 0, pid, signal);
}

/** Waits for a child; its wait status (i32) is written to `status`, if that is not 0. */
export function wait4(pid: i32, status: usize, options: i32): i32 {
  return call4(Nr.wait4, 0b10, pid, status, options, 0);
}

/** Layout of a request to `spawnProcess`; pointers are offsets into linear memory, lists end with a zero word. */
export const enum Spawn {
  /** u32: NUL-terminated path */
  Path = 0,
  /** u32: u32 offsets of NUL-terminated arguments */
  Arguments = 4,
  /** u64: host address of the environment (char **) */
  Environment = 8,
  /** i32 each: descriptors that become 0, 1 and 2 */
  Stdin = 16,
  Stdout = 20,
  Stderr = 24,
  /**
   * i32: read end of a pipe; the child starts the program when it reads a byte, and ends with 127 at its end. -1: at
   * once.
   */
  Gate = 28,
  /** i32: write end of that pipe, which the child closes */
  GateWrite = 32,
  /** i32: user and group to become; -1: unchanged */
  Uid = 36,
  Gid = 40,
  /** i32: write end of a close-on-exec pipe for errno if the program cannot be started */
  Report = 44,
  /** u32: supplementary groups, u32 count and u32 offset of u32 ids */
  GroupCount = 48,
  Groups = 52,
  /** u32: NUL-terminated directory to start in, or 0 */
  Directory = 56,
  /** u32: LIMIT_COUNT resource limits (ResourceLimit), or 0 */
  Limits = 60,
  Size = 64,
}

/** Forks a child in a process group of its own that will execve; its process id or -errno. */
export function spawnProcess(request: usize): i32 {
  return <i32>spawn(request);
}

// The system

/** Nanoseconds of a clock. */
export function clock_gettime(clock: i32): i64 {
  call2(Nr.clock_gettime, 0b10, clock, SCRATCH);
  return loadTime(SCRATCH);
}

/** Nanoseconds between steps of a clock. */
export function clock_getres(clock: i32): i64 {
  return call2(Nr.clock_getres, 0b10, clock, SCRATCH) < 0 ? <i64>0 : loadTime(SCRATCH);
}

/** What the kernel calls itself. */
export function uname(field: UtsField): string {
  call1(Nr.uname, 0b1, SCRATCH);
  const at = SCRATCH + UTS_FIELD_BYTES * field;
  let length: usize = 0;
  while (length < <usize>UTS_FIELD_BYTES && load<u8>(at + length) != 0) ++length;
  return String.UTF8.decodeUnsafe(at, length);
}

export function prctl(option: i32, a: i64, b: i64 = 0, c: i64 = 0, d: i64 = 0): i32 {
  return <i32>sys(numberOf(Nr.prctl), 0, option, a, b, c, d, 0);
}

const PR_SET_NAME: i32 = 15;

/** Names the process, as ps shows it and execname() says it; at most 15 characters. */
export function setName(name: string): void {
  const bytes = String.UTF8.encode(name, true);
  prctl(PR_SET_NAME, addressOf(changetype<usize>(bytes)));
}

/**
 * Sets a resource limit, soft and hard; -1 means unlimited. Needed for RLIMIT_MEMLOCK before 5.11, where maps count.
 */
export function setrlimit(resource: i32, soft: i64, hard: i64): i32 {
  store<i64>(SCRATCH, soft, ResourceLimit.Soft);
  store<i64>(SCRATCH, hard, ResourceLimit.Hard);
  return call4(Nr.prlimit64, 0b100, 0, resource, SCRATCH, 0);
}

/** Stores all resource limits at `to`, ResourceLimit each. */
export function getLimits(to: usize): void {
  for (let i = 0; i < LIMIT_COUNT; ++i) {
    call4(Nr.prlimit64, 0b1000, 0, i, 0, to + <usize>i * ResourceLimit.Size);
  }
}

/** The hard limit of a resource; -1: unlimited. */
export function getHardLimit(resource: i32): i64 {
  const failed = call4(Nr.prlimit64, 0b1000, 0, resource, 0, SCRATCH);
  return failed < 0 ? <i64>0 : load<i64>(SCRATCH, ResourceLimit.Hard);
}

/** The number of the CPU this runs on; 0 if the kernel will not say. */
export function getcpu(): i32 {
  return call3(Nr.getcpu, 0b1, SCRATCH, 0, 0) < 0 ? 0 : load<i32>(SCRATCH);
}

/** A random number; 0 if the kernel has none to give yet. */
export function getrandom(): u64 {
  store<u64>(SCRATCH, 0);
  call3(Nr.getrandom, 0b1, SCRATCH, 8, 1);
  return load<u64>(SCRATCH);
}

/** A NUL-terminated string at a host address, as of argv. */
export function hostString(address: u64, length: i32): string {
  const bytes = new ArrayBuffer(length);
  copyIn(changetype<usize>(bytes), address, length);
  return String.UTF8.decode(bytes);
}

/** Host address of an offset in linear memory, for pointers inside attribute structures. */
export function addressOf(offset: usize): u64 {
  return hostAddress(offset);
}
