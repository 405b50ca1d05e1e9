// Copies and comparisons of strings at the place of use, between places of all sizes.

import { NoRef } from "../ir/function";
import { branchOnPlaces, copyCut, copyPadded, copyString, keepString, passString, StringPair, zero } from "./copy";
import { Base, literalPlace, Place, SMALL_BYTES } from "./place";
import { Random } from "./testing/random";
import { Rig, readText } from "./testing/rig";

const CAPACITIES: StaticArray<i32> = [8, 16, 64, 72, 512];

/** What a function does with two places. */
const enum Kind {
  Copy,
  Padded,
  Cut,
  Zero,
  /** A copy, and back from it. */
  Keep,
}

/** One function for each pair of capacities. */
class Copying {
  private rig: Rig = new Rig(512);
  private froms: i32[] = [];
  private tos: i32[] = [];
  private functions: i32[] = [];

  constructor(private kind: Kind) {
    const rig = this.rig;
    for (let i = 0; i < CAPACITIES.length; ++i) {
      this.froms.push(rig.reserve(CAPACITIES[i]));
      this.tos.push(rig.reserve(CAPACITIES[i]));
    }
    for (let i = 0; i < CAPACITIES.length; ++i) {
      for (let k = 0; k < CAPACITIES.length; ++k) this.functions.push(this.make(i, k));
    }
    rig.build();
  }

  private make(i: i32, k: i32): i32 {
    const frame = this.rig.begin(`copy${i}_${k}`, 1);
    const from = new Place(Base.Frame, NoRef, this.froms[i], CAPACITIES[i]);
    const to = new Place(Base.Frame, NoRef, this.tos[k], CAPACITIES[k]);
    if (this.kind == Kind.Copy) copyString(frame, from, to);
    else if (this.kind == Kind.Padded) copyPadded(frame, from, to);
    else if (this.kind == Kind.Cut) copyCut(frame, from, to);
    else if (this.kind == Kind.Zero) zero(frame, to);
    else {
      const kept = keepString(frame, from);
      zero(frame, from);
      copyString(frame, kept, to);
    }
    frame.b.ret(frame.b.constant(0));
    return frame.b.fn.index;
  }

  run(): void {
    const n = CAPACITIES.length;
    const random = new Random(<i32>this.kind);
    for (let round = 0; round < 25 * n * n; ++round) {
      const i = random.below(n);
      const k = random.below(n);
      const room = CAPACITIES[k];
      if (this.kind == Kind.Cut && room > SMALL_BYTES) continue;
      const text = random.text(CAPACITIES[i] - 1);
      this.rig.putInto(this.froms[i], text, CAPACITIES[i]);
      const to = this.rig.inFrame(this.tos[k]);
      memory.fill(to, 0x78, room);
      this.rig.call(this.functions[i * n + k], [this.rig.at(0)]);
      const expected = this.kind == Kind.Zero ? "" : text.substring(0, room - 1);
      const actual = readText(to, room);
      assert(actual == expected, `from ${CAPACITIES[i]} to ${room}: '${actual}', not '${expected}'`);
      if (room > SMALL_BYTES && this.kind != Kind.Padded) continue;
      for (let at = actual.length; at < room; ++at) assert(load<u8>(to + <usize>at) == 0, "zeros follow");
    }
  }
}

export function test_copies(): void {
  new Copying(Kind.Copy).run();
}

export function test_padded_copies(): void {
  new Copying(Kind.Padded).run();
}

export function test_cut_copies(): void {
  new Copying(Kind.Cut).run();
}

export function test_empty_strings(): void {
  new Copying(Kind.Zero).run();
}

export function test_kept_copies(): void {
  new Copying(Kind.Keep).run();
}

