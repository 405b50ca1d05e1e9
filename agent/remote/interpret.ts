// Runs the handlers of begin, end, error and timer probes: BPF code of `.stap.agent` in the machine of common/as, over
// the same .bss and .rodata that kernel programs use, with the same helpers. What they print goes to the sinks that the
// session drains the rings into. Handlers of Engine.TestRun are in kernel programs, which the kernel runs on request.

import { Environment } from "../../common/as/bpf-machine/environment";
import { BpfMachine } from "../../common/as/bpf-machine/machine";
import { MAP_HANDLE, MachineStatus } from "../../common/as/bpf-machine/state";
import { Section } from "../../common/as/elf-reader";
import { putKernelText } from "../../common/as/print/addresses";
import { OutBuffer } from "../../common/as/print/buffer";
import { AttachFlags, attachRow, MAP_OUTPUT } from "../../common/format/attach";
import { INSN_BYTES, Insn, Opcode, Pseudo } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { AttachKind, Engine, LineRow, NONE, PositionRow, TableKind } from "../../common/format/manifest";
import { BssHeader } from "../../common/format/runtime";
import { kernelSymbols } from "./addresses";
import { testRun } from "./bpf";
import { Contact } from "./contact";
import { Failure, Result } from "./errors";
import { jiffyNs } from "./kernel";
import { callProblem, isCall, Reference, ReferenceKind, readReference, readTarget, referenceProblem } from "./link";
import { Probe, Program } from "./manifest";
import {
  compareExchange32,
  compareExchange64,
  exchange32,
  exchange64,
  fetchAdd32,
  fetchAdd64,
  storeRelease32,
} from "./native";
import { LoadedObject } from "./object";
import { RecordSink } from "./ring";
import {
  addressOf,
  CLOCK_MONOTONIC,
  clock_gettime,
  close,
  getcpu,
  getgid,
  getpid,
  getrandom,
  getuid,
  O_CLOEXEC,
  O_WRONLY,
  open,
  prctl,
  write,
} from "./syscall";

/** Most instructions of one run of a handler, in case it never ends. MAXACTION ends handlers of scripts long before. */
const FUEL: i64 = 100000000000;
/** Handlers may go on for so many pauses when nobody waits any more: end probes may write to a file. */
const LAST_PAUSES: i32 = 100;
const CLOCK_BOOTTIME: i32 = 7;
const PR_GET_NAME: i32 = 16;

/** The world as the agent's own handlers see it: the agent's identity, the kernel's clocks, real atomic operations. */
class AgentWorld extends Environment {
  outputSink: RecordSink | null = null;
  controlSink: RecordSink | null = null;
  contact: Contact | null = null;
  /** Of the probe that runs. */
  firedPlace: u64 = 0;
  /** Pauses since nobody waits for the results. */
  private unwanted: i32 = 0;
  private pid: u64 = <u64>getpid();
  private owner: u64 = ((<u64>getgid()) << 32) | <u64>getuid();
  private tick: i64 = jiffyNs();

  constructor(private o: LoadedObject) {
    super();
  }

  ktimeNs(): u64 {
    return clock_gettime(CLOCK_MONOTONIC);
  }

  bootNs(): u64 {
    return clock_gettime(CLOCK_BOOTTIME);
  }

  jiffies(): u64 {
    return this.tick <= 0 ? 0 : <u64>(clock_gettime(CLOCK_MONOTONIC) / this.tick);
  }

  pidTgid(): u64 {
    return (this.pid << 32) | this.pid;
  }

  uidGid(): u64 {
    return this.owner;
  }

  comm(to: usize): void {
    memory.fill(to, 0, 16);
    prctl(PR_GET_NAME, addressOf(to));
  }

  cpu(): u32 {
    return getcpu();
  }

  random(): u32 {
    return <u32>getrandom();
  }

  ringOutput(map: i32, address: usize, bytes: i32): bool {
    if (map >= this.o.maps.length) return false;
    const sink = this.o.maps[map].name == MAP_OUTPUT ? this.outputSink : this.controlSink;
    return sink ? sink.record(address, bytes) : false;
  }

  place(): u64 {
    return this.firedPlace;
  }

