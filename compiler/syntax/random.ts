// Random numbers and random scripts for the tests of this folder. The same seed gives the same script everywhere. The
// scripts are well-formed and use the whole grammar, but they have no meaning.

import { joinTexts } from "../../common/as/text-builder";

/** xorshift32. */
export class Random {
  private state: u32;

  constructor(seed: u32) {
    this.state = seed * 2654435769 + 0x9e3779b9;
    if (this.state == 0) this.state = 1;
  }

  /** A number from 0 up to (not with) `n`. */
  below(n: i32): i32 {
    let x = this.state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    this.state = x;
    return <i32>(x % <u32>n);
  }

  /** True once in `n` times. */
  oneIn(n: i32): bool {
    return this.below(n) == 0;
  }

  /** One of some words that a blank parts. */
  pick(words: string): string {
    const list = words.split(" ");
    return list[this.below(list.length)];
  }
}

const NAMES = "a b foo x1 _y limit_ iff probe_count";
const STRINGS = '"" "a" "\\n\\t\\"\\\\" "\\1\\12\\0" "\xc3\xa4\xff" "one""two" @1 @#';
const NUMBERS = "0 1 42 0x1F 017 18446744073709551615 9223372036854775808 $1 $#";
const BINARY = "|| && | ^ & < > <= >= == != . << >> >>> + - * / %";
const ASSIGNMENT = "= += -= *= /= %= &= |= ^= <<= >>= .= <<<";
const EXTRACTORS = "@count @sum @min @max @avg @variance";

/** Writes a random script. */
export class RandomScript {
  private parts: string[] = [];
  /** Names of the globals declared so far. */
  private globals: Set<string> = new Set<string>();

  constructor(private random: Random) {}

  /** The text of a script with a few declarations. */
  write(): string {
    const n = 1 + this.random.below(4);
    for (let i = 0; i < n; ++i) this.declaration();
    return joinTexts(this.parts);
  }

  private put(text: string): void {
    this.parts.push(text);
  }

  private name(): void {
    this.put(this.random.pick(NAMES));
  }

  private declaration(): void {
    switch (this.random.below(6)) {
      case 0:
        this.global();
        break;
      case 1:
        this.functionDeclaration();
        break;
      case 2:
        this.put("probe ");
        this.point(false);
        this.alias();
        break;
      case 3:
        this.put("%{ code %}\n");
        break;
      default:
        this.put("probe ");
        this.points();
        this.block(3);
        break;
    }
  }

  private global(): void {
    const name = this.random.pick(NAMES);
    // A file declares a global once.
    if (this.globals.has(name)) return;
    this.globals.add(name);
    this.put(this.random.pick("global private private\tglobal"));
    this.put(" ");
    this.put(name);
    if (this.random.oneIn(3)) this.put("%");
    if (this.random.oneIn(3)) this.put("[10]");
    else if (this.random.oneIn(2)) this.put(` = ${this.random.oneIn(2) ? "-7" : this.random.pick(STRINGS)}`);
    this.put("\n");
  }

  private functionDeclaration(): void {
    if (this.random.oneIn(3)) this.put("private ");
    this.put("function ");
    this.name();
    this.put(this.random.pick("(a,b) :long() :string(x:long,y:string) (z:string):2"));
    if (this.random.oneIn(4)) this.put(" %{ code %}\n");
    else this.block(3);
  }

  private alias(): void {
    const bodies = this.random.below(3);
    this.put(bodies == 0 ? " += " : " = ");
    this.points();
    this.block(2);
    if (bodies != 2) return;
    this.put(",");
    this.block(1);
  }

  private points(): void {
    this.point(true);
    while (this.random.oneIn(3)) {
      this.put(", ");
      this.point(true);
    }
  }

  private point(flags: bool): void {
    this.put(
      this.random.pick(
        'begin end(3) kernel.function("x*") **.foo* a.{b,c.d,{e,f}} a.{b?,c!} process(-1).if x.y("a""b").z',
      ),
    );
    if (!flags) {
      // An alias has one name; braces would make several.
      this.parts[this.parts.length - 1] = "my.name";
      return;
    }
    if (this.parts[this.parts.length - 1] == "a.{b?,c!}") return;
    if (this.random.oneIn(4)) this.put(this.random.pick("? !"));
    if (this.random.oneIn(4)) {
      this.put(" if (");
      this.expression(2);
      this.put(")");
    }
  }

  private block(depth: i32): void {
    this.put(" {\n");
    const n = this.random.below(4);
    for (let i = 0; i < n; ++i) this.statement(depth);
    this.put("}\n");
  }

  private statement(depth: i32): void {
    if (depth <= 0) {
      this.expression(1);
      this.put(";\n");
      return;
    }
    switch (this.random.below(14)) {
      case 0:
        this.block(depth - 1);
        break;
      case 1:
        this.put(this.random.pick("; break; continue; next; %{c%}; break continue next;"));
        this.put("\n");
        break;
      case 2:
      case 3:
        this.headed("if (", depth);
        if (this.random.oneIn(2)) {
          this.put(" else ");
          this.statement(depth - 1);
        }
        break;
      case 4:
        this.headed("while (", depth);
        break;
      case 5:
        this.forStatement(depth);
        break;
      case 6:
      case 7:
        this.foreachStatement(depth);
        break;
      case 8:
        this.put("try");
        this.block(depth - 1);
        this.put(this.random.oneIn(2) ? "catch" : "catch (e)");
        this.block(depth - 1);
        break;
      case 9:
        this.put("delete ");
        this.expression(1);
        this.put("\n;\n");
        break;
      default:
        this.expression(depth + 1);
        this.put(";\n");
        break;
    }
  }

