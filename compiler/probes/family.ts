// The types of all probe families: patterns that match probe points, and the attachments that points resolve to.
//
//   kernel.function("vfs_*").return   ──pattern──►  resolve()  ──►  Attachment per kernel function
//
// A family is one file with its patterns and their `resolve`, listed in table.ts. A resolve adds attachments, asks for
// what it lacks, or says why the point cannot be resolved. If it adds nothing, nothing matches.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { Facts } from "../kernel/facts";
import { ProgramFiles } from "../kernel/program-file";
import { Range } from "../source/source";
import { Expression, NodeKind, NumberLiteral, ProbeComponent, StringLiteral } from "../syntax/ast";
import { matchWildcard } from "../syntax/wildcard";
import { NeedSet } from "./needs";

/** A target variable that is an expression of the script. */
export class SiteVariable {
  constructor(
    /** with its `$` */
    public name: string,
    /** empty: it cannot be read */
    public text: string,
    /** why not */
    public problem: string = "",
  ) {}
}

/** One place to attach to. */
export class Attachment {
  target: AttachTarget = new AttachTarget();
  period: i64 = 0;
  jitter: i64 = 0;
  order: i64 = 0;
  /** Of return probes: calls that are watched at the same time; 0: the agent decides. */
  active: i32 = 0;
  flags: ProbeFlags = ProbeFlags.None;
  /** oneshot: the session ends when the handler has run. */
  exits: bool = false;
  /** A condition of the script: where it holds, the handler returns at once. Empty: it always runs. */
  guard: string = "";
  /** What its target variables are, where no types say it. */
  variables: SiteVariable[] = [];
  /** It runs in the agent only as long as its handler asks for no kernel context: then it is a `contextAttach`. */
  byContext: bool = false;
  contextAttach: AttachKind = AttachKind.CpuClock;
  constructor(
    public attach: AttachKind,
    /** The resolved probe point. */
    public point: string,
  ) {}
}

/** A probe point that is being resolved, and the result. */
export class PointQuery {
  attachments: Attachment[] = [];
  /** Why it cannot be resolved, and where; empty if nothing is wrong or nothing matches. */
  problem: string = "";
  problemRange: Range;
  problemHint: string = "";
  /** What was not checked, if it can be resolved. */
  warning: string = "";
  /** `?` or `!`: it is not an error if nothing is found. */
  optional: bool = false;
  /** It matches and is attached nowhere (`never`). */
  isNever: bool = false;
  /** -g */
  guru: bool = false;
  /** The programs of the remote. */
  programs: ProgramFiles | null = null;
  /** What `process` without a name means: the program of -c, or of the process of -x; empty: nothing. */
  process: string = "";
  /** It cannot be resolved before `needs` are answered. */
  pending: bool = false;
  constructor(
    public components: ProbeComponent[],
    public range: Range,
    public facts: Facts,
    public needs: NeedSet,
  ) {
    this.problemRange = range;
  }

  /** Says why the point cannot be resolved; component `at` is wrong. Only the first problem is kept. */
  refuse(at: i32, problem: string, hint: string = ""): void {
    if (this.problem.length > 0) return;
    this.problem = problem;
    this.problemHint = hint;
    this.problemRange = this.components[at].range;
  }

  /** The pattern that it matches, as ProbePattern has it. */
  get shape(): string {
    let text = "";
    for (let i = 0, n = this.components.length; i < n; ++i) {
      const kind = kindOf(this.components[i].argument);
      if (i > 0) text += ".";
      text += this.components[i].name;
      if (kind != ArgumentKind.None) text += kind == ArgumentKind.String ? "(string)" : "(number)";
    }
    return text;
  }

  /** Asks the host for a name or pattern. */
  need(kind: string, name: string): void {
    this.pending = true;
    this.needs.add(kind, name);
  }

  /** The integer argument of a component that the pattern says has one. */
  number(at: i32): i64 {
    const argument = this.components[at].argument;
    return argument && argument.kind == NodeKind.NumberLiteral ? (<NumberLiteral>argument).value : 0;
  }

  /** The string argument of a component. */
  text(at: i32): string {
    const argument = this.components[at].argument;
    return argument && argument.kind == NodeKind.StringLiteral ? (<StringLiteral>argument).value : "";
  }
}

/** What a component of a pattern takes in parentheses. */
export const enum ArgumentKind {
  None,
  Number,
  String,
}

