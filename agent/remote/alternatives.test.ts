// Which of several alternatives is chosen, as far as no kernel is needed for that: a feature that the agent does not
// know is one that the kernel does not have. tests/run/alternatives.test.ts attaches some.

import { attachProblem } from "../../common/format/attach";
import { FailureCode } from "../../common/format/frame";
import { chooseAlternatives, isNeeded, nextAlternative, replaceProgram } from "./alternatives";
import { selfCheckAttachers } from "./attach/table";
import { Failure } from "./errors";
import { checkFeatures, selfCheckFeatures } from "./features";
import { LoadedObject, openObject } from "./object";
import { selfCheckNumbers } from "./sys-numbers";
import { alternativesObject } from "./testing/sample";

const BROKEN: Failure = new Failure(FailureCode.Attach, 2, "cannot attach");

/** An object with two groups of two alternatives each: probes 0 and 1, 2 and 3; the second ones share a program. */
function open(lacking: i32[]): LoadedObject {
  const opened = openObject(alternativesObject(lacking));
  const failure = opened.failure;
  assert(!failure, failure ? failure.text : "");
  return opened.value!;
}

function chosen(o: LoadedObject): string {
  let text = "";
  for (let i = 0; i < o.probes.length; ++i) if (o.probes[i].isChosen) text += i.toString();
  return text;
}

export function test_the_first_alternative_is_chosen(): void {
  const o = open([]);
  assert(!checkFeatures(o) && !chooseAlternatives(o), "nothing is lacking");
  assert(chosen(o) == "02", chosen(o));
  assert(isNeeded(o.programs[0]) && !isNeeded(o.programs[1]), "programs of the others are not loaded");
}

export function test_one_whose_feature_is_lacking_is_passed_over(): void {
  const o = open([0]);
  assert(!checkFeatures(o) && !chooseAlternatives(o), "there is another one");
  assert(chosen(o) == "12", chosen(o));
  assert(o.notes.length == 1 && o.notes[0].includes("kprobe on f0 does not work here"), o.notes.join());
}

export function test_without_any_the_object_is_refused(): void {
  const o = open([2, 3]);
  assert(!checkFeatures(o), "the object itself needs nothing");
  const failure = chooseAlternatives(o);
  assert(failure !== null && failure.text.includes("'nonsense'"), "the feature is named");
}

export function test_the_next_one_takes_the_place_of_one_that_fails(): void {
  const o = open([]);
  chooseAlternatives(o);
  const next = nextAlternative(o, o.probes[0], BROKEN);
  assert(next === o.probes[1] && chosen(o) == "12", chosen(o));
  assert(o.notes[0].includes("cannot attach: No such file"), o.notes[0]);
  assert(nextAlternative(o, o.probes[1], BROKEN) === null && chosen(o) == "12", "the last one has no next");
}

export function test_a_program_that_cannot_be_loaded_is_replaced_everywhere(): void {
  const o = open([]);
  chooseAlternatives(o);
  assert(replaceProgram(o, o.programs[0], BROKEN), "both groups have another program");
  assert(chosen(o) == "13" && !isNeeded(o.programs[0]) && isNeeded(o.programs[1]), chosen(o));
  assert(!replaceProgram(o, o.programs[1], BROKEN), "that is the last");
}

export function test_tables_are_complete(): void {
  assert(attachProblem() == "", attachProblem());
  selfCheckAttachers();
  selfCheckFeatures();
  selfCheckNumbers();
}