  override traceText(at: usize, bytes: i32): void {
    let fd = open("/sys/kernel/tracing/trace_marker", O_WRONLY | O_CLOEXEC);
    if (fd < 0) fd = open("/sys/kernel/debug/tracing/trace_marker", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    write(fd, at, bytes);
    close(fd);
  }

  override symbolText(address: u64, withOffset: bool, to: usize, bytes: i32): i32 {
    const text = this.text;
    text.clear();
    putKernelText(text, kernelSymbols().find(address), address, withOffset);
    if (bytes == 0) return text.length;
    const length = min(text.length, bytes - 1);
    memory.copy(to, text.start, length);
    store<u8>(to + <usize>length, 0);
    return text.length;
  }
  private text: OutBuffer = new OutBuffer(512, 8192);

  pause(): bool {
    const contact = this.contact;
    if (contact && !contact.keep()) ++this.unwanted;
    return this.unwanted <= LAST_PAUSES;
  }

  lookUp(map: i32, index: u32): usize {
    if (map >= this.o.maps.length) return 0;
    const entry = unchecked(this.o.maps[map]);
    if (entry.address == 0 || index >= <u32>entry.maxEntries) return 0;
    return entry.address + <usize>index * entry.valueStride;
  }

  add32(at: usize, value: u32): u32 {
    return fetchAdd32(at, value);
  }

  add64(at: usize, value: u64): u64 {
    return fetchAdd64(at, value);
  }

  exchange32(at: usize, value: u32): u32 {
    return exchange32(at, value);
  }

  exchange64(at: usize, value: u64): u64 {
    return exchange64(at, value);
  }

  compareExchange32(at: usize, expected: u32, value: u32): u32 {
    return compareExchange32(at, expected, value);
  }

  compareExchange64(at: usize, expected: u64, value: u64): u64 {
    return compareExchange64(at, expected, value);
  }
}

/** The agent's own handlers of one object, ready to run. */
export class Interpreter {
  constructor(
    public object: LoadedObject,
    private world: AgentWorld,
    private machine: BpfMachine,
  ) {}

  /** Says where output goes, and whom to keep in contact with while handlers run long. */
  connect(output: RecordSink, control: RecordSink, contact: Contact): void {
    this.world.outputSink = output;
    this.world.controlSink = control;
    this.world.contact = contact;
  }

  /**
   * Runs all session probes of a kind (Begin, End, Error) by their order numbers. A handler that fails
   * becomes a warning of the object, and the others run. After exit() in a begin probe the remaining ones do not run.
   */
  runAll(kind: AttachKind): void {
    const exiting = this.object.bssAddress + BssHeader.Exiting;
    const probes = inOrder(this.object.probes.filter((probe: Probe): bool => isSession(probe)));
    for (let i = 0, n = probes.length; i < n; ++i) {
      if (probes[i].attach != kind) continue;
      const isExiting = load<u32>(exiting) != 0;
      if (isExiting && !attachRow(kind).is(AttachFlags.Last)) break;
      // Handlers return at once while the session ends; end probes are what is left to run then.
      if (isExiting) storeRelease32(exiting, 0);
      this.run(probes[i]);
      if (isExiting) storeRelease32(exiting, 1);
    }
  }

  /** Runs one probe's handler; what goes wrong becomes a warning of the object. */
  run(probe: Probe): void {
    const inKernel = probe.program.engine == Engine.TestRun;
    const failure = inKernel ? runInKernel(probe) : this.interpret(probe);
    // Session probes print in their order, wherever they run.
    if (inKernel && isSession(probe)) this.takeRecords();
    if (failure) this.object.warnings.push(failure.render());
  }

  /** Takes what a handler in the kernel has written into the rings. */
  private takeRecords(): void {
    const output = this.object.outputRing;
    const control = this.object.controlRing;
    const outputSink = this.world.outputSink;
    const controlSink = this.world.controlSink;
    if (output && outputSink) output.drain(outputSink);
    if (control && controlSink) control.drain(controlSink);
  }

