// Random scripts: mostly well typed ones over the whole grammar, so that every pass sees much of them; sometimes with a
// few wrong types, sometimes mutated. The same seed makes the same scripts.

/** What kind of scripts to make. */
export interface Taste {
  /** Only what the back end can do: such scripts compile, apart from mistakes made on purpose. */
  supportedOnly: boolean;
  /** One expression in so many has the wrong type; 0 none. */
  wrongTypes: number;
  /** One script in so many is mutated; 0 none. */
  mutated: number;
}

const LONG_OPERATORS = "+ - * / % & | ^ << >> >>> < > <= >= == != && ||".split(" ");
const ASSIGNMENTS = "= += -= *= /= %= &= |= ^= <<= >>=".split(" ");
const DEBRIS = [
  "",
  "(",
  ")",
  "{",
  "}",
  '"',
  ";",
  "%(",
  "%{",
  "%)",
  "@",
  "$",
  ",",
  "]",
  "[",
  "/*",
  "\\",
  "\0",
  "\xff",
  "@1",
];
const LONG_LEAVES = ["a", "b", "g", "h", "0", "1", "-1", "9223372036854775807", "0x7f", "pid()", "cpu()", "tid()"];
const STRING_LEAVES = ["s", "t", "gs", '"abc"', '""', "execname()", '"long enough not to fit in a register"'];
const POINTS = [
  "begin",
  "end(1)",
  "error",
  "never",
  "oneshot",
  "timer.s(1)",
  "timer.ms(5).randomize(2)",
  "timer.profile",
  'kernel.function("vfs_read")',
  'kernel.function("vfs_*").return',
  'kernel.function("sys_read").call',
  'kernel.trace("sched_switch")?',
  "clock",
  "both",
];

/** Makes scripts. */
export class ScriptMaker {
  private state: number;

  constructor(
    seed: number,
    private taste: Taste,
  ) {
    this.state = seed >>> 0;
  }

  /** The next script, a byte string. */
  next(): string {
    const lines = this.taste.supportedOnly ? supportedHeader() : this.wholeHeader();
    lines.push(
      `probe clock = ${this.pick(["timer.s(3)", 'kernel.function("vfs_write")', "begin, end"])} ${this.body(1)}`,
    );
    lines.push(`probe both += clock, timer.ms(7) ${this.body(1)}`);
    for (let n = 1 + this.below(4); n > 0; n--) {
      const condition = this.below(4) === 0 ? ` if (g ${this.pick(LONG_OPERATORS)} 3)` : "";
      lines.push(`probe ${this.pick(POINTS)}${condition} ${this.body(2)}`);
    }
    const text = `${lines.join("\n")}\n`;
    return this.taste.mutated > 0 && this.below(this.taste.mutated) === 0 ? this.mutate(text) : text;
  }

