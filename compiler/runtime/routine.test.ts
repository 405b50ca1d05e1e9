// Routines: one function for each subject, made once, with the name and the loop that the row declares.

import { Op } from "../ir/op";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";
import { Rig } from "./testing/rig";

/** A number that its routines add. */
class Subject {
  constructor(
    public runtime: Runtime,
    public number: i32,
  ) {}

  get suffix(): string {
    return `_${this.number}`;
  }
}

const ADD = new Routine<Subject>("add", 1, (subject: Subject, b: RoutineBuilder): void => {
  b.ret(b.binary(Op.Add, b.parameter(0), b.constant(subject.number)));
});

const ROUNDS = new Routine<Subject>("rounds", 0, buildRounds, (subject: Subject): i64 => subject.number);

/** Calls `add` once a round. */
function buildRounds(subject: Subject, b: RoutineBuilder): void {
  const sum = b.variable("sum");
  b.setVar(sum, b.constant(0));
  const loop = b.loop();
  b.setVar(sum, b.callFunction(ADD.of(subject), [b.getVar(sum)]));
  loop.again();
  b.ret(b.getVar(sum));
}

const ONCE = new Routine<Runtime>("once", 0, (_: Runtime, b: RoutineBuilder): void => {
  b.ret(b.constant(42));
});

export function test_a_routine_is_made_once_for_each_subject(): void {
  const rig = new Rig();
  const functions = rig.runtime.unit.ir.functions;
  const three = new Subject(rig.runtime, 3);
  const five = new Subject(rig.runtime, 5);
  const index = ADD.of(three);
  assert(functions.length == 1 && functions[index].name == "stp_add_3", "it has its subject's suffix");
  assert(ADD.of(three) == index && ADD.of(new Subject(rig.runtime, 3)) == index, "the same is not made again");
  assert(ADD.of(five) != index && functions.length == 2, "another subject's is another");
  assert(functions[index].parameterCount == 1, "it has the parameters of its row");
  assert(ONCE.of(rig.runtime) == 2 && functions[2].name == "stp_once", "the library's own have no suffix");
}

export function test_the_loop_of_a_routine_has_the_declared_rounds(): void {
  const rig = new Rig();
  const subject = new Subject(rig.runtime, 5);
  const rounds = ROUNDS.of(subject);
  const once = ONCE.of(rig.runtime);
  const add = ADD.of(subject);
  assert(rig.runtime.unit.ir.functions[rounds].rounds >= 5, "they are counted");
  assert(rig.runtime.unit.ir.functions[add].rounds == 0, "where there is no loop, nothing is");
  rig.build();
  assert(rig.call(rounds, []) == 25 && rig.call(once, []) == 42 && rig.call(add, [-5]) == 0, "they do what they say");
}
