// One row of the catalogue: a message of the verifier, or of what comes before and after it.

/** Who has to change something. */
export type Fault =
  /** The program does something that is not safe. In a script's object this is our compiler's fault. */
  | "program"
  /** The program is too large, or takes too long to check: the script can be made smaller. */
  | "size"
  /** The kernel lacks a feature. */
  | "kernel"
  /** The user may not do this. */
  | "privilege";

export interface Row {
  /** A stable name. */
  id: string;
  /** Named groups: `reg` the register's number, `insn` the instruction; others are for `cause`. */
  pattern: RegExp;
  /** The message as people would look it up: N for numbers, … for the rest. */
  message: string;
  /** One sentence. `{reg}` and other groups of the pattern are filled in. */
  cause: string;
  /** Where this usually comes from. */
  source: string;
  /** One change that helps. */
  fix: string;
  fault: Fault;
  /** The failure is about the range of a number. */
  bounds?: boolean;
  /** The first release that has what is missing; for `kernel`. */
  since?: string;
  /** Kernels whose wording differs. */
  wording?: string;
  /** A line that follows a more telling one: it counts only if nothing else matches. */
  weak?: boolean;
  /** Stands for failures that leave no log: the error's number. */
  errno?: number;
}

/** A group of rows with a title in the documentation. */
export interface Area {
  title: string;
  rows: Row[];
}

/** One pattern of several lines. */
export function joined(...parts: string[]): RegExp {
  return new RegExp(parts.join(""));
}