  private headed(head: string, depth: i32): void {
    this.put(head);
    this.expression(depth);
    this.put(") ");
    this.statement(depth - 1);
  }

  private forStatement(depth: i32): void {
    this.put("for (");
    if (this.random.oneIn(2)) this.expression(1);
    this.put(";");
    if (this.random.oneIn(2)) this.expression(1);
    this.put(";");
    if (this.random.oneIn(2)) this.expression(1);
    this.put(") ");
    this.statement(depth - 1);
  }

  private foreachStatement(depth: i32): void {
    this.put("foreach (");
    const sort = this.random.below(5);
    if (this.random.oneIn(2)) {
      this.name();
      if (sort == 0) this.put("-");
      this.put(" = ");
      this.put(sort == 1 ? "[k, l+, m]" : "[k]");
    } else {
      this.put(this.random.oneIn(2) ? "k" : "[k, l]");
    }
    this.put(" in ");
    this.put(this.random.oneIn(4) ? "@hist_linear(s, -5, 5, 1)" : "arr");
    if (this.random.oneIn(3)) this.keys(1);
    if (sort == 2) this.put("-");
    if (sort == 3) this.put(` ${this.random.pick(EXTRACTORS)} +`);
    if (this.random.oneIn(3)) {
      this.put(" limit ");
      this.expression(1);
    }
    this.put(") ");
    this.statement(depth - 1);
  }

  private keys(depth: i32): void {
    this.put("[");
    const n = 1 + this.random.below(3);
    for (let i = 0; i < n; ++i) {
      if (i > 0) this.put(", ");
      if (this.random.oneIn(4)) this.put("*");
      else this.expression(depth - 1);
    }
    this.put("]");
  }

  // Operands are put in parentheses at random, so every pair of operators meets, with and without.
  private operand(depth: i32): void {
    if (depth <= 0 || this.random.oneIn(3)) {
      this.value(depth - 1);
      return;
    }
    this.put("(");
    this.expression(depth - 1);
    this.put(")");
  }

  private expression(depth: i32): void {
    if (depth <= 0) {
      this.value(0);
      return;
    }
    switch (this.random.below(12)) {
      case 0:
        this.operand(depth);
        this.put(` ${this.random.pick(ASSIGNMENT)} `);
        this.expression(depth - 1);
        break;
      case 1:
        this.operand(depth);
        this.put(" ? ");
        this.expression(depth - 1);
        this.put(" : ");
        this.operand(depth);
        break;
      case 2:
        if (this.random.oneIn(2)) this.operand(depth);
        else this.keys(depth);
        this.put(this.random.oneIn(5) ? " in @hist_log(s)" : " in arr");
        break;
      case 3:
        this.operand(depth);
        this.put(this.random.oneIn(2) ? ' =~ "r"' : ' !~ "r""s"');
        break;
      case 4:
      case 5:
        this.put(this.random.pick("- + ! ~"));
        this.put(" ");
        this.operand(depth);
        break;
      case 6:
        this.value(depth);
        this.put(this.random.pick("++ --"));
        break;
      default:
        this.binary(depth);
        break;
    }
  }

  private binary(depth: i32): void {
    this.operand(depth);
    const n = 1 + this.random.below(3);
    for (let i = 0; i < n; ++i) {
      this.put(` ${this.random.pick(BINARY)} `);
      this.operand(depth - i);
    }
  }

  private value(depth: i32): void {
    switch (this.random.below(depth > 0 ? 16 : 6)) {
      case 0:
      case 1:
        this.put(this.random.pick(NUMBERS));
        break;
      case 2:
        this.put(this.random.pick(STRINGS));
        break;
      case 3:
        this.put(
          this.random.pick('$x $$vars$ $x->y->z$$ &$a[1]->b $ $$ $x$y$ @var("v")$ @perf("c") (%{e%}) f() (5)->x'),
        );
        break;
      case 4:
      case 5:
      case 6:
        this.name();
        break;
      case 7:
        this.name();
        this.keys(depth);
        if (this.random.oneIn(3)) this.put(this.random.pick("->m [3] $ [1]->n$$"));
        break;
      case 8:
        this.name();
        this.arguments(depth);
        break;
      case 9:
        this.put("$p->q[");
        this.expression(depth - 1);
        this.put("]");
        break;
      case 10:
        this.put(this.random.oneIn(2) ? "@cast(" : "&@cast(");
        this.expression(depth - 1);
        this.put(', "t", "m")->f');
        break;
      case 11:
        this.put(this.random.pick("@entry( @defined( @probewrite( @kderef(8, @count( @hist_log("));
        this.expression(depth - 1);
        this.put(")[0]");
        break;
      case 12:
        this.put("@choose_defined");
        this.put("(");
        this.expression(depth - 1);
        this.put(", 0)");
        break;
      default:
        this.put("(");
        this.expression(depth - 1);
        this.put(this.random.pick(") )->g ) )[2]$"));
        break;
    }
  }

  private arguments(depth: i32): void {
    this.put("(");
    const n = this.random.below(3);
    for (let i = 0; i < n; ++i) {
      if (i > 0) this.put(", ");
      this.expression(depth - 1);
    }
    this.put(")");
  }
}