  private below(n: number): number {
    // A linear congruential generator; its upper bits are the random ones.
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * n);
  }

  private pick<T>(list: T[]): T {
    return list[this.below(list.length)] as T;
  }

  private mutate(text: string): string {
    let result = text;
    for (let n = 1 + this.below(3); n > 0; n--) {
      const at = this.below(result.length);
      result = result.slice(0, at) + this.pick(DEBRIS) + result.slice(at + this.below(6));
    }
    if (this.below(10) > 0) return result;
    const deep = this.pick(["(", "{", "- ", "!", "if (1) ", "f(", "a[", "1 + ", "x ? y : ", "%( 1 == 1 %? "]);
    const at = this.below(result.length);
    return result.slice(0, at) + deep.repeat(this.below(3000)) + result.slice(at);
  }

  private wholeHeader(): string[] {
    return [
      "global g, h = 3, gs, arr, pairs, st, sta, sized[10], wrapped%[5]",
      `function f(x) { ${this.statement(1)} return ${this.long(2)} }`,
      `function k(x:string, y) { return ${this.long(1)} }`,
      `function w(p) { return ${this.string(1)} }`,
      `function v() { ${this.statement(2)} }`,
      "function r(n) { return n ? r(n - 1) : 0 }",
      "private function hidden(n) { return sprint(n) }",
    ];
  }

  private body(depth: number): string {
    return `{ a = 1; b = 2; s = "i"; t = "j"; ${this.statement(depth)} ${this.statement(depth)} }`;
  }

  private isWrong(): boolean {
    return this.taste.wrongTypes > 0 && this.below(this.taste.wrongTypes) === 0;
  }

  private long(depth: number): string {
    if (this.isWrong()) return this.string(depth);
    if (depth <= 0) return this.pick(LONG_LEAVES);
    const long = () => this.long(depth - 1);
    const string = () => this.string(depth - 1);
    const makers = [
      () => `(${long()} ${this.pick(LONG_OPERATORS)} ${long()})`,
      () => `${this.pick(["-", "!", "~"])}(${long()})`,
      () => `(${long()} ? ${long()} : ${long()})`,
      () => `(${string()} ${this.pick(["==", "!=", "<", ">="])} ${string()})`,
      () => `(${this.pick(["a", "g"])} ${this.pick(ASSIGNMENTS)} ${long()})`,
      () => `(${string()} ${this.pick(["=~", "!~"])} "${this.regex()}")`,
      () => this.pick(["a++", "--b", "g++", "++h"]),
      () => `f(${long()})`,
      () => `k(${string()}, ${long()})`,
    ];
    return this.pick(this.taste.supportedOnly ? makers : [...makers, ...this.moreLongs(long, string)])();
  }

  private moreLongs(long: () => string, string: () => string): (() => string)[] {
    return [
      () => `arr[${long()}]`,
      () => `pairs[${string()}, ${long()}]++`,
      () => `(${long()} in arr)`,
      () => `([${string()}, *] in pairs)`,
      () => `@${this.pick(["count", "sum", "min", "max", "avg"])}(${this.pick(["st", `sta[${long()}]`])})`,
      () => `@hist_log(st)[${long()}]`,
      () => this.pick(["$x->f", '@var("v@f.c")->g', "@defined($x)", '@const("X")', "@entry($x)", '@perf("p")']),
      () => "ngroups()",
      () => `@cast(${long()}, "task_struct")->pid`,
      () => `r(${long()})`,
    ];
  }

  /** Mostly right, as it stands in a literal. */
  private regex(): string {
    let text = this.below(3) === 0 ? "^" : "";
    for (let n = this.below(5); n >= 0; n--) {
      text += this.pick(["a", "i(j)", ".", "[a-k]", "[^[:digit:]]", "(x|y(z))", "\\\\.", "\\\\w", "\\n"]);
      if (this.below(3) === 0) text += this.pick(["*", "+", "?", "{2}", "{0,3}", "|b"]);
    }
    if (this.below(3) === 0) text += "$";
    return !this.taste.supportedOnly && this.below(8) === 0 ? text + this.pick(["(", "[", "{", "\\\\1", "**"]) : text;
  }

  private string(depth: number): string {
    if (this.isWrong()) return this.long(depth);
    if (depth <= 0) return this.pick(STRING_LEAVES);
    const long = () => this.long(depth - 1);
    const string = () => this.string(depth - 1);
    const makers = [
      () => `(${long()} ? ${string()} : ${string()})`,
      () => `(${this.pick(["s", "gs"])} = ${string()})`,
      () => `w(${string()})`,
      () => `(${string()} . ${string()})`,
      () => `(s .= ${string()})`,
      string,
    ];
    const more = [
      () => `matched(${long()})`,
      () => `sprintf("%d %s", ${long()}, ${string()})`,
      () => `hidden(${long()})`,
      () => "$x$$",
    ];
    return this.pick(this.taste.supportedOnly ? makers : [...makers, ...more])();
  }

  private statement(depth: number): string {
    if (depth <= 0) return `${this.long(1)};`;
    const inner = () => this.statement(depth - 1);
    const makers = [
      () => `${this.long(2)};`,
      () => `${this.string(2)};`,
      () => `if (${this.long(2)}) { ${inner()} } else ${inner()}`,
      () => `{ ${inner()} ${inner()} }`,
      () => `printf("%d %s %5x%%\\n", ${this.long(1)}, ${this.string(1)}, ${this.long(2)});`,
      () => `printf("%-*.*s|%c", ${this.long(0)}, ${this.long(0)}, ${this.string(1)}, ${this.long(1)});`,
      () => `println(${this.long(2)});`,
      () => `printdln(", ", ${this.long(1)}, ${this.string(2)});`,
      () => "next;",
      () => `if (${this.long(1)}) exit();`,
      () => `${this.pick(["log", "warn", "error"])}(${this.string(1)});`,
      () => "v();",
      () => `a = ${this.long(2)}; s = ${this.string(2)};`,
      () => `while (${this.long(1)}) ${inner()}`,
      () => `for (a = 0; a < ${this.long(1)}; ++a) { ${inner()} ${this.pick(["break;", "continue;", ""])} }`,
      () => `try { ${inner()} } catch (t) { ${inner()} }`,
    ];
    return this.pick(this.taste.supportedOnly ? makers : [...makers, ...this.moreStatements(inner)])();
  }

  private moreStatements(inner: () => string): (() => string)[] {
    const long = () => this.long(1);
    return [
      () => `foreach (b in arr) ${inner()}`,
      () => `foreach ([t, b+] in pairs limit ${long()}) ${inner()}`,
      () => `foreach (a = [t, b] in pairs[*, ${long()}]) ${inner()}`,
      () => `foreach (a = b in sta @sum- limit 3) ${inner()}`,
      () => `delete arr[${long()}];`,
      () => "delete pairs;",
      () => `st <<< ${long()};`,
      () => `sta[${long()}] <<< ${long()};`,
      () => "print(@hist_linear(st, 0, 10, 1));",
      () => `wrapped[${long()}] = sized[${long()}] = 1;`,
    ];
  }
}

function supportedHeader(): string[] {
  return [
    'global g, h = 3, gs = "q"',
    "function f(x) { if (x > 3) return 10 / x; return x * 2 }",
    'function k(x:string, y) { if (x == "abc") { y++; println(x) } return y }',
    'function w(p) { return p == "" ? "empty" : p }',
    "function v() { if (g > 100) exit(); h += 1 }",
  ];
}