/** In a pattern: any name. */
export const ANY_NAME: string = "HOOK";

/** One shape of probe points. */
export class ProbePattern {
  names: string[] = [];
  kinds: ArgumentKind[] = [];
  constructor(
    /** `timer.s(number).randomize(number)`, `kernel.function(string)`: what -L and messages show. */
    public text: string,
    public resolve: (query: PointQuery) => void,
  ) {
    const parts = text.split(".");
    for (let i = 0, n = parts.length; i < n; ++i) {
      const part = parts[i];
      const open = part.indexOf("(");
      this.names.push(open < 0 ? part : part.substring(0, open));
      if (open < 0) this.kinds.push(ArgumentKind.None);
      else this.kinds.push(part.endsWith("(string)") ? ArgumentKind.String : ArgumentKind.Number);
    }
  }

  /** How many leading components match; all of them and of the pattern if the result is both lengths. */
  matchLength(components: ProbeComponent[]): i32 {
    const n = min(components.length, this.names.length);
    for (let i = 0; i < n; ++i) {
      if (this.names[i] != ANY_NAME && !matchWildcard(components[i].name, this.names[i])) return i;
      if (kindOf(components[i].argument) != this.kinds[i]) return i;
    }
    return n;
  }

  /** Whether a point without wildcards is of this shape. */
  matches(components: ProbeComponent[]): bool {
    const n = components.length;
    if (n != this.names.length) return false;
    for (let i = 0; i < n; ++i) {
      const isName = components[i].name == this.names[i] || this.names[i] == ANY_NAME;
      if (!isName || kindOf(components[i].argument) != this.kinds[i]) return false;
    }
    return true;
  }

  /** Of a point with wildcards: what it stands for here, or null if it does not match. */
  match(components: ProbeComponent[]): ProbeComponent[] | null {
    const found: ProbeComponent[] = [];
    return this.matchFrom(components, 0, found) ? found : null;
  }

  /** Matches the components from `at` on; `found` has what those before them stand for. A `**` spans several names. */
  private matchFrom(components: ProbeComponent[], at: i32, found: ProbeComponent[]): bool {
    const from = found.length;
    if (at == components.length) return from == this.names.length;
    const component = components[at];
    const most = isSpanning(component.name) ? this.names.length - from : min(1, this.names.length - from);
    let joined = "";
    for (let count = 1; count <= most; ++count) {
      const last = from + count - 1;
      joined += count == 1 ? this.names[last] : `.${this.names[last]}`;
      const isAny = count == 1 && this.names[last] == ANY_NAME;
      if ((isAny || matchWildcard(component.name, joined)) && kindOf(component.argument) == this.kinds[last]) {
        for (let i = from; i < last; ++i) found.push(new ProbeComponent(component.range, this.names[i], null));
        const name = isAny ? component.name : this.names[last];
        found.push(new ProbeComponent(component.range, name, component.argument));
        if (this.matchFrom(components, at + 1, found)) return true;
        found.length = from;
      }
      // Only the last of several names takes an argument.
      if (this.kinds[last] != ArgumentKind.None) return false;
    }
    return false;
  }
}

/** Whether a wildcard spans several names. */
function isSpanning(name: string): bool {
  return name.includes("**");
}

/** Whether the names of a probe point match those of an alias; `**` spans several. */
export function matchNames(patterns: string[], names: string[], at: i32 = 0, from: i32 = 0): bool {
  if (at == patterns.length) return from == names.length;
  const most = isSpanning(patterns[at]) ? names.length - from : min(1, names.length - from);
  let joined = "";
  for (let count = 1; count <= most; ++count) {
    joined += count == 1 ? names[from] : `.${names[from + count - 1]}`;
    if (matchWildcard(patterns[at], joined) && matchNames(patterns, names, at + 1, from + count)) return true;
  }
  return false;
}

function kindOf(argument: Expression | null): ArgumentKind {
  if (!argument) return ArgumentKind.None;
  return argument.kind == NodeKind.StringLiteral ? ArgumentKind.String : ArgumentKind.Number;
}

/** Puts a byte string in quotes, with the escapes that a script would need. */
export function quote(text: string): string {
  let quoted = '"';
  for (let i = 0, n = text.length; i < n; ++i) {
    const c = text.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) quoted += "\\";
    if (c == 0x0a) quoted += "\\n";
    else if (c == 0x09) quoted += "\\t";
    else quoted += String.fromCharCode(c);
  }
  return `${quoted}"`;
}
