// The IR's own parts: table, text form, control flow, checker.

import { Helper } from "../../common/format/helpers";
import { Builder } from "./build";
import { dominates, fillCfg, fillDominators, fillLoops } from "./cfg";
import { check, Has } from "./check";
import { cloneFunction } from "./clone";
import { Func, JumpKind, Linkage, tempRef } from "./function";
import { negateCompare, Op, selfCheckOps, swapCompare } from "./op";
import { IrParser } from "./parse";
import { printFunction, printModule } from "./print";

export function test_the_table_of_operations_agrees_with_the_enum(): void {
  selfCheckOps();
}

export function test_a_compare_negated_twice_or_swapped_twice_is_itself(): void {
  for (let op = Op.Eq as i32; op <= Op.Uge; ++op) {
    assert(negateCompare(negateCompare(op as Op)) == op, Op[op as Op] + " negated twice");
    assert(swapCompare(swapCompare(op as Op)) == op, Op[op as Op] + " swapped twice");
  }
}

/** entry → head ⇄ body, head → end: a loop with a branch inside. */
function loopFunction(): Func {
  let fn = new Func("loop", Linkage.Subprogram, 1);
  let b = new Builder(fn);
  let i = b.variable("i");
  let head = b.newBlock("head");
  let body = b.newBlock("body");
  let odd = b.newBlock("odd");
  let next = b.newBlock("next");
  let end = b.newBlock("end");
  b.setVar(i, b.parameter(0));
  b.jump(head);
  b.setBlock(head);
  b.branch(b.getVar(i), body, end);
  b.setBlock(body);
  b.branch(b.binary(Op.And, b.getVar(i), b.constant(1)), odd, next);
  b.setBlock(odd);
  b.callHelper(Helper.GetPrandomU32, []);
  b.jump(next);
  b.setBlock(next);
  b.setVar(i, b.binary(Op.Sub, b.getVar(i), b.constant(1)));
  b.jump(head);
  b.setBlock(end);
  b.ret(b.getVar(i));
  return fn;
}

export function test_printed_ir_reads_back_to_the_same_text(): void {
  let text = printFunction(loopFunction());
  let parser = new IrParser(text);
  let module = parser.module();
  assert(parser.error == "", parser.error);
  assert(printModule(module) == text, "the same text");
}

export function test_a_copy_prints_like_its_original(): void {
  let fn = loopFunction();
  assert(printFunction(cloneFunction(fn)) == printFunction(fn), "the same text");
}

export function test_dominators_and_loops_are_found(): void {
  let fn = loopFunction();
  fillCfg(fn);
  fillDominators(fn);
  fillLoops(fn);
  assert(fn.blocks[4].idom == 2 && fn.blocks[5].idom == 1, "joins hang below their branch");
  assert(dominates(fn, 1, 4) && dominates(fn, 4, 4) && !dominates(fn, 3, 4), "who dominates whom");
  assert(fn.blocks[0].loopDepth == 0 && fn.blocks[1].loopDepth == 1, "the head is in the loop, the entry is not");
  assert(fn.blocks[3].loopDepth == 1 && fn.blocks[5].loopDepth == 0, "the body is in the loop, the end is not");
}

export function test_unreachable_blocks_are_removed(): void {
  let fn = loopFunction();
  let dead = fn.newBlock("dead");
  fn.blocks[dead].jump = JumpKind.Jump;
  fn.blocks[dead].to = 1;
  fillCfg(fn);
  assert(fn.blocks[dead].dead && fn.rpo.length == 6, "one block fewer");
  assert(!fn.blocks[1].preds.includes(dead), "and it is nobody's predecessor");
}

export function test_the_checker_finds_a_use_before_its_definition(): void {
  let fn = new Func("f", Linkage.Subprogram, 0);
  let b = new Builder(fn);
  let first = b.binary(Op.Add, b.constant(1), b.constant(2));
  let second = b.binary(Op.Add, first, b.constant(3));
  b.ret(second);
  fillCfg(fn);
  fillDominators(fn);
  assert(check(fn, Has.Cfg | Has.Dominators) == "", "all is well at first");
  fn.as[0] = tempRef(1);
  assert(check(fn, Has.Cfg | Has.Dominators).includes("does not dominate"), "then it is not");
}

export function test_the_checker_finds_a_jump_to_nowhere(): void {
  let fn = new Func("f", Linkage.Subprogram, 0);
  fn.newBlock("entry");
  fn.blocks[0].jump = JumpKind.Jump;
  fn.blocks[0].to = 7;
  assert(check(fn, Has.None).includes("does not exist"), "block 7 does not exist");
}

/** What the parser says of `text`. */
function errorOf(text: string): string {
  let parser = new IrParser(text);
  parser.module();
  return parser.error;
}

export function test_ir_text_with_mistakes_is_refused_with_its_line(): void {
  assert(errorOf("function $f 0 {") == "line 1: expected 'handler' or 'subprogram'", "keyword");
  assert(errorOf("handler $f 1 {\n@0 entry\n  %0 = store8 #1, #2 +0\n}") == "line 3: 'store8' has no result", "result");
  assert(errorOf("handler $f 1 {\n@0 entry\n  ret 7\n}") == "line 3: expected %n, #n or $n", "operand");
  assert(errorOf("handler $f 1 {\n@0 entry\n  ret #0") == "line 3: expected '}'", "end");
  assert(errorOf("handler $f 1 {\n@0 entry\n  jump @99999999\n}") == "line 3: a block number out of range", "range");
}