  private interpret(probe: Probe): Failure | null {
    const o = this.object;
    const section = o.agentCode;
    if (!section || probe.program.section != section)
      return new Failure(FailureCode.Object, 0, `${probe.point} has no code`);
    const m = this.machine;
    this.world.firedPlace = <u64>probe.place;
    const status = m.run(probe.program.start / INSN_BYTES, 0, FUEL);
    if (status == MachineStatus.Done) return null;
    fetchAdd64(o.bssAddress + BssHeader.Errors, 1);
    const place = placeOf(o, probe.program, m.pc);
    return new Failure(FailureCode.Object, 0, `${probe.point} was stopped at ${place}: ${describe(status, m.fault)}`);
  }
}

/** Links `.stap.agent` and makes the machine for it. Maps must have been made. */
export function prepareInterpreter(o: LoadedObject): Result<Interpreter> {
  const world = new AgentWorld(o);
  const machine = new BpfMachine(world);
  machine.addRegion(o.bssAddress, o.bssBytes, true);
  machine.addRegion(changetype<usize>(o.rodataBytes), o.rodataBytes.length, false);
  for (let i = 0, n = o.maps.length; i < n; ++i) {
    const map = o.maps[i];
    if (map.address != 0) machine.addRegion(map.address, <usize>map.bytes, true);
  }
  const section = o.agentCode;
  if (section) {
    const code = section.data.copy();
    const problem = linkAgentCode(o, section, code);
    if (problem.length != 0) return new Result<Interpreter>(null, new Failure(FailureCode.Object, 0, problem));
    machine.setCode(code);
  }
  return new Result<Interpreter>(new Interpreter(o, world, machine), null);
}

function isSession(probe: Probe): bool {
  return attachRow(probe.attach).is(AttachFlags.Session);
}

/** Sorted by order numbers; equal ones stay as they are, which sort() does not promise. */
function inOrder(probes: Probe[]): Probe[] {
  for (let i = 1; i < probes.length; ++i) {
    const probe = probes[i];
    let j = i;
    for (; j > 0 && probes[j - 1].order > probe.order; --j) probes[j] = probes[j - 1];
    probes[j] = probe;
  }
  return probes;
}

/** Has the kernel run a handler, which is in a program of its own there. */
function runInKernel(probe: Probe): Failure | null {
  const result = testRun(probe.programFd);
  if (result >= 0) return null;
  return new Failure(FailureCode.Feature, result, `the kernel did not run ${probe.point}`);
}

/** Where in the script an instruction comes from, or its number if the manifest does not say. */
function placeOf(o: LoadedObject, program: Program, pc: i32): string {
  const index = o.programs.indexOf(program);
  const insn = pc - program.start / INSN_BYTES;
  const isInside = insn >= 0 && insn < program.bytes / INSN_BYTES;
  let position = NONE;
  const manifest = o.manifest;
  for (let row = 0, n = manifest.count(TableKind.Line); isInside && row < n; ++row) {
    const isBefore = manifest.field(TableKind.Line, row, LineRow.Insn) <= insn;
    if (isBefore && manifest.field(TableKind.Line, row, LineRow.Program) == index)
      position = manifest.field(TableKind.Line, row, LineRow.Position);
  }
  if (position == NONE) return `instruction ${pc}`;
  const line = manifest.field(TableKind.Position, position, PositionRow.Line);
  const column = manifest.field(TableKind.Position, position, PositionRow.Column);
  return `${manifest.text(TableKind.Position, position, PositionRow.File)}:${line}:${column}`;
}

function describe(status: i32, fault: u64): string {
  switch (status) {
    case MachineStatus.OutOfFuel:
      return `it ran for more than ${FUEL} instructions`;
    case MachineStatus.WildAccess:
      return `it accessed memory at 0x${fault.toString(16)}, outside of its own`;
    case MachineStatus.BadHelper:
      return `it called helper ${fault}, which the agent does not have`;
    case MachineStatus.TooDeep:
      return "its calls are nested too deeply";
    default:
      return "the instruction is invalid";
  }
}

/** Puts addresses of our memory into `code`, a copy of `.stap.agent`; empty, or what is wrong. */
function linkAgentCode(o: LoadedObject, section: Section, code: StaticArray<u8>): string {
  const to = changetype<usize>(code);
  for (let at = 0; at + INSN_BYTES <= code.length; at += INSN_BYTES) {
    if (isCall(section.data, at)) {
      const target = readTarget(o, section, at);
      if (!target) return callProblem(section, at);
      store<i32>(to + at + Insn.Imm, (target.value - at) / INSN_BYTES - 1);
      continue;
    }
    if (section.data.u8(at) != Opcode.LdImm64) continue;
    const reloc = section.findRelocation(at);
    if (reloc && at + 2 * INSN_BYTES <= code.length) {
      const symbol = o.elf.symbols[reloc.symbol];
      const reference = readReference(o, section, at, symbol);
      if (!reference) return referenceProblem(section, at, symbol);
      storeAddress(to + at, addressOfReference(o, reference));
    }
    at += INSN_BYTES;
  }
  return "";
}

/** Makes a ld_imm64 load a plain number. */
function storeAddress(to: usize, value: u64): void {
  store<u8>(to + Insn.Registers, (load<u8>(to + Insn.Registers) & 15) | <u8>(Pseudo.None << 4));
  store<u32>(to + Insn.Imm, <u32>value);
  store<u32>(to + INSN_BYTES + Insn.Imm, <u32>(value >> 32));
}

/** What code refers to, as the machine's programs see it. */
function addressOfReference(o: LoadedObject, reference: Reference): u64 {
  switch (reference.kind) {
    case ReferenceKind.Bss:
      return <u64>o.bssAddress + <u64>reference.value;
    case ReferenceKind.Rodata:
      return <u64>changetype<usize>(o.rodataBytes) + <u64>reference.value;
    default:
      return MAP_HANDLE + <u64>reference.value;
  }
}
