// Estimates how many instructions the kernel's verifier walks for one program. It follows bounded loops round by round,
// and gives up after a million. The estimate lets the compiler report that at the probe, in the script's words.

import { Func } from "../ir/function";
import { Code, RelocationKind } from "./code";

/** The kernel gives up after a million (BPF_COMPLEXITY_LIMIT_INSNS); what is estimated may be more. */
const MOST_WALKED: i64 = 900000;

/** Why the verifier would give up on the function `entry` and what it calls; empty if it would not. */
export function checkWalk(codes: Code[], entry: i32): string {
  const walked = walkOf(codes, entry);
  if (walked <= MOST_WALKED) return "";
  const rounds = `what '${codes[entry].name}' does with strings takes the kernel's verifier about ${walked} steps`;
  return `${rounds}, and it gives up after 1000000`;
}

/** An estimate of the instructions walked: each function once, however many call it. */
function walkOf(codes: Code[], entry: i32): i64 {
  const seen = new Set<i32>();
  const work: i32[] = [entry];
  let walked: i64 = 0;
  while (work.length > 0) {
    const f = work.pop();
    if (seen.has(f)) continue;
    seen.add(f);
    walked += <i64>codes[f].count() + codes[f].rounds;
    const relocations = codes[f].relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      if (relocations[i].kind == RelocationKind.Function) work.push(relocations[i].addend);
    }
  }
  return walked;
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
