// Random regular expressions, scripts that try them, and JavaScript's answers: JavaScript is asked about every place
// where the leftmost longest match could be.

/** Expressions of one script, and strings that each is tried on. */
const EXPRESSIONS = 40;
const STRINGS = 6;

/** Makes expressions and strings; the same seed makes the same ones. */
class Maker {
  constructor(private state: number) {}

  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  expression(depth: number): string {
    const parts = [this.sequence(depth)];
    while (this.below(4) === 0) parts.push(this.sequence(depth));
    return parts.join("|");
  }

  private sequence(depth: number): string {
    let text = "";
    for (let n = this.below(4); n >= 0; n--) {
      const isGroup = depth > 0 && this.below(4) === 0;
      text += isGroup ? `(${this.expression(depth - 1)})` : this.pick(ATOMS);
      if (this.below(3) === 0) text += this.pick(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"]);
    }
    return text;
  }

  string(bytes: number): string {
    let text = "";
    for (let n = this.below(bytes); n > 0; n--) text += this.pick([..."aabbc.-1_ \n"]);
    return text;
  }
}

const ATOMS = [..."aaabbc1_-", ".", "\\.", "[ab]", "[^a]", "[b-c1]", "[^\\n]", "\\w", "\\W", "\\s", "\\S", "[-.]"];

/** An expression, and a string to try it on. */
export interface Sample {
  expression: string;
  startsAtStart: boolean;
  endsAtEnd: boolean;
  text: string;
}

/** What matched(0) must be, or undefined. */
function expected({ expression, startsAtStart, endsAtEnd, text }: Sample): string | undefined {
  const whole = new RegExp(`^(?:${expression})$`, "s");
  for (let start = 0; start <= (startsAtStart ? 0 : text.length); start++) {
    for (let end = text.length; end >= (endsAtEnd ? text.length : start); end--) {
      if (whole.test(text.slice(start, end))) return text.slice(start, end);
    }
  }
  return undefined;
}

/** A literal of the language. A backslash before a letter stays for the expression. */
function literal(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}"`;
}

/** The literal of an expression: `\n` in a set is the byte itself, since only the literal knows that escape. */
function expressionLiteral({ expression, startsAtStart, endsAtEnd }: Sample): string {
  const group = startsAtStart || endsAtEnd ? `(${expression})` : expression;
  return literal(`${startsAtStart ? "^" : ""}${group}${endsAtEnd ? "$" : ""}`.replaceAll("\\n", "\n"));
}

/** The samples of a seed. */
export function samples(seed: number, depth: number): Sample[] {
  const maker = new Maker(seed);
  const list: Sample[] = [];
  for (let i = 0; i < EXPRESSIONS; i++) {
    // Short strings are matched in registers, long ones in the frame; those are too much for JavaScript where loops
    // nest.
    const isFlat = maker.below(3) === 0;
    const shape = {
      expression: maker.expression(isFlat ? 0 : depth),
      startsAtStart: maker.below(5) === 0,
      endsAtEnd: maker.below(5) === 0,
    };
    for (let k = 0; k < STRINGS; k++) list.push({ ...shape, text: maker.string(isFlat ? 40 : 14) });
  }
  return list;
}

/** What is asked of a match: whether there is one, or all of it. */
export type Question = "truth" | "whole";

const FUNCTIONS: Record<Question, string> = {
  truth: "function truth(is) { println(is) }",
  whole: 'function whole(is) { if (is) printf("[%s]%d\\n", matched(0), ngroups() > 0); else println("no") }',
};

/** One sample as an expression of the language. */
export function matchText(one: Sample): string {
  return `${literal(one.text)} =~ ${expressionLiteral(one)}`;
}

/** A script whose probe prints a line for each sample. */
export function scriptOf(list: Sample[], question: Question, probe: string, end = ""): string {
  const lines = list.map((one) => `${question}(${matchText(one)})`);
  return `${FUNCTIONS[question]}\nprobe ${probe} {\n${lines.join("\n")}\n${end}}\n`;
}

/** The line that a sample must print. */
export function expectedLine(one: Sample, question: Question): string {
  const match = expected(one);
  if (question === "truth") return match === undefined ? "0" : "1";
  return match === undefined ? "no" : `[${match}]1`;
}
