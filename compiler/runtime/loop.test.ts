// Loops: how often they go round, and what they add to the estimate of verifier work.

import { AddressKind, Builder } from "../ir/build";
import { Op } from "../ir/op";
import { BoundedLoop, Driver, innerRounds } from "./loop";
import { Rig } from "./testing/rig";

/** Most calls of one driving loop; beyond, there are two, and it is rounded up to a multiple of the inner one. */
const MOST_DRIVEN: i32 = 1024;

/** A counter in .bss, and code that adds to it. */
class Counter {
  rig: Rig = new Rig();
  private offset: i32 = this.rig.runtime.unit.reserve(8);
  /** Offset in .bss of a word for the test. */
  wanted: i32 = this.rig.runtime.unit.reserve(8);

  add(b: Builder): void {
    b.atomicAdd(8, b.addressOf(AddressKind.Bss, this.offset), 0, b.constant(1));
  }

  get value(): i64 {
    return load<i64>(this.rig.address(this.offset));
  }

  reset(): void {
    store<i64>(this.rig.address(this.offset), 0);
  }
}

export function test_a_loop_has_as_many_rounds_as_its_bound_says(): void {
  const bounds: i32[] = [1, 2, 7, 1000];
  const counter = new Counter();
  const functions: i32[] = [];
  let perRound: i64 = 0;
  for (let i = 0; i < bounds.length; ++i) {
    const b = counter.rig.begin(`loop${i}`, 2).b;
    const before = b.fn.rounds;
    const loop = new BoundedLoop(b, bounds[i]);
    const first = b.fn.ops.length;
    counter.add(b);
    const out = loop.leaveIf(Op.Eq, loop.index, b.parameter(1));
    loop.again();
    b.ret(b.constant(-1));
    b.setBlock(out);
    b.ret(loop.index);
    const added = b.fn.rounds - before;
    assert(added % bounds[i] == 0 && added / bounds[i] >= 4, "each round counts, with all that is in it");
    assert(added / bounds[i] <= <i64>(b.fn.ops.length - first), "and with no more");
    assert(perRound == 0 || perRound == added / bounds[i], "equal bodies count alike");
    perRound = added / bounds[i];
    functions.push(b.fn.index);
  }
  counter.rig.build();
  for (let i = 0; i < bounds.length; ++i) {
    counter.reset();
    assert(counter.rig.call(functions[i], [counter.rig.at(0), -1]) == -1, "it comes to its end");
    assert(counter.value == bounds[i], `${bounds[i]} rounds, not ${counter.value}`);
    for (let leave = 0; leave < min(bounds[i], 9); ++leave) {
      counter.reset();
      assert(counter.rig.call(functions[i], [counter.rig.at(0), leave]) == leave, "it is left with the round's number");
      assert(counter.value == leave + 1, "in that round");
    }
  }
}

export function test_a_driver_calls_until_it_is_told_to_stop(): void {
  const times: i32[] = [1, 2, MOST_DRIVEN - 1, MOST_DRIVEN, MOST_DRIVEN + 1, 5000];
  const counter = new Counter();
  const rig = counter.rig;
  // (when) -> 0, or 7 at the call of that number
  const step = rig.begin("step", 1).b;
  counter.add(step);
  const stop = step.newBlock("stop");
  const go = step.newBlock("go");
  const wanted = counter.wanted;
  const calls = step.load(Op.Load64, step.addressOf(AddressKind.Bss, wanted - 8), 0);
  step.branchIf(Op.Eq, calls, step.load(Op.Load64, step.addressOf(AddressKind.Bss, wanted), 0), stop, go);
  step.setBlock(stop);
  step.ret(step.constant(7));
  step.setBlock(go);
  step.ret(step.constant(0));
  const drivers: i32[] = [];
  for (let i = 0; i < times.length; ++i) {
    const b = rig.begin(`driver${i}`, 1).b;
    b.ret(new Driver(rig.runtime.unit, b).drive(step.fn.index, b.parameter(0), times[i]));
    drivers.push(b.fn.index);
    const least = times[i] <= MOST_DRIVEN ? times[i] : times[i] / innerRounds(times[i]);
    assert(b.fn.rounds >= least, "its rounds are counted");
  }
  rig.build();
  for (let i = 0; i < times.length; ++i) {
    const stops: i32[] = [1, min(2, times[i]), times[i] - 1, times[i]];
    for (let k = 0; k < stops.length; ++k) {
      if (stops[k] < 1) continue;
      counter.reset();
      store<i64>(rig.address(wanted), stops[k]);
      assert(rig.call(drivers[i], [rig.at(0)]) == 7, "the last answer is returned");
      assert(counter.value == stops[k], `${stops[k]} calls of ${times[i]}, not ${counter.value}`);
    }
    counter.reset();
    store<i64>(rig.address(wanted), -1);
    assert(rig.call(drivers[i], [rig.at(0)]) == 0, "nothing stopped it");
    const inner = innerRounds(times[i]);
    const all = times[i] <= MOST_DRIVEN ? times[i] : ((times[i] + inner - 1) / inner) * inner;
    assert(counter.value == all, `${all} calls, not ${counter.value}`);
  }
}
