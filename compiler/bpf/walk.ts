// How large one program is for the kernel's verifier: how many functions it has, and an estimate of how many
// instructions are walked. The verifier follows bounded loops round by round, and gives up after a million. So the
// compiler can report that at the probe, in the script's words.

import { Func } from "../ir/function";
import { Code, RelocationKind } from "./code";

/** The kernel gives up after a million (BPF_COMPLEXITY_LIMIT_INSNS); what is estimated may be more. */
const MOST_WALKED: i64 = 900000;

/** The functions of a program (BPF_MAX_SUBPROGS). */
const MOST_FUNCTIONS: i32 = 256;

/** Why the verifier would refuse the function `entry` and what it calls; empty if it would not. */
export function checkWalk(codes: Code[], entry: i32): string {
  const size = sizeOf(codes, entry);
  if (size.functions > MOST_FUNCTIONS)
    return `this probe needs ${size.functions} BPF functions, and the kernel takes ${MOST_FUNCTIONS} in a program`;
  if (size.walked <= MOST_WALKED) return "";
  return `this probe takes the kernel's verifier about ${size.walked} steps, and it gives up after 1000000`;
}

/** What the verifier sees of a program. */
class ProgramSize {
  functions: i32 = 0;
  /** An estimate of the instructions walked. */
  walked: i64 = 0;
}

/** The size of a program: each function counts once, however many call it. */
function sizeOf(codes: Code[], entry: i32): ProgramSize {
  const seen = new Set<i32>();
  const work: i32[] = [entry];
  const size = new ProgramSize();
  while (work.length > 0) {
    const f = work.pop();
    if (seen.has(f)) continue;
    seen.add(f);
    ++size.functions;
    size.walked += <i64>codes[f].count() + codes[f].rounds;
    const relocations = codes[f].relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      if (relocations[i].kind == RelocationKind.Function) work.push(relocations[i].addend);
    }
  }
  return size;
}

/**
 * Whether a function of the kernel, of which code was made, has a loop of which `Func.rounds` knows nothing: the
 * estimate of what the verifier walks would be wrong.
 */
export function hasUncountedLoop(fn: Func): bool {
  if (fn.rounds > 0 || fn.isForAgent) return false;
  for (let i = 0, n = fn.rpo.length; i < n; ++i) {
    if (fn.blocks[fn.rpo[i]].loopDepth > 0) return true;
  }
  return false;
}
