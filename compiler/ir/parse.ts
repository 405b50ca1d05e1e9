// Reads the printed form of the IR (see ir/print), for tests of passes and of the back-end without a script.
//
//     function    = ("handler" | "subprogram") "$" name count "{" slot* variable* block* "}"
//     slot        = "slot" n bytes
//     variable    = "variable" n name
//     block       = "@" n name ["cold"] instruction* jump
//     instruction = ["%" n "="] op operands ["+" n] ["!" n]
//     jump        = "jump" @n | "branch" op ref "," ref "," @n "," @n | "ret" ref | "none"
//
// Numbers of instructions and blocks are kept, so that printing gives the same text again. Text after ";" is a comment.

import { Block, Func, JumpKind, Linkage, NoPosition, NoRef, Ref, slotRef, tempRef } from "./function";
import { IrModule } from "./module";
import { OPS, Op, OpFlag, opIs, opName } from "./op";

function isSpace(c: i32): bool {
  return c == 32 || c == 9 || c == 44;
}

function isDigit(c: i32): bool {
  return c >= 48 && c <= 57;
}

/** A reader of IR text. The first error stops it. */
export class IrParser {
  /** Line and what is wrong with it; empty if all is well. */
  error: string = "";
  private lines: Array<string>;
  private lineNumber: i32 = 0;
  private line: string = "";
  private at: i32 = 0;
  private names: Map<string, i32> = new Map();
  private fn: Func = new Func("", Linkage.Handler, 0);

  constructor(text: string) {
    this.lines = text.split("\n");
    for (let op = 0; op < OPS.length; ++op) this.names.set(opName(op as Op), op);
  }

  private fail(what: string): void {
    if (this.error == "") this.error = "line " + this.lineNumber.toString() + ": " + what;
  }

  // ---- lines and words

  /** Goes to the next line that has text; false at the end. */
  private nextLine(): bool {
    while (this.lineNumber < this.lines.length) {
      let line = this.lines[this.lineNumber++];
      let comment = line.indexOf(";");
      if (comment >= 0) line = line.substring(0, comment);
      line = line.trim();
      if (line == "") continue;
      this.line = line;
      this.at = 0;
      return true;
    }
    return false;
  }

  private skipSpace(): void {
    while (this.at < this.line.length && isSpace(this.line.charCodeAt(this.at))) this.at++;
  }

  /** The character at the next word, or 0 at the end of the line. */
  private peek(): i32 {
    this.skipSpace();
    return this.at < this.line.length ? this.line.charCodeAt(this.at) : 0;
  }

  private word(): string {
    this.skipSpace();
    let start = this.at;
    while (this.at < this.line.length && !isSpace(this.line.charCodeAt(this.at))) this.at++;
    return this.line.substring(start, this.at);
  }

  private accept(c: i32): bool {
    if (this.peek() != c) return false;
    this.at++;
    return true;
  }

  private expect(c: i32): void {
    if (!this.accept(c)) this.fail("expected '" + String.fromCharCode(c) + "'");
  }

  private integer(): i64 {
    let negative = this.accept(45);
    this.skipSpace();
    if (this.at >= this.line.length || !isDigit(this.line.charCodeAt(this.at))) this.fail("expected a number");
    let value: u64 = 0;
    while (this.at < this.line.length && isDigit(this.line.charCodeAt(this.at))) {
      value = value * 10 + <u64>(this.line.charCodeAt(this.at++) - 48);
    }
    return negative ? -(<i64>value) : <i64>value;
  }

  private number(): i32 {
    return <i32>this.integer();
  }

  // ---- operands

  private ref(): Ref {
    let c = this.peek();
    this.at++;
    if (c == 37) return tempRef(this.number());
    if (c == 35) return this.fn.constant(this.integer());
    if (c == 36) return slotRef(this.number());
    if (c == 95) return NoRef;
    this.fail("expected %n, #n or $n");
    return NoRef;
  }

  private blockNumber(): i32 {
    this.expect(64);
    let b = this.number();
    if (b < 0 || b > 1000000) this.fail("a block number out of range");
    else while (this.fn.blocks.length <= b) this.deadBlock();
    return b;
  }

  /** A number that no block of the text has (yet). */
  private deadBlock(): void {
    this.fn.blocks[this.fn.newBlock("")].dead = true;
  }

  private position(): i32 {
    return this.accept(33) ? this.number() : NoPosition;
  }

  // ---- structure

  /** All functions of the text. */
  module(): IrModule {
    let module = new IrModule();
    while (this.error == "" && this.nextLine()) module.add(this.parseFunction());
    return module;
  }

