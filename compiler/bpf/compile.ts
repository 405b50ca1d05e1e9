// IR in, BPF out: the back-end's table of contents.

import { fillCfg, fillDominators, fillLoops, splitCriticalEdges } from "../ir/cfg";
import { Func } from "../ir/function";
import { printFunction } from "../ir/print";
import { ssa } from "../opt/ssa";
import { BackendOptions, Code } from "./code";
import { emit } from "./emit";
import { layOutFrame } from "./frame";
import { select } from "./isel";
import { legalize } from "./legalize";
import { allocateRegisters } from "./regalloc";

/** Compiles one function to BPF. What does not fit the machine is said in Code.error. */
export function compileFunction(fn: Func, options: BackendOptions): Code {
  fillCfg(fn);
  fillDominators(fn);
  ssa(fn);
  splitCriticalEdges(fn);
  fillCfg(fn);
  fillDominators(fn);
  fillLoops(fn);
  if (options.dump != "") options.dumped += printFunction(fn);
  legalize(fn, options.signedDivision);
  let machine = select(fn);
  allocateRegisters(machine);
  if (machine.error == "") layOutFrame(machine);
  if (machine.error != "") {
    let code = new Code(fn);
    code.error = machine.error;
    return code;
  }
  return emit(machine);
}
