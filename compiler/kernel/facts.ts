// What the compiler knows about the remote kernel: names that exist or do not, features, the CPU's conventions.
// Filled from the request's sections Names, Absent and Features; everything else is unknown, and asked for by a Need.

/** A CPU architecture that kernels are compiled for. */
export enum Arch {
  X86_64,
  Arm64,
  Size,
}

/** The architecture of a name as `-a` takes it, or -1. */
export function findArch(name: string): i32 {
  if (name == "x86_64" || name == "amd64") return Arch.X86_64;
  if (name == "arm64" || name == "aarch64") return Arch.Arm64;
  return -1;
}

/** The name of an architecture, as `-a` and `%( arch == … %)` know it. */
export function archName(arch: Arch): string {
  return arch == Arch.Arm64 ? "arm64" : "x86_64";
}

/** Lists of names of one kind: what was asked for before, and what there is. */
export class NameFacts {
  /** Names that the remote has, in the order given. */
  present: string[] = [];
  private presentSet: Set<string> = new Set<string>();
  private absentSet: Set<string> = new Set<string>();

  /** Adds a name that exists. */
  addPresent(name: string): void {
    if (this.presentSet.has(name)) return;
    this.presentSet.add(name);
    this.present.push(name);
  }

  /** Adds a name or pattern that was asked for and matches nothing. */
  addAbsent(name: string): void {
    this.absentSet.add(name);
  }

  has(name: string): bool {
    return this.presentSet.has(name);
  }

  isAbsent(name: string): bool {
    return this.absentSet.has(name);
  }

  /** Whether the answer to a plain name is known. */
  knows(name: string): bool {
    return this.presentSet.has(name) || this.absentSet.has(name);
  }
}

/** What is known of one remote kernel. */
export class Facts {
  /** Whether a remote was asked at all: if not, names are taken on trust and patterns are refused. */
  known: bool = false;
  functions: NameFacts = new NameFacts();
  tracepoints: NameFacts = new NameFacts();
  /** Probed features by name. */
  features: Set<string> = new Set<string>();
  /** Ticks per second of the kernel, 0 if unknown. */
  hz: i32 = 0;
  constructor(public arch: Arch = Arch.X86_64) {}
}
