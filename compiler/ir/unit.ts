// What surrounds the functions of one object: data sections, positions, print sites, programs and probes. `lower` fills
// it, the back end compiles its functions, `object` writes it. It knows nothing of the script's tree.

import { AttachTarget } from "../../common/as/attach-target";
import { ByteWriter } from "../../common/as/byte-writer";
import { Relocation } from "../../common/as/relocation";
import { MapType } from "../../common/format/bpf";
import { AttachKind, Engine, GlobalType, NONE, Origin, ProbeFlags, Show } from "../../common/format/manifest";
import { ArgumentType, SiteKind } from "../../common/format/record";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { IrModule } from "./module";

/** A place in a script. All strings here are byte strings. */
export class UnitPosition {
  constructor(
    public file: string,
    public line: i32,
    public column: i32,
    /** That line of the script, or the part around it of a long line. */
    public text: string,
  ) {}
}

/** How one argument of a site lies in a record. */
export class UnitArgument {
  constructor(
    public type: ArgumentType,
    public bytes: i32,
    public origin: Origin = Origin.Machine,
    public show: Show = Show.Value,
  ) {}
}

/** A print, error, warning, log or exit: always with a format in printf's form. */
export class UnitSite {
  args: UnitArgument[] = [];
  /** Index of the only handler that it is in, or NONE. */
  handler: i32 = NONE;
  /** Index of that handler's only probe, or NONE. */
  probe: i32 = NONE;
  constructor(
    public kind: SiteKind,
    public format: string,
    public position: i32,
    /** What an error is near: "operator '/'"; or empty. */
    public near: string,
  ) {}
}

/** One BPF program: a handler and how libbpf would call its section. */
export class UnitProgram {
  /** Where .bss has its table of places (PlaceEntry), and how many entries it has; 0: none. */
  placeTable: i32 = 0;
  placeCount: i32 = 0;
  constructor(
    /** Index of its function in the module. */
    public func: i32,
    public name: string,
    public section: string,
    public engine: Engine,
    /** BPF_PROG_TYPE_* */
    public type: i32,
    public position: i32,
  ) {}
}

/** One probe site: when to run which program. */
export class UnitProbe {
  target: AttachTarget = new AttachTarget();
  period: i64 = 0;
  jitter: i64 = 0;
  order: i32 = 0;
  flags: ProbeFlags = ProbeFlags.None;
  position: i32 = NONE;
  point: string = "";
  /** What its program is told when it fires here. */
  place: i32 = 0;
  /** ProbeRow.Active */
  active: i32 = 0;
  /**
   * NONE, or a number that alternatives, which follow each other, share: the first that the kernel can do is attached.
   */
  group: i32 = NONE;
  /** Features that this alternative needs, besides those of the object. */
  features: string[] = [];
  constructor(
    public program: i32,
    public attach: AttachKind,
  ) {}
}

/** One global variable of the script. */
export class UnitGlobal {
  constructor(
    public name: string,
    public type: GlobalType,
    public offset: i32,
    public bytes: i32,
  ) {}
}

/** A symbol of the kernel: the agent puts its address into .rodata. */
export class UnitSymbol {
  constructor(
    public name: string,
    /** In .rodata. */
    public offset: i32,
    public position: i32,
  ) {}
}

/** Numbers of the maps that AddressMap names: the rings, then the script's own. */
export const enum UnitMap {
  Output = 0,
  Control = 1,
  First = 2,
}

/** An array map; of MapType.Array, one that user space can map into its memory. */
export class UnitArrayMap {
  constructor(
    public name: string,
    public valueBytes: i32,
    public entries: i32,
    public type: MapType = MapType.Array,
  ) {}
}

/** How much of one CPU's time handlers may take, nanoseconds; an interval of 0: all of it. */
export class OverloadLimit {
  threshold: i32 = 0;
  interval: i32 = 0;
}

/** The factor of hashes in the file: 2^64 divided by the golden ratio, odd. */
export const HASH_FACTOR: i64 = -7046029254386353131;

/** How much of each part of a unit there was at some moment. */
export class UnitMark {
  constructor(
    public functions: i32,
    public sites: i32,
    public positions: i32,
    public rodataBytes: i32,
    public symbols: i32,
  ) {}
}

/** Removes the names of what has a number or offset from `first` on. */
export function forgetFrom(numbers: Map<string, i32>, first: i32): void {
  const names = numbers.keys();
  for (let i = 0, n = names.length; i < n; ++i) {
    if (numbers.get(names[i]) >= first) numbers.delete(names[i]);
  }
}

