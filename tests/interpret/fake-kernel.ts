// As much of a Linux kernel as the agent needs to run the handlers that it interprets. agent.wasm runs in this process,
// and its system calls are answered here. Maps are zeroed memory. Programs for the kernel load but never run, nor do
// timers that take the lock. Time passes only while the agent waits. There is one CPU, pages have 4096 bytes, and the
// user is root.
//
// The agent runs to its end in one call, so its input is given beforehand. When the agent waits and nothing is left to
// happen, its input is Stop, as if the user had pressed ^C.

import { encodeFrame } from "../../agent/host/frames.ts";
import { HostFrame } from "../../common/format/frame.ts";

const EPERM = 1;
const ENOENT = 2;
const EAGAIN = 11;
const ENOSYS = 38;
const MACHINE_X86_64 = 62;
const PAGE = 65536;
/** Where the initial stack seems to lie: beyond linear memory, whose host addresses are its offsets. */
const STACK_AT = 1n << 40n;
const SECOND = 1_000_000_000n;
/** Two of the agent's heartbeat periods never pass without one. */
const HEARTBEAT_NS = 2n * SECOND;
const EPOLLIN = 1;

/** Numbers of x86_64's system calls that are answered with more than "yes". */
const Nr = {
  read: 0,
  write: 1,
  mmap: 9,
  getpid: 39,
  uname: 63,
  fcntl: 72,
  clockGettime: 228,
  clockGetres: 229,
  epollCtl: 233,
  openat: 257,
  epollPwait: 281,
  timerfdCreate: 283,
  timerfdSettime: 286,
  signalfd4: 289,
  epollCreate1: 291,
  getcpu: 309,
  getrandom: 318,
  bpf: 321,
} as const;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const BPF_MAP_CREATE = 0;
const BPF_PROG_LOAD = 5;
const BPF_OBJ_GET_INFO = 15;
const BPF_BTF_LOAD = 18;
const PID = 4242;

/** What a run came to. */
export interface AgentRun {
  status: number;
  stdout: Uint8Array;
}

interface Timer {
  next: bigint;
  period: bigint;
}

/** The agent's own defect: it aborted, or left in the middle. */
export class AgentTrap extends Error {}

/** Runs `agent.wasm serve` with these bytes on its standard input; a fresh instance each time. */
export function runAgent(module: WebAssembly.Module, input: Uint8Array, limitNs = 20n * SECOND): AgentRun {
  const kernel = new FakeKernel(input, limitNs);
  const instance = new WebAssembly.Instance(module, kernel.imports());
  const exports = instance.exports as { memory: WebAssembly.Memory; _start(): void; main(): number };
  kernel.memory = exports.memory;
  exports._start();
  const status = exports.main();
  return { status, stdout: Buffer.concat(kernel.written) };
}

class FakeKernel {
  memory!: WebAssembly.Memory;
  readonly written: Uint8Array[] = [];
  private readonly stack = initialStack(["stap-agent", "serve"]);
  private now = 1000n * SECOND;
  private lastHeartbeat = this.now;
  private readonly end: bigint;
  private stopped = false;
  private isAtEnd = false;
  private nextFd = 10;
  private readonly timers = new Map<number, Timer>();
  private readonly watched = new Map<number, bigint>();
  private random = 0x12345678;

  constructor(
    private input: Uint8Array,
    limitNs: bigint,
  ) {
    this.end = this.now + limitNs;
  }

  imports(): WebAssembly.Imports {
    const native = {
      sys: (nr: number, _mask: number, ...args: bigint[]) => BigInt(this.call(nr, args)),
      hostAddress: (offset: number) => BigInt(offset >>> 0),
      copyIn: (to: number, from: bigint, bytes: number) => this.bytes(to, bytes).set(this.host(from, bytes)),
      stringLengthAt: (from: bigint) => this.host(from).indexOf(0),
      initialStack: () => STACK_AT,
      archId: () => MACHINE_X86_64,
      growReserved: (pages: number) => this.memory.grow(pages) * PAGE,
      spawn: () => BigInt(-ENOSYS),
      exit: (status: number) => {
        throw new AgentTrap(`the agent left with status ${status}`);
      },
      ...this.atomics(),
    };
    return { native, env: { abort: (...place: number[]) => this.abort(place) } };
  }

