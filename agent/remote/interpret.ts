// Runs the handlers of begin, end, error and timer probes: BPF code of `.stap.agent` in the machine of common/as, over
// the same .bss and .rodata that kernel programs use, with the same helpers. What they print goes to the sinks that the
// session drains the rings into. Handlers for BPF_PROG_TEST_RUN are run by the kernel on our order.

import { Environment } from "../../common/as/bpf-machine/environment";
import { Machine } from "../../common/as/bpf-machine/machine";
import { MAP_HANDLE, MachineStatus } from "../../common/as/bpf-machine/state";
import { MAP_OUTPUT } from "../../common/format/attach";
import { INSN_BYTES, Insn, Opcode, Pseudo } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { AttachKind, Engine, LineRow, NONE, PositionRow, TableKind } from "../../common/format/manifest";
import { BssHeader } from "../../common/format/runtime";
import { Contact } from "./attach/table";
import { testRun } from "./bpf";
import { fail, getFailure } from "./errors";
import { isCall, linkProblem, ReferenceKind, readReference, readTarget, referenceKind, referenceValue } from "./link";
import { jiffyNs } from "./machine";
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
import { addressOf, CLOCK_MONOTONIC, clock_gettime, getcpu, getgid, getpid, getrandom, getuid, prctl } from "./syscall";

/** Instructions that one handler may execute: a fuse against handlers that never end. MAXACTION ends others long before. */
const FUEL: i64 = 100000000000;
const CLOCK_BOOTTIME: i32 = 7;
const PR_GET_NAME: i32 = 16;

