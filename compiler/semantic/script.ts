// The result of pass 2: a script in which every name is resolved, every expression has a type, and every probe point is
// a list of probe sites. `lower` makes a function of each handler and function, and manifest rows of the rest.
//
//   ProbeDeclaration x alias chain x engine ──► Handler (one program) ◄── ProbeSite … (one row of the manifest each)

import { AttachTarget } from "../../common/as/attach-target";
import { Relocation } from "../../common/as/relocation";
import { AttachKind, Engine, ProbeFlags } from "../../common/format/manifest";
import { CallTables } from "../builtins/calls";
import { SiteVariable } from "../probes/family";
import { Need } from "../probes/needs";
import { Range } from "../source/source";
import { BlockStatement, Expression, ProbeDeclaration } from "../syntax/ast";
import { LockUse } from "./lock-use";
import { Effects, FunctionSymbol, GlobalSymbol, LocalSymbol } from "./symbols";

/** Code that probe sites run. Two handlers may share trees (one probe, two engines); then they share locals, too. */
export class Handler {
  /** Position in `Script.handlers`. */
  index: i32 = -1;
  /** All must hold, else the handler does nothing; they read globals only and change nothing. */
  conditions: Expression[] = [];
  /** Alias prologues, the probe's body, alias epilogues, in the order they run. `next` leaves all of them. */
  bodies: BlockStatement[] = [];
  /** Shared by the bodies. */
  locals: LocalSymbol[] = [];
  effects: Effects = Effects.None;
  /** Whether it must hold the lock while it runs: otherwise it or others could see a change half done. */
  needsLock: bool = false;
  /** The locks that it takes; null: none. */
  lock: LockUse | null = null;
  /** A timer in the agent whose globals no handler in the kernel uses: no other handler runs between its steps. */
  isUndisturbed: bool = false;
  /** What it does itself may make it fire: it claims a frame before all else, of which each CPU has a few. */
  firesItself: bool = false;
  /** It must know at which of its sites it runs. */
  asksPlace: bool = false;
  /** Functions that it calls itself, overloads included. */
  functions: FunctionSymbol[] = [];
  /** Globals read or written, directly or not. */
  globals: GlobalSymbol[] = [];
  /** For messages, dumps and program names: the first probe point as written. */
  name: string = "";
  /** oneshot: the session ends when it has run. */
  exits: bool = false;
  /** A timer: it runs in the agent unless it asks for kernel context; then it is attached as `contextAttach`. */
  byContext: bool = false;
  contextAttach: AttachKind = AttachKind.CpuClock;
  constructor(
    public declaration: ProbeDeclaration,
    public engine: Engine,
    /** All its sites have this one: it decides the program's type. */
    public attach: AttachKind,
    /** The probe point. */
    public range: Range,
  ) {}
}

/** One place where a handler runs: a row of the manifest's Probe table. */
export class ProbeSite {
  /** Position in `Script.probes`; sites stand in the order of the script. */
  index: i32 = -1;
  /** What it attaches to. */
  target: AttachTarget = new AttachTarget();
  /** Nanoseconds, of timers. */
  period: i64 = 0;
  /** Of timer.*.randomize: the period is `period` plus or minus up to `jitter`. */
  jitter: i64 = 0;
  /** Of begin, end and error: lower runs first. */
  order: i64 = 0;
  /** Of return probes: calls that are watched at the same time (maxactive); 0: the agent decides. */
  active: i32 = 0;
  flags: ProbeFlags = ProbeFlags.None;
  /** Names of the aliases it came through, innermost first. */
  aliases: string[] = [];
  /** What pp() and related functions return there, by `SiteText`; empty if the script calls none of them. */
  texts: string[] = [];
  /** What -l calls it: the outermost alias with what stands behind it, or the resolved probe point. */
  listed: string = "";
  /** Target variables that are expressions. */
  code: SiteVariable[] = [];
  /** Features that the kernel must have for it (PARAMETER_FEATURE). */
  needs: string[] = [];
  /** Its target variables, as -L shows them. */
  variables: string = "";
  constructor(
    public handler: Handler,
    /** The resolved probe point, as -p2 and pp() show it. */
    public point: string,
    /** The probe point in the script. */
    public range: Range,
  ) {}

  get engine(): Engine {
    return this.handler.engine;
  }

  get attach(): AttachKind {
    return this.handler.attach;
  }

  get declaration(): ProbeDeclaration {
    return this.handler.declaration;
  }
}

/**
 * The control characters in the script's own literals: no others pass to a terminal, so that a remote that lies about
 * the script's values cannot do what the script does not.
 */
export class ScriptControls {
  /** Each of them once: C0 and DEL as they are, C1 (U+0080 to U+009F) without the first byte of its UTF-8. */
  characters: string = "";
  /** The bytes that follow an ESC, each once; ESC itself for one at the end of a literal, which anything may follow. */
  afterEscape: string = "";
  /** Some print has a `%c`: numbers may be characters. */
  printsCharacters: bool = false;
  private numbers: string = "";

  /** Takes note of a literal, a byte string. */
  addText(text: string): void {
    for (let i = 0, n = text.length; i < n; ++i) {
      const byte = text.charCodeAt(i);
      const next = i + 1 < n ? text.charCodeAt(i + 1) : ESC;
      if (byte == C1_LEAD && next >= 0x80 && next < 0xa0) this.characters = withByte(this.characters, next);
      if (!isControl(byte)) continue;
      this.characters = withByte(this.characters, byte);
      if (byte == ESC) this.afterEscape = withByte(this.afterEscape, next);
    }
  }

  /** Takes note of a number, which may become a character. */
  addNumber(value: i64): void {
    if (value > 0 && value < 256 && isControl(<i32>value)) this.numbers = withByte(this.numbers, <i32>value);
  }

  /** Ends the collection. */
  finish(): void {
    if (!this.printsCharacters) return;
    for (let i = 0, n = this.numbers.length; i < n; ++i) {
      const byte = this.numbers.charCodeAt(i);
      this.characters = withByte(this.characters, byte);
      if (byte == ESC) this.afterEscape = withByte(this.afterEscape, ESC);
    }
  }
}

const ESC: i32 = 0x1b;
/** First byte of U+0080 to U+00BF in UTF-8. */
const C1_LEAD: i32 = 0xc2;

/** C0 but newline and tab, which pass anyhow; DEL. */
function isControl(byte: i32): bool {
  return (byte < 0x20 && byte != 9 && byte != 10) || byte == 0x7f;
}

function withByte(set: string, byte: i32): string {
  const text = String.fromCharCode(byte);
  return byte == 0 || set.includes(text) ? set : set + text;
}

/** The analysed script. */
export class Script {
  /** Those used, in order of declaration; index = position. */
  globals: GlobalSymbol[] = [];
  /** Those to lower: reachable and not inlined everywhere. */
  functions: FunctionSymbol[] = [];
  /** All that probes reach, inlined or not, as -p2 lists them. */
  usedFunctions: FunctionSymbol[] = [];
  handlers: Handler[] = [];
  probes: ProbeSite[] = [];
  controls: ScriptControls = new ScriptControls();
  /** The tables of system calls, if some code may ask for them. */
  calls: CallTables | null = null;
  /** Number of locks. */
  locks: i32 = 0;
  /** The feature that means the one kernel that its code is right for (Facts.kernel); empty: any. */
  kernel: string = "";
  /** What its code has to know of the types of the kernel that runs it. */
  relocations: Relocation[] = [];
  /** Not empty: supply these and compile again; the rest is incomplete. */
  needs: Need[] = [];
}