  /** With one thread, plain accesses are atomic. */
  private atomics(): Record<string, (...args: never[]) => unknown> {
    const swap32 = (at: number, next: (old: number) => number) => {
      const old = this.view.getUint32(at >>> 0, true);
      this.view.setUint32(at >>> 0, next(old), true);
      return old | 0;
    };
    const swap64 = (at: number, next: (old: bigint) => bigint) => {
      const old = this.view.getBigUint64(at >>> 0, true);
      this.view.setBigUint64(at >>> 0, BigInt.asUintN(64, next(old)), true);
      return old;
    };
    return {
      loadAcquire32: (at: number) => swap32(at, (old) => old),
      loadAcquire64: (at: number) => swap64(at, (old) => old),
      storeRelease32: (at: number, value: number) => void swap32(at, () => value),
      storeRelease64: (at: number, value: bigint) => void swap64(at, () => value),
      fetchAdd32: (at: number, value: number) => swap32(at, (old) => old + value),
      fetchAdd64: (at: number, value: bigint) => swap64(at, (old) => old + value),
      exchange32: (at: number, value: number) => swap32(at, () => value),
      exchange64: (at: number, value: bigint) => swap64(at, () => value),
      compareExchange32: (at: number, want: number, value: number) =>
        swap32(at, (old) => (old === want >>> 0 ? value : old)),
      compareExchange64: (at: number, want: bigint, value: bigint) =>
        swap64(at, (old) => (old === BigInt.asUintN(64, want) ? value : old)),
    };
  }

