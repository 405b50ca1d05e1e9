// Cutting: each piece by itself is what its part of the function was, and what lives across a cut goes through memory.

import { AddressKind, Builder } from "./build";
import { fillCfg, fillDominators } from "./cfg";
import { check, Has } from "./check";
import { CutMemory, cut } from "./cut";
import { Func, JumpKind, Linkage, Ref } from "./function";
import { Op } from "./op";
import { printFunction } from "./print";

/** Gives places one behind the other. */
class Places extends CutMemory {
  given: i32 = 0;

  override place(_i: i32): i32 {
    this.given += 8;
    return this.given - 8;
  }
}

/** A function whose entry is open and has set `base`, and two pieces' first blocks. */
class Case {
  fn: Func;
  b: Builder;
  base: i32;
  number: Ref;
  first: i32;
  second: i32;
  places: Places;

  constructor() {
    const fn = new Func("f", Linkage.Subprogram, 1);
    const b = new Builder(fn);
    const base = b.variable("base");
    const memory = b.addressOf(AddressKind.Bss, 0);
    b.setVar(base, memory);
    this.number = b.load(Op.Load32u, memory, 4);
    this.fn = fn;
    this.b = b;
    this.base = base;
    this.first = b.newBlock("first");
    this.second = b.newBlock("second");
    this.places = new Places(base);
    b.setBlock(this.first);
  }

  /** Cuts, and checks that every use is dominated by its definition then. */
  cut(): string {
    cut(this.fn, [this.first, this.second], this.number, this.places);
    fillCfg(this.fn);
    fillDominators(this.fn);
    const problem = check(this.fn, Has.Cfg | Has.Dominators);
    assert(problem == "", problem);
    return printFunction(this.fn);
  }
}

export function test_a_value_that_lives_across_a_cut_is_kept(): void {
  const c = new Case();
  const value = c.b.callHelper(7, []);
  c.b.suspend(c.second);
  c.b.setBlock(c.second);
  c.b.ret(c.b.binary(Op.Add, value, c.b.constant(1)));
  const text = c.cut();
  assert(c.places.given == 8, "one place:\n" + text);
  assert(text.includes("store64") && text.includes("load64"), "stored and loaded:\n" + text);
  assert(c.fn.blocks[c.first].jump == JumpKind.Return, "the first piece returns");
}

export function test_a_value_of_one_piece_stays_in_a_register(): void {
  const c = new Case();
  const value = c.b.callHelper(7, []);
  c.b.callHelper(8, [c.b.binary(Op.Add, value, value)]);
  c.b.suspend(c.second);
  c.b.setBlock(c.second);
  c.b.ret(c.b.constant(0));
  const text = c.cut();
  assert(c.places.given == 0, "no place:\n" + text);
}

export function test_an_address_is_computed_again_from_what_is_kept(): void {
  const c = new Case();
  const b = c.b;
  const index = b.binary(Op.And, b.callHelper(7, []), b.constant(63));
  const distance = b.binary(Op.Mul, index, b.constant(40));
  const address = b.binary(Op.Add, b.addressOf(AddressKind.Bss, 512), distance);
  b.store(Op.Store64, address, 0, b.constant(1));
  b.suspend(c.second);
  b.setBlock(c.second);
  b.store(Op.Store64, address, 8, b.constant(2));
  b.ret(b.constant(0));
  const text = c.cut();
  // Kept is what the helper gave; mask, product and sum come again, so that the verifier sees the bounds.
  assert(c.places.given == 8, "one place:\n" + text);
  assert(text.split("mul").length == 3 && text.split(" and ").length == 3, "twice each:\n" + text);
}

export function test_a_variable_that_lives_across_a_cut_moves_to_memory(): void {
  const c = new Case();
  const b = c.b;
  const variable = b.variable("v");
  const yes = b.newBlock("yes");
  b.setVar(variable, b.constant(1));
  b.branch(b.callHelper(7, []), yes, c.second);
  b.setBlock(yes);
  b.setVar(variable, b.constant(2));
  b.suspend(c.second);
  b.setBlock(c.second);
  b.ret(b.getVar(variable));
  const text = c.cut();
  assert(c.places.given == 8, "one place:\n" + text);
  assert(text.split("store64").length == 3, "both assignments are stores:\n" + text);
}

export function test_a_loop_across_a_cut_is_no_loop_any_more(): void {
  const c = new Case();
  const b = c.b;
  const limit = b.callHelper(7, []);
  b.jump(c.second);
  b.setBlock(c.second);
  const body = b.newBlock("body");
  const end = b.newBlock("end");
  b.branchIf(Op.Ult, b.callHelper(8, []), limit, body, end);
  b.setBlock(body);
  b.suspend(c.second);
  b.setBlock(end);
  b.ret(limit);
  const text = c.cut();
  assert(c.fn.blocks[body].jump == JumpKind.Return, "a round ends with a return:\n" + text);
  assert(c.places.given == 8, "the limit is kept:\n" + text);
}

export function test_a_piece_that_only_unreachable_code_comes_back_to_is_left_out(): void {
  const c = new Case();
  const b = c.b;
  b.ret(b.constant(0));
  b.setBlock(b.newBlock("unreachable"));
  const value = b.callHelper(7, []);
  b.suspend(c.second);
  b.setBlock(c.second);
  b.callHelper(8, [value]);
  b.ret(b.constant(0));
  const text = c.cut();
  assert(c.fn.blocks[c.second].dead, "nothing goes to it:\n" + text);
  assert(!text.includes("branch"), "one piece needs no search:\n" + text);
}