/** The world as the agent's own handlers see it: the agent's identity, the kernel's clocks, real atomic operations. */
class AgentWorld extends Environment {
  outputSink: RecordSink | null = null;
  controlSink: RecordSink | null = null;
  contact: Contact | null = null;
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
    let sink = this.o.maps[map].name == MAP_OUTPUT ? this.outputSink : this.controlSink;
    return sink ? sink.record(address, bytes) : false;
  }

  pause(): void {
    let contact = this.contact;
    if (contact) contact.keep();
  }

  lookUp(map: i32, index: u32): usize {
    if (map >= this.o.maps.length) return 0;
    let entry = unchecked(this.o.maps[map]);
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

// One session, one object, one machine.
let world: AgentWorld | null = null;
let machine: Machine | null = null;

/** Links `.stap.agent` and sets the machine up; 0, or -errno with the failure kept. Maps must have been made. */
export function prepareInterpreter(o: LoadedObject): i32 {
  let agentWorld = new AgentWorld(o);
  let m = new Machine(agentWorld);
  m.addRegion(o.bssAddress, o.bssBytes, true);
  m.addRegion(changetype<usize>(o.rodataBytes), o.rodataBytes.length, false);
  for (let i = 0, n = o.maps.length; i < n; ++i) {
    let map = o.maps[i];
    if (map.address != 0) m.addRegion(map.address, <usize>map.bytes, true);
  }
  let section = o.agentCode;
  if (section) {
    let code = linkAgentCode(o);
    if (!code) return fail(FailureCode.Object, 0, linkProblem);
    m.setCode(code);
  }
  world = agentWorld;
  machine = m;
  return 0;
}

/** Whom to keep in contact with while handlers run long. */
export function setContact(contact: Contact): void {
  let agentWorld = world;
  if (agentWorld) agentWorld.contact = contact;
}

/**
 * Runs all probes of a kind (AttachKind Begin, End, Error) by their order numbers; what they print goes to the sinks.
 * A handler that does what it may not is a warning of the object, and the others run. After exit() in a begin probe the
 * remaining ones do not run.
 */
export function runAgentProbes(o: LoadedObject, kind: i32, output: RecordSink, control: RecordSink): void {
  let probes = o.probes.filter((probe: Probe): bool => probe.attach <= AttachKind.Error);
  // Stable: sort() is not promised to be.
  for (let i = 1; i < probes.length; ++i) {
    let probe = probes[i];
    let j = i;
    for (; j > 0 && probes[j - 1].order > probe.order; --j) probes[j] = probes[j - 1];
    probes[j] = probe;
  }
  for (let i = 0, n = probes.length; i < n; ++i) {
    if (probes[i].attach != kind) continue;
    let isExiting = load<u32>(o.bssAddress, BssHeader.Exiting) != 0;
    if (isExiting && kind == AttachKind.Begin) break;
    // Handlers return at once while the session ends; end probes are what is left to run then.
    if (isExiting) storeRelease32(o.bssAddress + BssHeader.Exiting, 0);
    runProbe(o, probes[i], output, control);
    if (isExiting) storeRelease32(o.bssAddress + BssHeader.Exiting, 1);
  }
}

/** Runs one probe's handler (timers); 0, or -errno with the failure also among the object's warnings. */
export function runProbe(o: LoadedObject, probe: Probe, output: RecordSink, control: RecordSink): i32 {
  let agentWorld = world;
  if (agentWorld) {
    agentWorld.outputSink = output;
    agentWorld.controlSink = control;
  }
  let result = probe.program.engine == Engine.TestRun ? testRun(probe.program.fd) : interpret(o, probe);
  if (result >= 0) return 0;
  if (probe.program.engine == Engine.TestRun)
    result = fail(FailureCode.Feature, result, `the kernel did not run ${probe.point}`);
  o.warnings.push(getFailure().render());
  return result;
}

function interpret(o: LoadedObject, probe: Probe): i32 {
  let m = machine;
  let section = o.agentCode;
  if (!m || !section || probe.program.section != section)
    return fail(FailureCode.Object, 0, `${probe.point} has no code`);
  let status = m.run(probe.program.start / INSN_BYTES, 0, FUEL);
  if (status == MachineStatus.Done) return 0;
  fetchAdd64(o.bssAddress + BssHeader.Errors, 1);
  let place = placeOf(o, probe.program, m.pc);
  return fail(FailureCode.Object, 0, `${probe.point} was stopped at ${place}: ${describe(status, m.fault)}`);
}

/** Where in the script an instruction comes from, or its number if the manifest does not say. */
function placeOf(o: LoadedObject, program: Program, pc: i32): string {
  let index = o.programs.indexOf(program);
  let insn = pc - program.start / INSN_BYTES;
  let isInside = insn >= 0 && insn < program.bytes / INSN_BYTES;
  let position = NONE;
  let manifest = o.manifest;
  for (let row = 0, n = manifest.count(TableKind.Line); isInside && row < n; ++row) {
    let isBefore = manifest.field(TableKind.Line, row, LineRow.Insn) <= insn;
    if (isBefore && manifest.field(TableKind.Line, row, LineRow.Program) == index)
      position = manifest.field(TableKind.Line, row, LineRow.Position);
  }
  if (position == NONE) return `instruction ${pc}`;
  let line = manifest.field(TableKind.Position, position, PositionRow.Line);
  let column = manifest.field(TableKind.Position, position, PositionRow.Column);
  return `${manifest.text(TableKind.Position, position, PositionRow.File)}:${line}:${column}`;
}

function describe(status: i32, fault: u64): string {
  switch (status) {
    case MachineStatus.OutOfFuel:
      return `it ran for more than ${FUEL} instructions`;
    case MachineStatus.WildAccess:
      return `it touched memory at 0x${fault.toString(16)}, which is not its own`;
    case MachineStatus.BadHelper:
      return `it called helper ${fault}, which the agent does not have`;
    case MachineStatus.TooDeep:
      return "its calls are nested too deep";
    default:
      return "there is no valid instruction";
  }
}

/** A copy of `.stap.agent` with addresses of our memory in it; null with `linkProblem`. */
function linkAgentCode(o: LoadedObject): StaticArray<u8> | null {
  let section = o.agentCode!;
  let bytes = section.data.copy();
  let to = changetype<usize>(bytes);
  for (let at = 0; at + INSN_BYTES <= bytes.length; at += INSN_BYTES) {
    if (isCall(section.data, at)) {
      let target = readTarget(o, section, at);
      if (!target) return null;
      store<i32>(to + at + Insn.Imm, (target.value - at) / INSN_BYTES - 1);
      continue;
    }
    if (section.data.u8(at) != Opcode.LdImm64) continue;
    let reloc = section.findRelocation(at);
    let isWhole = at + 2 * INSN_BYTES <= bytes.length;
    if (reloc && isWhole) {
      if (!readReference(o, section, at, o.elf.symbols[reloc.symbol])) return null;
      let value = addressOfReference(o);
      store<u8>(to + at + Insn.Registers, (load<u8>(to + at + Insn.Registers) & 15) | <u8>(Pseudo.None << 4));
      store<u32>(to + at + Insn.Imm, <u32>value);
      store<u32>(to + at + INSN_BYTES + Insn.Imm, <u32>(value >> 32));
    }
    at += INSN_BYTES;
  }
  return bytes;
}

/** What readReference just found, as the machine's programs see it. */
function addressOfReference(o: LoadedObject): u64 {
  switch (referenceKind) {
    case ReferenceKind.Bss:
      return <u64>o.bssAddress + <u64>referenceValue;
    case ReferenceKind.Rodata:
      return <u64>changetype<usize>(o.rodataBytes) + <u64>referenceValue;
    default:
      return MAP_HANDLE + <u64>referenceValue;
  }
}