export function test_literals(): void {
  const texts: string[] = ["", "a", "1234567", "12345678", "x".repeat(63), "y".repeat(64), "\xff".repeat(300)];
  const rig = new Rig(512);
  const tos: i32[] = [];
  const passed: i32 = rig.reserve(512);
  const copies: i32[] = [];
  const passes: i32[] = [];
  for (let k = 0; k < CAPACITIES.length; ++k) tos.push(rig.reserve(CAPACITIES[k]));
  for (let i = 0; i < texts.length; ++i) {
    for (let k = 0; k < CAPACITIES.length; ++k) {
      const frame = rig.begin(`literal${i}_${k}`, 1);
      copyString(frame, literalPlace(texts[i]), new Place(Base.Frame, NoRef, tos[k], CAPACITIES[k]));
      frame.b.ret(frame.b.constant(0));
      copies.push(frame.b.fn.index);
    }
    const pass = rig.begin(`pass${i}`, 1);
    pass.b.ret(passString(pass, literalPlace(texts[i])));
    passes.push(pass.b.fn.index);
  }
  const there = rig.begin("there", 1);
  there.b.ret(passString(there, new Place(Base.Frame, NoRef, passed, 512)));
  rig.build();
  assert(rig.call(there.b.fn.index, [rig.at(0)]) == rig.at(passed), "what is in the frame is passed as it is");
  for (let i = 0; i < texts.length; ++i) {
    for (let k = 0; k < CAPACITIES.length; ++k) {
      rig.call(copies[i * CAPACITIES.length + k], [rig.at(0)]);
      const expected = texts[i].substring(0, CAPACITIES[k] - 1);
      assert(readText(rig.inFrame(tos[k]), CAPACITIES[k]) == expected, `'${expected}' in ${CAPACITIES[k]} bytes`);
    }
    const at = <i32>(rig.call(passes[i], [rig.at(0)]) - rig.at(0));
    assert(readText(rig.inFrame(at), 512) == texts[i], "a literal is copied to the frame to be passed");
  }
}

export function test_branches(): void {
  const rig = new Rig(64);
  const capacities: StaticArray<i32> = [8, 16, 64];
  const lefts: i32[] = [];
  const rights: i32[] = [];
  const functions: i32[] = [];
  for (let i = 0; i < capacities.length; ++i) {
    lefts.push(rig.reserve(capacities[i]));
    rights.push(rig.reserve(capacities[i]));
  }
  for (let i = 0; i < 2 * capacities.length * capacities.length; ++i) functions.push(makeBranch(rig, i, lefts, rights));
  rig.build();
  const random = new Random(1);
  for (let round = 0; round < 1500; ++round) {
    const i = random.below(functions.length);
    const l = (i >> 1) % 3;
    const r = (i >> 1) / 3;
    const x = random.text(min(capacities[l] - 1, 10), "a\x80");
    const y =
      random.below(3) == 0 ? x.substring(0, capacities[r] - 1) : random.text(min(capacities[r] - 1, 10), "a\x80");
    rig.putInto(lefts[l], x, capacities[l]);
    rig.putInto(rights[r], y, capacities[r]);
    // Strings of bytes compare as asc's strings do.
    const expected = x == y ? 2 : x < y == ((i & 1) == 0) ? 0 : 1;
    const answer = rig.call(functions[i], [rig.at(0)]);
    assert(answer == expected, `'${x}' and '${y}', ${i & 1}: ${answer}, not ${expected}`);
  }
}

/** A function that answers with the target's number: yes, no, equal. */
function makeBranch(rig: Rig, i: i32, lefts: i32[], rights: i32[]): i32 {
  const capacities: StaticArray<i32> = [8, 16, 64];
  const frame = rig.begin(`branch${i}`, 1);
  const b = frame.b;
  const l = (i >> 1) % 3;
  const r = (i >> 1) / 3;
  const x = new Place(Base.Frame, NoRef, lefts[l], capacities[l]);
  const y = new Place(Base.Frame, NoRef, rights[r], capacities[r]);
  const targets: StaticArray<i32> = [b.newBlock("yes"), b.newBlock("no"), b.newBlock("equal")];
  branchOnPlaces(frame, new StringPair(x, y), (i & 1) == 0, targets);
  for (let t = 0; t < 3; ++t) {
    b.setBlock(targets[t]);
    b.ret(b.constant(t));
  }
  return b.fn.index;
}
