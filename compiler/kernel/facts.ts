// What the compiler knows about the remote kernel: names that exist or do not, features, the CPU's conventions. Filled
// from the request's sections Names, Absent, Bytes and Features; everything else is unknown, and asked for by a need.

import { EXPORT_PREFIX, plainName } from "../../common/format/function-name";
import { KERNEL_FEATURE } from "../../common/format/manifest";
import { hasWildcard, Wildcard } from "../syntax/wildcard";
import { Blobs } from "./blobs";

/** A CPU architecture that kernels are compiled for. */
export enum Arch {
  X86_64,
  Arm64,
  Size,
}

class ArchRow {
  constructor(
    public arch: Arch,
    public name: string,
    /** What system-call entries begin with, `sys_` excluded. */
    public syscallPrefix: string,
    /** e_machine of its kernels. */
    public machine: i32,
  ) {}
}

const ARCHS: StaticArray<ArchRow> = [
  new ArchRow(Arch.X86_64, "x86_64", "__x64_", 62),
  new ArchRow(Arch.Arm64, "arm64", "__arm64_", 183),
];

/** The architecture of a name as `-a` takes it, or -1. */
export function findArch(name: string): i32 {
  if (name == "amd64") return Arch.X86_64;
  if (name == "aarch64") return Arch.Arm64;
  for (let i = 0; i < ARCHS.length; ++i) {
    if (ARCHS[i].name == name) return i;
  }
  return -1;
}

/** The name of an architecture, as `-a` and `%( arch == … %)` know it. */
export function archName(arch: Arch): string {
  return ARCHS[arch].name;
}

/** The ELF machine number of an architecture. */
export function archMachine(arch: Arch): i32 {
  return ARCHS[arch].machine;
}

/** What the kernel's system-call entry points are called before `sys_…`: "__x64_". */
export function syscallPrefix(arch: Arch): string {
  return ARCHS[arch].syscallPrefix;
}

/** Asserts that the table agrees with the enum. */
export function selfCheckArchs(): void {
  assert(ARCHS.length == <i32>Arch.Size, "one row for each architecture");
  for (let i = 0; i < ARCHS.length; ++i) assert(<i32>ARCHS[i].arch == i, "row and member agree");
}

/** What kernels have or lack and code generation chooses by. The names are those of the agent's probes. */
export enum Feature {
  /** Atomic operations that return the old value ("fetch"), exchange and compare-and-exchange. */
  AtomicFetch,
  /** Signed division and remainder. */
  SignedDivision,
  /** A program can ask with which number it was attached to a kprobe. */
  AttachCookie,
  /** Handlers on tracepoints can be preempted, and the kernel leaves out those of other tasks meanwhile. */
  Preemptible,
  /** A program at fentry never runs inside itself: a function that its own helpers reach is no danger. */
  RecursionGuard,
  Size,
}

class FeatureRow {
  constructor(
    public feature: Feature,
    public name: string,
    /** CPUs on which code uses it whatever was probed, as bits; the object then asks the agent for it. */
    public always: i32,
    /** Whether code for other CPUs uses it where the remote was probed and has it. */
    public ifProbed: bool,
  ) {}
}

const FEATURES: StaticArray<FeatureRow> = [
  // On x86_64 the plain additions that every kernel has do as well, slower; an object for any kernel has these.
  new FeatureRow(Feature.AtomicFetch, "atomics_fetch", 1 << Arch.Arm64, true),
  // Kernels from 6.6 on have it, but before 6.12 the least number divided by -1 traps on some CPUs, and a probe of the
  // instruction does not show that. bpf/legalize expands it instead.
  new FeatureRow(Feature.SignedDivision, "signed_div", 0, false),
  // Every arm64 kernel with fetching atomics has it.
  new FeatureRow(Feature.AttachCookie, "attach_cookie", 1 << Arch.Arm64, true),
  new FeatureRow(Feature.Preemptible, "preemptible", 0, true),
  new FeatureRow(Feature.RecursionGuard, "recursion_guard", 0, true),
];

/** Asserts that the table agrees with the enum. */
export function selfCheckFeatures(): void {
  assert(FEATURES.length == <i32>Feature.Size, "one row for each feature");
  for (let i = 0; i < FEATURES.length; ++i) assert(<i32>FEATURES[i].feature == i, "row and member agree");
}

/** The pattern that asks for all names. */
const EVERYTHING = "*";

/** Names of one kind: what was asked for before, and what there is. */
export class NameFacts {
  /** Names that the remote has, in the order given, without patterns. */
  present: string[] = [];
  /** Names and patterns that were answered; true: names that the remote has. */
  private answered: Map<string, bool> = new Map<string, bool>();
  /** Names that several have. */
  private repeated: Set<string> = new Set<string>();
  /** Symbols of functions that are copies made by the C compiler, by the name of the function. */
  private copies: Map<string, string[]> = new Map<string, string[]>();

  /** Adds a line of a section Names: a name that exists (twice, if several have it), or a pattern that was answered. */
  addPresent(name: string): void {
    if (this.has(name)) this.repeated.add(name);
    if (name.length == 0 || this.answered.has(name)) return;
    const isName = !hasWildcard(name);
    this.answered.set(name, isName);
    if (!isName) return;
    this.present.push(name);
    const plain = plainName(name);
    if (plain.length == name.length) return;
    if (!this.copies.has(plain)) this.copies.set(plain, []);
    this.copies.get(plain).push(name);
  }

  /** Adds a name or pattern that was asked for and matches nothing. */
  addAbsent(name: string): void {
    if (name.length > 0 && !this.answered.has(name)) this.answered.set(name, false);
  }

