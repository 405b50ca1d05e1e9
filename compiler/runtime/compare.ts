// Comparison of strings of any length.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask } from "./arena";
import { zeroBytes } from "./bits";
import { Routine, RoutineBuilder } from "./routine";
import { everyWord, Runtime } from "./runtime";

/** (offset in the arena, offset in the arena) -> negative, 0 or positive. Compares two strings. */
export const COMPARE = new Routine<Runtime>("compare", 2, buildCompare, everyWord);

/** Compares word by word until the strings differ or end. The word that decides is compared byte by byte. */
function buildCompare(runtime: Runtime, b: RoutineBuilder): void {
  const mask = arenaMask(b);
  const left = b.variable("left");
  const right = b.variable("right");
  b.setVar(left, addressInArena(runtime.unit, b, b.parameter(0), mask));
  b.setVar(right, addressInArena(runtime.unit, b, b.parameter(1), mask));
  const words = b.loop();
  const x = b.load(Op.Load64, b.getVar(left), 0);
  const y = b.load(Op.Load64, b.getVar(right), 0);
  const differ = b.newBlock("differ");
  const same = b.newBlock("same");
  b.setCold(differ);
  b.branchIf(Op.Ne, x, y, differ, same);
  b.setBlock(differ);
  compareBytes(b, x, y);
  b.setBlock(same);
  const end = b.newBlock("end");
  const on = b.newBlock("on");
  b.setCold(end);
  b.branch(zeroBytes(b, x), end, on);
  b.setBlock(end);
  b.ret(b.constant(0));
  b.setBlock(on);
  b.setVar(left, b.binary(Op.Add, b.getVar(left), b.constant(8)));
  b.setVar(right, b.binary(Op.Add, b.getVar(right), b.constant(8)));
  words.again();
  b.ret(b.constant(0));
}

function compareBytes(b: Builder, x: Ref, y: Ref): void {
  for (let k = 0; k < 8; ++k) {
    const p = b.binary(Op.And, b.binary(Op.Shr, x, b.constant(k * 8)), b.constant(255));
    const q = b.binary(Op.And, b.binary(Op.Shr, y, b.constant(k * 8)), b.constant(255));
    const differ = b.newBlock("byte");
    const same = b.newBlock("same");
    b.branchIf(Op.Ne, p, q, differ, same);
    b.setBlock(differ);
    b.ret(b.binary(Op.Sub, p, q));
    b.setBlock(same);
    if (k == 7) break;
    const end = b.newBlock("end");
    const on = b.newBlock("on");
    b.branchIf(Op.Eq, p, b.constant(0), end, on);
    b.setBlock(end);
    b.ret(b.constant(0));
    b.setBlock(on);
  }
  b.ret(b.constant(0));
}