  private get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  private bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at >>> 0, length >>> 0);
  }

  /** Bytes at a host address: in the initial stack, or in linear memory. */
  private host(address: bigint, length?: number): Uint8Array {
    if (address >= STACK_AT) {
      const at = Number(address - STACK_AT);
      return this.stack.subarray(at, length === undefined ? undefined : at + length);
    }
    return new Uint8Array(this.memory.buffer, Number(address), length);
  }

  private abort([message, , line, column]: number[]): never {
    const text = (at: number) => {
      if (!at) return "";
      return Buffer.from(this.memory.buffer, at, this.view.getUint32(at - 4, true)).toString("utf16le");
    };
    throw new AgentTrap(`the agent aborted: ${text(message ?? 0)} (${line}:${column})`);
  }

  private call(nr: number, args: bigint[]): number | bigint {
    const [a, b, c, d] = args.map(Number) as [number, number, number, number];
    switch (nr) {
      case Nr.read:
        return this.read(a, b, c);
      case Nr.write:
        if (a === 1) this.written.push(this.bytes(b, c).slice());
        return c;
      case Nr.mmap:
        return a;
      case Nr.getpid:
        return PID;
      case Nr.uname:
        return this.uname(a);
      case Nr.fcntl:
        return 0;
      case Nr.clockGettime:
        return this.storeTime(b, (this.now += 1000n));
      case Nr.clockGetres:
        return this.storeTime(b, 4_000_000n);
      case Nr.openat:
        return -ENOENT;
      case Nr.epollCtl:
        return this.watch(b, c, d);
      case Nr.epollPwait:
        return this.wait(b, d);
      case Nr.timerfdSettime:
        return this.arm(a, c);
      case Nr.timerfdCreate:
      case Nr.signalfd4:
      case Nr.epollCreate1:
        return this.nextFd++;
      case Nr.getcpu:
        this.view.setUint32(a, 0, true);
        return 0;
      case Nr.getrandom:
        return this.fillRandom(a, b);
      case Nr.bpf:
        return this.bpf(a);
      default:
        return 0;
    }
  }

  private bpf(command: number): number {
    if (command === BPF_MAP_CREATE || command === BPF_PROG_LOAD || command === BPF_BTF_LOAD) return this.nextFd++;
    return command === BPF_OBJ_GET_INFO ? -EPERM : 0;
  }

  private read(fd: number, to: number, bytes: number): number {
    if (fd === 0) {
      const part = this.input.subarray(0, bytes);
      this.bytes(to, part.length).set(part);
      this.input = this.input.subarray(part.length);
      return part.length > 0 || this.isAtEnd ? part.length : -EAGAIN;
    }
    const timer = this.timers.get(fd);
    if (!timer || timer.next > this.now) return -EAGAIN;
    const missed = timer.period > 0n ? (this.now - timer.next) / timer.period : 0n;
    this.view.setBigUint64(to, missed + 1n, true);
    if (timer.period > 0n) timer.next += (missed + 1n) * timer.period;
    else this.timers.delete(fd);
    return 8;
  }

  private watch(operation: number, fd: number, event: number): number {
    if (operation === EPOLL_CTL_DEL) this.watched.delete(fd);
    if (operation === EPOLL_CTL_ADD) this.watched.set(fd, this.view.getBigInt64(event + 4, true));
    return 0;
  }

  private arm(fd: number, spec: number): number {
    const time = (at: number) => this.view.getBigInt64(at, true) * SECOND + this.view.getBigInt64(at + 8, true);
    this.timers.set(fd, { period: time(spec), next: this.now + time(spec + 16) });
    return 0;
  }

  /** Lets time pass until something happens, or the timeout. */
  private wait(events: number, timeoutMs: number): number {
    const isDue = ([fd, timer]: [number, Timer]) => this.watched.has(fd) && timer.next <= this.now;
    if (this.input.length === 0 && ![...this.timers].some(isDue)) this.pass(BigInt(timeoutMs) * 1_000_000n);
    // It waits though Stop was read: that was part of a frame which is cut off.
    if (this.stopped && this.input.length === 0) this.isAtEnd = true;
    if (this.now >= this.end) this.stop(); // some timer may always be due
    const ready = [...this.timers].filter(isDue).map(([fd]) => fd);
    if (this.input.length > 0) ready.unshift(0);
    ready.forEach((fd, i) => {
      this.view.setUint32(events + 12 * i, EPOLLIN, true);
      this.view.setBigInt64(events + 12 * i + 4, this.watched.get(fd) ?? 0n, true);
    });
    return ready.length;
  }

  private pass(most: bigint): void {
    const next = [...this.timers.values()].reduce(
      (least, timer) => (timer.next < least ? timer.next : least),
      this.end,
    );
    this.now = next < this.now + most ? next : this.now + most;
    if (this.now - this.lastHeartbeat > HEARTBEAT_NS) {
      this.lastHeartbeat = this.now;
      this.input = encodeFrame(HostFrame.Heartbeat);
    }
    if (this.timers.size === 0 || this.now >= this.end) this.stop();
  }

  private stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.input = encodeFrame(HostFrame.Stop);
  }

  private uname(at: number): number {
    ["Linux", "interpreter", "6.12.0-interpreter", "#1", "x86_64"].forEach((text, i) => {
      this.bytes(at + 65 * i, 65).fill(0);
      this.bytes(at + 65 * i, 64).set(Buffer.from(text));
    });
    return 0;
  }

  private storeTime(at: number, ns: bigint): number {
    this.view.setBigInt64(at, ns / SECOND, true);
    this.view.setBigInt64(at + 8, ns % SECOND, true);
    return 0;
  }

  private fillRandom(at: number, bytes: number): number {
    for (let i = 0; i < bytes; i++) {
      this.random = (Math.imul(this.random, 1103515245) + 12345) >>> 0;
      this.view.setUint8(at + i, this.random >>> 16);
    }
    return bytes;
  }
}

/** argc, argv, 0, envp's 0, the auxiliary vector with the page size; strings behind. */
function initialStack(args: string[]): Uint8Array {
  const words = 1 + args.length + 1 + 1 + 4;
  const strings = args.map((arg) => Buffer.from(`${arg}\0`));
  const bytes = Buffer.alloc(8 * words + strings.reduce((sum, text) => sum + text.length, 0));
  bytes.writeBigUInt64LE(BigInt(args.length), 0);
  let at = 8 * words;
  strings.forEach((text, i) => {
    bytes.writeBigUInt64LE(STACK_AT + BigInt(at), 8 + 8 * i);
    text.copy(bytes, at);
    at += text.length;
  });
  const auxiliary = 8 * (3 + args.length);
  bytes.writeBigUInt64LE(6n, auxiliary);
  bytes.writeBigUInt64LE(4096n, auxiliary + 8);
  return bytes;
}