  /** The symbols of a function: its own, and those of its copies. */
  symbolsOf(name: string): string[] {
    const symbols: string[] = this.has(name) ? [name] : [];
    return this.copies.has(name) ? symbols.concat(this.copies.get(name)) : symbols;
  }

  /** Whether several have the name. */
  isRepeated(name: string): bool {
    return this.repeated.has(name);
  }

  has(name: string): bool {
    return this.answered.has(name) && this.answered.get(name);
  }

  /** Whether the answer to a name or pattern is known. */
  knows(name: string): bool {
    if (this.answered.has(name)) return true;
    // All functions are not the exports, which have symbols of their own.
    if (this.answered.has(EVERYTHING) && !name.includes(EXPORT_PREFIX)) return true;
    if (!hasWildcard(name)) return false;
    // A host that does not repeat patterns has answered it if names that match are here.
    const pattern = new Wildcard(name);
    for (let i = 0, n = this.present.length; i < n; ++i) {
      if (pattern.matches(this.present[i])) return name != EVERYTHING || n >= 1000;
    }
    return false;
  }

  /**
   * The names that match a pattern, sorted: in which order a host gives them depends on what it knew before, and the
   * same script has to give the same object.
   */
  matching(pattern: string): string[] {
    const found: string[] = [];
    const wildcard = new Wildcard(pattern);
    for (let i = 0, n = this.present.length; i < n; ++i) {
      const name = this.present[i];
      const plain = plainName(name);
      const isMatch = wildcard.matches(name) || (plain.length < name.length && wildcard.matches(plain));
      if (isMatch) found.push(name);
    }
    return found.sort();
  }
}

/** Programs and libraries of the remote: by each name or pattern that was asked for, the paths that it means. */
export class ProgramFacts {
  private paths: Map<string, string[]> = new Map<string, string[]>();

  /** Adds a line of a section Names: NAME=PATH, or the NAME alone when it was answered. */
  addPresent(line: string): void {
    const at = line.indexOf("=/");
    const name = at < 0 ? line : line.substring(0, at);
    if (name.length == 0) return;
    if (!this.paths.has(name)) this.paths.set(name, []);
    if (at >= 0) this.paths.get(name).push(line.substring(at + 1));
  }

  /** Whether a name was answered. */
  knows(name: string): bool {
    return this.paths.has(name);
  }

  /** The paths that a name means, sorted; empty if there are none, or it was not asked for. */
  pathsOf(name: string): string[] {
    return this.paths.has(name) ? this.paths.get(name).slice().sort() : [];
  }
}

/** What is known of one remote kernel. */
export class Facts {
  /** Whether a remote was asked at all: if not, names are taken on trust and patterns are refused. */
  known: bool = false;
  functions: NameFacts = new NameFacts();
  /** Modules that are loaded, and their functions as MODULE:FUNCTION. */
  modules: NameFacts = new NameFacts();
  moduleFunctions: NameFacts = new NameFacts();
  tracepoints: NameFacts = new NameFacts();
  /** Functions that programs can be put on by fentry and fexit. */
  trampolines: NameFacts = new NameFacts();
  programs: ProgramFacts = new ProgramFacts();
  /** Probed features by name; code asks `has`. */
  features: Set<string> = new Set<string>();
  blobs: Blobs = new Blobs();
  /**
   * The feature that means this very kernel (KERNEL_FEATURE and what follows), or "": objects whose code has offsets of
   * its types in it need it, and the agent refuses them elsewhere.
   */
  kernel: string = "";
  /** Ticks per second of the kernel. */
  hz: i32 = 250;
  constructor(public arch: Arch = Arch.X86_64) {}

  /** Whether code uses a feature. */
  has(feature: Feature): bool {
    const row = FEATURES[feature];
    return (row.always & (1 << this.arch)) != 0 || (row.ifProbed && this.features.has(row.name));
  }

  /** Nanoseconds of a jiffy. */
  get jiffyNs(): i64 {
    return 1000000000 / <i64>this.hz;
  }

  /** Takes a section Names or Absent, a name a line. */
  addNames(kind: string, text: string, present: bool): void {
    if (kind == "blob" && !present) this.addAbsentBlobs(text);
    const lines = text.split("\n");
    for (let i = 0, n = lines.length; kind == "programs" && i < n; ++i) this.programs.addPresent(lines[i]);
    const facts = this.factsOf(kind);
    if (!facts) return;
    for (let i = 0, n = lines.length; i < n; ++i) {
      if (present) facts.addPresent(lines[i]);
      else facts.addAbsent(lines[i]);
    }
  }

  private factsOf(kind: string): NameFacts | null {
    if (kind == "functions") return this.functions;
    if (kind == "tracepoints") return this.tracepoints;
    if (kind == "modules") return this.modules;
    if (kind == "trampolines") return this.trampolines;
    return kind == "module-functions" ? this.moduleFunctions : null;
  }

  private addAbsentBlobs(text: string): void {
    const names = text.split("\n");
    for (let i = 0, n = names.length; i < n; ++i) {
      if (names[i].length > 0) this.blobs.addAbsent(names[i]);
    }
  }

  /** Takes the section Features: a name a line; `hz=250` tells the length of a jiffy, `kernel=…` which kernel it is. */
  addFeatures(text: string): void {
    this.known = true;
    const lines = text.split("\n");
    for (let i = 0, n = lines.length; i < n; ++i) {
      const line = lines[i];
      if (line.length == 0) continue;
      this.features.add(line);
      if (line.startsWith(KERNEL_FEATURE)) this.kernel = line;
      if (!line.startsWith("hz=")) continue;
      const hz = <i32>I64.parseInt(line.substring(3), 10);
      if (hz > 0 && hz <= 10000) this.hz = hz;
    }
  }
}
