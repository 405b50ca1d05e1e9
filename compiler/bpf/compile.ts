// IR in, BPF out: the back-end's table of contents. PASSES are the steps on the IR; behind them select, allocate, frame
// and emit turn it into code. The driver asserts that a pass finds what it requires.

import { fillCfg, fillDominators, fillLoops, splitCriticalEdges } from "../ir/cfg";
import { check, Has } from "../ir/check";
import { cloneFunction } from "../ir/clone";
import { Func } from "../ir/function";
import { printFunction } from "../ir/print";
import { shareAddresses } from "../opt/address";
import { mergeBlocks, threadBranches } from "../opt/branch";
import { removeDead } from "../opt/dead";
import { fold } from "../opt/fold";
import { layOut } from "../opt/layout";
import { shareLookups } from "../opt/lookups";
import { numberValues } from "../opt/number";
import { promoteSlots } from "../opt/promote";
import { ssa } from "../opt/ssa";
import { removeDeadStores } from "../opt/stores";
import { BackendOptions, Code } from "./code";
import { emit } from "./emit";
import { layOutFrame } from "./frame";
import { select } from "./isel";
import { legalize } from "./legalize";
import { MachineFunction } from "./machine-function";
import { printCode } from "./print";
import { printMachineFunction } from "./print-machine";
import { allocateRegisters } from "./regalloc";
import { Trace } from "./trace";
import { verify } from "./verify";

/** When a pass runs. */
const enum When {
  Always = 0,
  /** Not with `optimize` off. */
  Optimizing = 1,
  /** Not in the second attempt, after the first needed too much stack. */
  Roomy = 2,
}

/** A step on the IR. */
class Pass {
  constructor(
    public name: string,
    public run: (fn: Func) => void,
    public requires: i32,
    /** What holds afterwards because of the pass. */
    public gives: i32,
    /** What it leaves true, if it was. */
    public keeps: i32,
    public when: When,
  ) {}
}

const GRAPH = Has.Cfg | Has.Dominators | Has.Loops;