  private parseFunction(): Func {
    let keyword = this.word();
    if (keyword != "handler" && keyword != "subprogram") this.fail("expected 'handler' or 'subprogram'");
    this.expect(36);
    let name = this.word();
    let fn = new Func(name, keyword == "handler" ? Linkage.Handler : Linkage.Subprogram, this.number());
    this.fn = fn;
    this.expect(123);
    this.reserve();
    let block: Block | null = null;
    while (this.error == "") {
      if (!this.nextLine()) this.fail("expected '}'");
      else if (this.peek() == 125) break;
      else if (this.peek() == 64) block = this.block();
      else if (block == null) this.declaration();
      else this.statement(block);
    }
    return fn;
  }

  /** Makes room for all numbered instructions, so that the others get numbers behind them. */
  private reserve(): void {
    let most = -1;
    for (let k = this.lineNumber; k < this.lines.length && !this.lines[k].startsWith("}"); ++k) {
      let line = this.lines[k].trim();
      if (!line.startsWith("%")) continue;
      let value = 0;
      for (let c = 1; c < line.length && isDigit(line.charCodeAt(c)); ++c) value = value * 10 + line.charCodeAt(c) - 48;
      if (value > most) most = value;
    }
    if (most > 1000000) this.fail("an instruction number out of range");
    else while (this.fn.ops.length <= most) this.fn.newInstruction(Op.Nop, NoRef, NoRef, 0);
  }

  private declaration(): void {
    let keyword = this.word();
    if (keyword == "slot") {
      if (this.number() != this.fn.slots.length) this.fail("slots are numbered in order");
      this.fn.slots.push(this.number());
    } else if (keyword == "variable") {
      if (this.number() != this.fn.variables.length) this.fail("variables are numbered in order");
      this.fn.variables.push(this.word());
    } else {
      this.fail("expected 'slot', 'variable' or a block");
    }
  }

  private block(): Block {
    let block = this.fn.blocks[this.blockNumber()];
    block.dead = false;
    block.name = this.word();
    if (this.peek() != 0) {
      if (this.word() != "cold") this.fail("expected 'cold'");
      block.cold = true;
    }
    return block;
  }

  private statement(block: Block): void {
    if (block.jump != JumpKind.None) this.fail("an instruction behind the end of its block");
    let index = -1;
    if (this.accept(37)) {
      index = this.number();
      this.expect(61);
    }
    let word = this.word();
    if (index < 0 && this.jump(block, word)) return;
    if (!this.names.has(word)) {
      this.fail("unknown operation '" + word + "'");
      return;
    }
    this.instruction(block, index, this.names.get(word) as Op);
  }

  private jump(block: Block, word: string): bool {
    if (word == "jump") {
      block.jump = JumpKind.Jump;
      block.to = this.blockNumber();
    } else if (word == "ret") {
      block.jump = JumpKind.Return;
      block.a = this.ref();
    } else if (word == "branch") {
      block.jump = JumpKind.Branch;
      let name = this.word();
      if (!this.names.has(name) || !opIs(this.names.get(name) as Op, OpFlag.Compare)) this.fail("expected a compare");
      else block.compare = this.names.get(name) as Op;
      block.a = this.ref();
      block.b = this.ref();
      block.to = this.blockNumber();
      block.otherwise = this.blockNumber();
    } else {
      return word == "none";
    }
    block.position = this.position();
    return true;
  }

  private instruction(block: Block, index: i32, op: Op): void {
    let fn = this.fn;
    if (opIs(op, OpFlag.Result) != index >= 0)
      this.fail("'" + opName(op) + "' has " + (index >= 0 ? "no" : "a") + " result");
    let i = index >= 0 ? index : fn.newInstruction(op, NoRef, NoRef, 0);
    if (this.error != "") return;
    fn.ops[i] = op;
    if (op == Op.Phi) {
      this.phi(i);
    } else if (opIs(op, OpFlag.Arguments)) {
      fn.immediates[i] = this.number();
      this.arguments(i);
    } else {
      if (OPS[op].operands > 0) fn.as[i] = this.ref();
      if (OPS[op].operands > 1) fn.bs[i] = this.ref();
      if (opIs(op, OpFlag.Immediate)) {
        this.expect(43);
        fn.immediates[i] = this.number();
      }
    }
    fn.positions[i] = this.position();
    if (this.peek() != 0) this.fail("unexpected text '" + this.word() + "'");
    block.instructions.push(i);
  }

  private arguments(i: i32): void {
    let args: Array<i32> = [];
    this.expect(40);
    while (this.error == "" && !this.accept(41)) args.push(this.ref());
    this.fn.as[i] = this.fn.newArgs(args);
    this.fn.bs[i] = args.length;
  }

  private phi(i: i32): void {
    let pairs: Array<i32> = [];
    while (this.error == "" && this.peek() == 64) {
      let from = this.blockNumber();
      pairs.push(this.ref());
      pairs.push(from);
    }
    this.fn.as[i] = this.fn.newArgs(pairs);
    this.fn.bs[i] = pairs.length >> 1;
  }
}
