// How many instructions a handler executes for one event, and how many helpers it calls: the compiled programs, ours
// and the peers', run on the counting machine. What is counted is the steady state: elements exist, an event finds its
// filter true, no lock is contended, no ring full. A helper counts as one instruction, though a map's is worth a
// hundred; hence the second figure.

import { INSN_BYTES, Opcode, PSEUDO_CALL } from "../../common/format/bpf.ts";
import { isCode, type Relocation, readRelocations, readSections, type Section, viewOf } from "./elf.ts";
import { KernelModel, type MapSpec, type Task } from "./kernel-model.ts";
import { CountingMachine, Memory } from "./machine.ts";

/** Rounds before the one that counts: the first make elements, and minima and maxima settle. */
const WARM_UP = 4;
const CONTEXT_BYTES = 512;
const STAP_MAP_BYTES = 20;
const RINGBUF: MapSpec = { type: 27, keyBytes: 0, valueBytes: 0, entries: 0 };
/** A map of bpftrace's: it numbers them in the code and creates them itself, so the object does not say their sizes. */
const BPFTRACE_VALUE_BYTES = 8;

/** What one event takes. */
export interface Executed {
  instructions: number;
  helpers: number;
}

/** Whose object it is, and so what stands in it for maps. */
export type Maker = "ours" | "bpftrace" | "stap";

/** What happens, and to whom. */
export interface Event {
  task: Task;
  /** Bytes of the keys of bpftrace's maps, by their numbers. */
  bpftraceKeys: number[];
}

/**
 * Counts one event of an object: each of its programs in the kernel once, in the file's order (entry before return).
 */
export function countExecuted(object: Uint8Array, maker: Maker, event: Event): Executed {
  const linked = new Linker(object, maker, event);
  const machine = new CountingMachine(linked.code, linked.memory, linked.kernel.call);
  const context = linked.memory.add(new Uint8Array(CONTEXT_BYTES));
  let last: Executed = { instructions: 0, helpers: 0 };
  for (let round = 0; round <= WARM_UP; round++) {
    last = { instructions: 0, helpers: 0 };
    for (const entry of linked.entries) {
      const { executed, helpers } = machine.run(entry, context);
      last.instructions += executed;
      for (const times of helpers.values()) last.helpers += times;
    }
  }
  return last;
}

/** Puts an object's sections into memory and its code one behind the other, with addresses where it names them. */
class Linker {
  readonly memory = new Memory();
  readonly kernel: KernelModel;
  readonly code: Uint8Array;
  /** First instructions of the programs of kernel events. */
  readonly entries: number[] = [];
  private readonly sections: Section[];
  /** Where each section of code begins, in bytes; and each section of data lies. */
  private readonly starts = new Map<number, number>();
  private readonly data = new Map<number, bigint>();
  private readonly stapMaps: bigint[] = [];
  private readonly rings = new Map<string, bigint>();

  constructor(
    object: Uint8Array,
    private readonly maker: Maker,
    private readonly event: Event,
  ) {
    this.kernel = new KernelModel(this.memory, event.task);
    this.sections = readSections(object);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (const [index, section] of this.sections.entries()) {
      if (!isCode(section)) {
        this.placeData(section, index);
        continue;
      }
      this.starts.set(index, bytes);
      if (isKernelEvent(section.name)) this.entries.push(bytes / INSN_BYTES);
      parts.push(section.bytes);
      bytes += section.size;
    }
    this.code = Buffer.concat(parts);
    if (maker === "stap") this.addStapMaps();
    for (const relocation of readRelocations(this.sections)) this.relocate(relocation);
    if (maker === "bpftrace") this.nameMaps();
  }

  private placeData({ name, size, bytes }: Section, index: number): void {
    if (name !== ".bss" && name !== ".rodata" && name !== ".data") return;
    const memory = new Uint8Array(size);
    memory.set(bytes);
    this.data.set(index, this.memory.add(memory));
  }

  private relocate({ within, offset, symbol }: Relocation): void {
    const start = this.starts.get(within);
    if (start === undefined) return;
    const view = viewOf(this.code);
    const at = start + offset;
    const imm = view.getInt32(at + 4, true);
    const target = this.starts.get(symbol.section);
    if (view.getUint8(at) === Opcode.Call) {
      if (target === undefined) throw new Error(`a call of '${symbol.name}' leads nowhere`);
      const callee = (target + symbol.value) / INSN_BYTES + imm + 1;
      view.setUint8(at + 1, PSEUDO_CALL << 4);
      view.setInt32(at + 4, callee - at / INSN_BYTES - 1, true);
      return;
    }
    const data = this.data.get(symbol.section);
    this.setAddress(at, data === undefined ? this.mapOf(symbol) : data + BigInt(symbol.value + imm));
  }

  private mapOf({ name, value }: Relocation["symbol"]): bigint {
    const known = this.maker === "stap" ? this.stapMaps[value / STAP_MAP_BYTES] : this.rings.get(name);
    if (known !== undefined) return known;
    if (this.maker !== "ours") throw new Error(`there is no map '${name}'`);
    const made = this.kernel.addMap(RINGBUF);
    this.rings.set(name, made);
    return made;
  }

  private setAddress(at: number, address: bigint): void {
    const view = viewOf(this.code);
    view.setUint32(at + 4, Number(address & 0xffffffffn), true);
    view.setUint32(at + INSN_BYTES + 4, Number(address >> 32n), true);
  }

  /**
   * stap's maps are rows of five words: type, bytes of key and value, entries, flags. The first has its own variables.
   */
  private addStapMaps(): void {
    const rows = this.sections.find(({ name }) => name === "maps")?.bytes ?? new Uint8Array();
    for (let at = 0; at < rows.length; at += STAP_MAP_BYTES) {
      const word = (index: number) => viewOf(rows).getUint32(at + 4 * index, true);
      const map = this.kernel.addMap({ type: word(0), keyBytes: word(1), valueBytes: word(2), entries: word(3) });
      this.stapMaps.push(map);
      for (let key = 0; at === 0 && key < word(3); key++) this.kernel.zero(map, key);
    }
  }

  /** bpftrace writes a map's number as if it were a descriptor. */
  private nameMaps(): void {
    const numbered = new Map<number, bigint>();
    const view = viewOf(this.code);
    for (let at = 0; at < this.code.length; at += INSN_BYTES) {
      if (view.getUint8(at) !== Opcode.LdImm64) continue;
      if (view.getUint8(at + 1) >> 4 === 1)
        this.setAddress(at, this.bpftraceMap(numbered, view.getInt32(at + 4, true)));
      at += INSN_BYTES;
    }
  }

  private bpftraceMap(numbered: Map<number, bigint>, number: number): bigint {
    const keyBytes = this.event.bpftraceKeys[number] ?? 8;
    const spec = { type: 1, keyBytes, valueBytes: BPFTRACE_VALUE_BYTES, entries: 4096 };
    const map = numbered.get(number) ?? this.kernel.addMap(spec);
    numbered.set(number, map);
    return map;
  }
}

/** Not subprograms, not what runs at a session's beginning and end, not timers that make reports (ours: `raw_tp/`). */
function isKernelEvent(section: string): boolean {
  return !/^(\.text$|raw_tp\/$|stap_begin|stap_end|s_BEGIN_|s_END_|s_interval)/.test(section);
}
