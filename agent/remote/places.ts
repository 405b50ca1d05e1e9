// How a program that several probes share learns which of them fired (bpf_get_attach_cookie in its code):
//
//   the kernel has cookies        attached with one; one program for all
//   kprobes without cookies       the program looks up the instruction pointer in a table in .bss, filled here
//   everything else               the program is loaded once for each probe, with its number instead of the call

import { INSN_BYTES, Insn, Opcode, ProgramType } from "../../common/format/bpf";
import { Helper } from "../../common/format/helpers";
import { AttachKind, Engine } from "../../common/format/manifest";
import { PlaceEntry, RodataHeader } from "../../common/format/runtime";
import { loadProgram, ProgramRequest } from "./bpf";
import { addressesOf, findAddresses } from "./kallsyms";
import { LinkedProgram } from "./link";
import { PlaceMode, Probe, Program } from "./manifest";
import { LoadedObject } from "./object";
import { close } from "./syscall";

/** call bpf_get_attach_cookie; return 0 */
const ASK: StaticArray<u64> = [
  ((<u64>Helper.GetAttachCookie) << 32) | <u64>Opcode.Call,
  <u64>Opcode.MovImm64,
  <u64>Opcode.Exit,
];

/** So many probes in modules get a program each, so that they come back with their modules. */
const MOST_LITERAL: i32 = 64;

const enum Answer {
  Unknown = 0,
  Yes,
  No,
}

/** By ProgramType: what the kernel has said. */
const answers: StaticArray<u8> = new StaticArray<u8>(64);

/** Whether programs of a type can ask with which cookie they were attached. */
export function hasCookies(type: i32): bool {
  if (type < 0 || type >= answers.length) return false;
  if (answers[type] == Answer.Unknown) {
    const request = new ProgramRequest();
    request.type = type;
    request.name = "probe";
    request.insns = changetype<usize>(ASK);
    request.insnCount = ASK.length;
    const fd = loadProgram(request);
    if (fd >= 0) close(fd);
    answers[type] = <u8>(fd >= 0 ? Answer.Yes : Answer.No);
  }
  return answers[type] == Answer.Yes;
}

/** Decides for each program; before .rodata is made, which tells programs with a table whether to use it. */
export function choosePlaceModes(o: LoadedObject): void {
  const byAddress = usesTables(o) && findPlaces(o);
  if (byAddress) store<u32>(changetype<usize>(o.rodataBytes), 1, RodataHeader.PlaceByAddress);
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    const program = o.programs[i];
    if (program.engine == Engine.Agent || !asksPlace(program)) continue;
    if (program.probes.length == 0) continue;
    if (program.engine == Engine.Kernel && hasCookies(program.type)) program.placeMode = PlaceMode.Cookie;
    else if (program.placeCount != 0 && byAddress) program.placeMode = PlaceMode.Address;
    else program.placeMode = PlaceMode.Literal;
  }
}

/** Whether some program has a table of places, and the kernel has no cookies for it. */
function usesTables(o: LoadedObject): bool {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    if (o.programs[i].placeCount != 0) return !hasCookies(ProgramType.Kprobe);
  }
  return false;
}

function asksPlace(program: Program): bool {
  const code = program.section.data;
  for (let at = program.start, end = at + program.bytes; at < end; at += INSN_BYTES) {
    if (isAsking(code.address + at)) return true;
  }
  return false;
}

/** Is it a call of bpf_get_attach_cookie? The second half of a 64-bit constant has no opcode. */
function isAsking(insn: usize): bool {
  const isHelper = load<u8>(insn) == Opcode.Call && load<u8>(insn + Insn.Registers) >> 4 == 0;
  return isHelper && load<i32>(insn + Insn.Imm) == Helper.GetAttachCookie;
}

/** Linked code in which a place's number stands where it asks for it. */
export class PlaceTemplate {
  /** Byte offsets of the instructions that ask. */
  private offsets: i32[] = [];

  constructor(
    public linked: LinkedProgram,
    /** The probe whose number is in the program that was loaded first. */
    public first: Probe,
  ) {
    const code = changetype<usize>(linked.insns);
    for (let at = 0, end = first.program.bytes; at < end; at += INSN_BYTES) {
      if (isAsking(code + at)) this.offsets.push(at);
    }
  }

  /** Puts a probe's number there. */
  write(probe: Probe): void {
    const code = changetype<usize>(this.linked.insns);
    for (let i = 0, n = this.offsets.length; i < n; ++i) {
      store<u64>(code + this.offsets[i], ((<u64>(<u32>probe.place)) << 32) | <u64>Opcode.MovImm64);
    }
  }
}

/**
 * Finds the addresses of all functions that programs with tables are on; false if the kernel does not tell them, if a
 * table is too small for all functions that share a name, if two probes of a program are at one address, or if modules
 * have a few of them.
 */
function findPlaces(o: LoadedObject): bool {
  const names = new Set<string>();
  let inModules = 0;
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    if (!isInTable(o.probes[i])) continue;
    names.add(o.probes[i].target.symbol);
    if (o.probes[i].target.module.length > 0) ++inModules;
  }
  // Addresses are others when a module is loaded again. For many probes that is not worth a program each.
  if (inModules > 0 && inModules <= MOST_LITERAL) return false;
  const addresses = findAddresses(names.values());
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    const probe = o.probes[i];
    const name = probe.target.symbol;
    if (isInTable(probe) && probe.target.isCode) probe.addresses = [probe.target.offset];
    if (!isInTable(probe) || !addresses.has(name)) continue;
    if (addresses.get(name) == 0) return false; // /proc/sys/kernel/kptr_restrict
    const several = addressesOf(name);
    probe.addresses = several.length > 0 ? several : [addresses.get(name)];
  }
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    const program = o.programs[i];
    if (program.placeCount == 0) continue;
    const entries = entriesOf(program);
    if (entries.length > program.placeCount) return false;
    for (let k = 1; k < entries.length; ++k) if (entries[k].address == entries[k - 1].address) return false;
  }
  return true;
}

function isInTable(probe: Probe): bool {
  return probe.attach == AttachKind.Kprobe && probe.program.placeCount != 0;
}

/** Fills the tables in .bss. */
export function fillPlaces(o: LoadedObject): void {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    if (o.programs[i].placeMode == PlaceMode.Address) fillTable(o, o.programs[i]);
  }
}

class Entry {
  constructor(
    public address: u64,
    public place: i32,
  ) {}
}

function entriesOf(program: Program): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0, n = program.probes.length; i < n; ++i) {
    const probe = program.probes[i];
    for (let k = 0, m = probe.addresses.length; k < m; ++k) entries.push(new Entry(probe.addresses[k], probe.place));
  }
  return entries.sort((a: Entry, b: Entry): i32 => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

function fillTable(o: LoadedObject, program: Program): void {
  const entries = entriesOf(program);
  const table = o.bssAddress + <usize>program.placeTable;
  for (let i = 0; i < program.placeCount; ++i) {
    const to = table + <usize>i * PlaceEntry.Size;
    const isUsed = i < entries.length;
    store<u64>(to, isUsed ? entries[i].address : u64.MAX_VALUE, PlaceEntry.Address);
    store<u64>(to, isUsed ? <u64>entries[i].place : 0, PlaceEntry.Place);
  }
}
