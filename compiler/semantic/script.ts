// The result of pass 2: a script in which every name is resolved, every expression has a type, and every probe point is
// a list of probe sites. `lower` makes a function of each handler and function, and manifest rows of the rest.
//
//   ProbeDeclaration x alias chain x engine ──► Handler (one program) ◄── ProbeSite … (one row of the manifest each)

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, Engine, ProbeFlags } from "../../common/format/manifest";
import { Need } from "../probes/needs";
import { Range } from "../source/source";
import { BlockStatement, Expression, ProbeDeclaration } from "../syntax/ast";
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
  /** A timer in the agent whose globals no handler in the kernel uses: no other handler runs between its steps. */
  isUndisturbed: bool = false;
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
  flags: ProbeFlags = ProbeFlags.None;
  /** Names of the aliases it came through, innermost first. */
  aliases: string[] = [];
  /** What pp() and related functions return there, by `SiteText`; empty if the script calls none of them. */
  texts: string[] = [];
  /** What -l calls it: the outermost alias with what stands behind it, or the resolved probe point. */
  listed: string = "";
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
  /** Not empty: supply these and compile again; the rest is incomplete. */
  needs: Need[] = [];
}
