// Probes with alternatives: rows of one group, best first, of which one is attached. The first whose features the
// kernel has is chosen when the object is loaded; if its program cannot be loaded, or it cannot be attached, the next
// one takes its place. Programs that only the others need are never loaded.

import { attachRow } from "../../common/format/attach";
import { FailureCode } from "../../common/format/frame";
import { NONE } from "../../common/format/manifest";
import { Failure } from "./errors";
import { checkFeature } from "./features";
import { Probe, Program } from "./manifest";
import { LoadedObject } from "./object";

/** Chooses of each group the first alternative whose features the kernel has. */
export function chooseAlternatives(o: LoadedObject): Failure | null {
  for (let i = 0, n = o.probes.length; i < n; ++i) {
    const probe = o.probes[i];
    if (probe.group == NONE) {
      const failure = checkFeatures(probe);
      if (failure && !probe.isOptional) return failure;
      probe.isChosen = !failure;
      if (failure) o.notes.push(`${describe(probe)} is left out: ${failure.render()}`);
      continue;
    }
    const isFirst = i == 0 || o.probes[i - 1].group != probe.group;
    if (!isFirst) continue;
    for (let k = i; k < n && o.probes[k].group == probe.group; ++k) o.probes[k].isChosen = false;
    const failure = chooseFrom(o, i, null);
    if (failure) return failure;
  }
  return null;
}

/**
 * Takes the next alternative instead of one that failed; null if there is none that the kernel has the features for.
 */
export function nextAlternative(o: LoadedObject, probe: Probe, failure: Failure): Probe | null {
  const at = o.probes.indexOf(probe);
  probe.isChosen = false;
  if (probe.group == NONE || chooseFrom(o, at + 1, failure) !== null) {
    probe.isChosen = true;
    return null;
  }
  o.notes.push(`${describe(probe)} does not work here: ${failure.render()}`);
  let next = at + 1;
  while (!o.probes[next].isChosen) ++next;
  return o.probes[next];
}

/** Takes the next alternative of all probes that would run a program; false if one of them has none. */
export function replaceProgram(o: LoadedObject, program: Program, failure: Failure): bool {
  const probes = program.probes;
  for (let i = 0; i < probes.length; ++i) {
    if (probes[i].isChosen && !nextAlternative(o, probes[i], failure)) return false;
  }
  return !isNeeded(program);
}

/** Whether a probe that is to be attached runs the program; a program without any probe is loaded, too. */
export function isNeeded(program: Program): bool {
  const probes = program.probes;
  for (let i = 0, n = probes.length; i < n; ++i) if (probes[i].isChosen) return true;
  return probes.length == 0;
}

/** How a user may recognize one of several alternatives. */
export function describe(probe: Probe): string {
  const cause = attachRow(probe.attach).describe(probe.target.symbol, `${probe.period}`);
  return `${probe.point}: ${cause}`;
}

/** Chooses the first possible alternative from `at` on in its group; if there is none, the reason of the last one. */
function chooseFrom(o: LoadedObject, at: i32, reason: Failure | null): Failure | null {
  const group = o.probes[at - (reason ? 1 : 0)].group;
  let last = reason;
  for (let i = at; i < o.probes.length && o.probes[i].group == group; ++i) {
    const failure = checkFeatures(o.probes[i]);
    if (!failure) {
      o.probes[i].isChosen = true;
      return null;
    }
    o.notes.push(`${describe(o.probes[i])} does not work here: ${failure.render()}`);
    last = failure;
  }
  return last ? last : new Failure(FailureCode.Object, 0, "a group of alternatives is empty");
}

function checkFeatures(probe: Probe): Failure | null {
  for (let i = 0, n = probe.features.length; i < n; ++i) {
    const failure = checkFeature(probe.features[i]);
    if (failure) return failure;
  }
  return null;
}