const PASSES: StaticArray<Pass> = [
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa, When.Always),
  new Pass("promote", promoteSlots, Has.Cfg, Has.None, Has.Cfg, When.Roomy),
  new Pass("dominators", fillDominators, Has.Cfg, Has.Dominators, Has.All, When.Always),
  new Pass("ssa", ssa, Has.Cfg | Has.Dominators, Has.Ssa, Has.Dominators, When.Always),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa | Has.Dominators, When.Always),
  new Pass("fold", fold, Has.Cfg | Has.Ssa, Has.None, Has.Ssa, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa, When.Optimizing),
  new Pass("thread", threadBranches, Has.Cfg | Has.Ssa, Has.None, Has.Ssa, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa, When.Optimizing),
  new Pass("fold", fold, Has.Cfg | Has.Ssa, Has.None, Has.Ssa, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa, When.Optimizing),
  new Pass("dead", removeDead, Has.Cfg | Has.Ssa, Has.None, Has.All, When.Optimizing),
  new Pass("merge", mergeBlocks, Has.Cfg | Has.Ssa, Has.None, Has.Ssa, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa, When.Optimizing),
  // Before equal values are found, since the parts of what is expanded are often equal.
  new Pass("legalize", legalize, Has.Cfg | Has.Ssa, Has.Legal, Has.All, When.Always),
  new Pass("dominators", fillDominators, Has.Cfg, Has.Dominators, Has.All, When.Optimizing),
  new Pass("number", numberValues, Has.Cfg | Has.Dominators | Has.Ssa, Has.None, Has.All, When.Roomy),
  new Pass("lookups", shareLookups, Has.Cfg | Has.Dominators | Has.Ssa, Has.None, Has.All, When.Roomy),
  new Pass("stores", removeDeadStores, Has.Cfg | Has.Ssa, Has.None, Has.All, When.Optimizing),
  new Pass("fold", fold, Has.Cfg | Has.Ssa, Has.None, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("fold", fold, Has.Cfg | Has.Ssa, Has.None, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("dead", removeDead, Has.Cfg | Has.Ssa, Has.None, Has.All, When.Optimizing),
  new Pass("merge", mergeBlocks, Has.Cfg | Has.Ssa, Has.None, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa | Has.Legal, When.Optimizing),
  new Pass("dominators", fillDominators, Has.Cfg, Has.Dominators, Has.All, When.Optimizing),
  new Pass("address", shareAddresses, Has.Cfg | Has.Dominators | Has.Ssa, Has.None, Has.All, When.Roomy),
  new Pass("dead", removeDead, Has.Cfg | Has.Ssa, Has.None, Has.All, When.Optimizing),
  new Pass("split", splitCriticalEdges, Has.Cfg | Has.Ssa, Has.Split, Has.Ssa | Has.Legal, When.Always),
  new Pass("cfg", fillCfg, Has.None, Has.Cfg, Has.Ssa | Has.Split | Has.Legal, When.Always),
  new Pass("dominators", fillDominators, Has.Cfg, Has.Dominators, Has.All, When.Always),
  new Pass("loops", fillLoops, Has.Cfg | Has.Dominators, Has.Loops, Has.All, When.Always),
  new Pass("layout", layOut, Has.Cfg | Has.Loops, Has.None, Has.All, When.Always),
];

/** The name of pass `k`, or empty behind the last. */
export function passName(k: i32): string {
  return k < PASSES.length ? PASSES[k].name : "";
}

/** What comes behind the passes on the IR, by the names of their dumps. */
export const MACHINE_PHASES: StaticArray<string> = ["isel", "regalloc", "frame"];

function isMachinePhase(name: string): bool {
  for (let k = 0; k < MACHINE_PHASES.length; ++k) if (MACHINE_PHASES[k] == name) return true;
  return false;
}

/** What isel requires. */
const SELECT_REQUIRES = GRAPH | Has.Ssa | Has.Split | Has.Legal;

function dumpIr(fn: Func, name: string, options: BackendOptions): void {
  if (options.dump != name && options.dump != "*") return;
  let text = printFunction(fn);
  // With "*", passes that changed nothing are left out.
  if (options.dump == "*" && options.dumped.endsWith(text)) return;
  options.dumped += "; " + name + "\n" + text;
}

function dumpMachine(fn: MachineFunction, name: string, options: BackendOptions): void {
  if (options.dump != name && options.dump != "*") return;
  options.dumped += "; " + name + "\n" + printMachineFunction(fn, options.lines);
}

function checkAfter(fn: Func, has: i32, name: string): void {
  let message = check(fn, has);
  assert(message == "", "after pass '" + name + "' in " + fn.name + ": " + message);
}

/** Runs the passes on the IR that `options` ask for. */
export function optimize(fn: Func, options: BackendOptions, roomy: bool): void {
  let has: i32 = Has.None;
  dumpIr(fn, "il", options);
  if (options.check) checkAfter(fn, has, "lower");
  fn.signedDivision = options.signedDivision;
  for (let k = 0, n = PASSES.length; k < n; ++k) {
    if (k >= options.passes) return;
    let pass = PASSES[k];
    if (pass.when != When.Always && !options.optimize) continue;
    if (pass.when == When.Roomy && !roomy) continue;
    assert((pass.requires & ~has) == 0, "pass '" + pass.name + "' comes after what it requires");
    if (pass.name != options.skip) {
      pass.run(fn);
      has = (has & pass.keeps) | pass.gives;
    }
    dumpIr(fn, pass.name, options);
    if (options.check) checkAfter(fn, has, pass.name);
  }
  assert((SELECT_REQUIRES & ~has) == 0, "isel comes after what it requires");
}

/** Turns IR that went through `optimize` into code. */
export function generate(fn: Func, options: BackendOptions): Code {
  let machine = select(fn);
  if (options.dump == "*" || isMachinePhase(options.dump)) machine.trace = new Trace();
  dumpMachine(machine, "isel", options);
  allocateRegisters(machine);
  if (machine.error == "") {
    dumpMachine(machine, "regalloc", options);
    layOutFrame(machine);
  }
  if (machine.error == "") dumpMachine(machine, "frame", options);
  if (machine.error != "") {
    let code = new Code(fn);
    code.error = machine.error;
    return code;
  }
  let code = emit(machine);
  if (options.check && code.error == "") {
    let message = verify(code);
    assert(message == "", "the code of " + fn.name + ": " + message);
  }
  if (options.dump == "bpf" || options.dump == "*") options.dumped += "; bpf\n" + printCode(code, options.lines);
  return code;
}

/** Functions with fewer instructions than this never need a second attempt. */
const SMALL: i32 = 200;

/** Compiles one function to BPF. What does not fit the machine is said in Code.error. */
export function compileFunction(fn: Func, options: BackendOptions): Code {
  let spare = options.optimize && fn.ops.length >= SMALL ? cloneFunction(fn) : null;
  optimize(fn, options, true);
  let code = generate(fn, options);
  if (code.error == "" || spare == null) return code;
  // Values that were computed once and kept may have needed the stack: compute them again where they are used.
  optimize(spare, options, false);
  return generate(spare, options);
}