/** All that one object holds. */
export class Unit {
  ir: IrModule = new IrModule();
  rodata: ByteWriter = new ByteWriter(256);
  /** Bytes of .bss before the frame arena. */
  bssBytes: i32 = BssHeader.Size;
  globals: UnitGlobal[] = [];
  /** Maps numbered from UnitMap.First. */
  maps: UnitArrayMap[] = [];
  positions: UnitPosition[] = [];
  sites: UnitSite[] = [];
  symbols: UnitSymbol[] = [];
  programs: UnitProgram[] = [];
  probes: UnitProbe[] = [];
  /** Bytes of one frame, a power of two; 0: no frames. */
  frameBytes: i32 = 0;
  features: string[] = [];
  /** What Op.Relocated means, by its immediate. */
  relocations: Relocation[] = [];
  maxErrors: i32 = 0;
  /** NONE: a share of all handlers. */
  maxSkipped: i32 = NONE;
  overload: OverloadLimit = new OverloadLimit();
  suppressErrors: bool = false;
  scriptName: string = "";
  /** The manifest's header has both: the control characters in the script's literals, and what follows an ESC there. */
  controls: string = "";
  afterEscape: string = "";
  private literals: Map<string, i32> = new Map<string, i32>();
  private tables: Map<string, i32> = new Map<string, i32>();

  constructor() {
    this.rodata.zeros(RodataHeader.HashFactor);
    this.rodata.u64(HASH_FACTOR);
    this.rodata.zeros(RodataHeader.Size - this.rodata.length);
  }

  /** Offset in .rodata of a NUL-terminated literal, padded with zeros to 8 bytes; stored once. */
  literal(text: string): i32 {
    if (this.literals.has(text)) return this.literals.get(text);
    const at = this.rodata.length;
    this.rodata.text(text);
    this.rodata.u8(0);
    this.rodata.align(8);
    this.literals.set(text, at);
    return at;
  }

  /** Offset in .rodata of a table of texts, in rows of `bytes` that zeros fill; stored once under its name. */
  textTable(name: string, texts: string[], bytes: i32): i32 {
    if (this.tables.has(name)) return this.tables.get(name);
    const at = this.rodata.length;
    for (let i = 0, n = texts.length; i < n; ++i) {
      this.rodata.text(texts[i]);
      this.rodata.zeros(bytes - texts[i].length);
    }
    this.tables.set(name, at);
    return at;
  }

  /** Offset in .rodata of a table of words, which zeros fill up to `count`; stored once under its name. */
  wordTable(name: string, words: i64[], count: i32): i32 {
    if (this.tables.has(name)) return this.tables.get(name);
    this.rodata.align(8);
    const at = this.rodata.length;
    for (let i = 0, n = words.length; i < n; ++i) this.rodata.u64(words[i]);
    this.rodata.zeros((count - words.length) * 8);
    this.tables.set(name, at);
    return at;
  }

  /** Offset in .rodata of the address of a symbol of the kernel; there once. `position` is what needs it. */
  symbolAddress(name: string, position: i32): i32 {
    for (let i = 0, n = this.symbols.length; i < n; ++i)
      if (this.symbols[i].name == name) return this.symbols[i].offset;
    this.rodata.align(8);
    const at = this.rodata.length;
    this.rodata.zeros(8);
    this.symbols.push(new UnitSymbol(name, at, position));
    return at;
  }

  /** Reserves bytes of .bss, 8-byte aligned; returns their offset. */
  reserve(bytes: i32): i32 {
    const at = this.bssBytes;
    this.bssBytes += (bytes + 7) & ~7;
    return at;
  }

  /** The same on cache lines of its own. */
  reserveLines(bytes: i32): i32 {
    this.bssBytes = (this.bssBytes + 63) & ~63;
    return this.reserve((bytes + 63) & ~63);
  }

  /** Adds an array map; returns its number. */
  addMap(name: string, valueBytes: i32, entries: i32, type: MapType = MapType.Array): i32 {
    this.maps.push(new UnitArrayMap(name, valueBytes, entries, type));
    return UnitMap.First + this.maps.length - 1;
  }

  /** What there is now; `rollback` removes what was added since. */
  mark(): UnitMark {
    const counts = this.ir.functions.length;
    return new UnitMark(counts, this.sites.length, this.positions.length, this.rodata.length, this.symbols.length);
  }

  rollback(mark: UnitMark): void {
    this.ir.functions.length = mark.functions;
    this.sites.length = mark.sites;
    this.positions.length = mark.positions;
    this.rodata.truncate(mark.rodataBytes);
    this.symbols.length = mark.symbols;
    forgetFrom(this.literals, mark.rodataBytes);
    forgetFrom(this.tables, mark.rodataBytes);
  }

  /** Where the frame arena begins in .bss: behind the globals, on a cache line of its own. */
  get frameOffset(): i32 {
    return (this.bssBytes + 63) & ~63;
  }
}
