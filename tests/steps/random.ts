// Random programs of functions that call each other and themselves, with the expected answers: each piece of a program
// is its text, and a function here that does the same. Every step is mixed into `h`, which shows the order of
// execution.

/** A number of 64 bits. */
const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

class Failure extends Error {}

class Return extends Error {
  constructor(public value: bigint | string) {
    super();
  }
}

interface State {
  h: bigint;
  g: bigint;
  table: Map<bigint, bigint>;
}

interface Local {
  n: bigint;
  a: bigint;
  x: bigint;
  t: string;
}

type Piece<T> = { text: string; run: (s: State, l: Local) => T };
type Long = Piece<bigint>;
type Text = Piece<string>;
type Body = Piece<void>;

/** A program: its functions' text, the call that starts it, and what that must print. */
export interface Program {
  functions: string;
  start: string;
  expected: string;
}

/** Functions of numbers and of strings that a program has. */
const LONGS = 4;
const TEXTS = 2;

class Generator {
  private longs: Body[] = [];
  private texts: Body[] = [];
  private calls = 0;

  constructor(private seed: number) {}

  private next(below: number): number {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.seed / 2 ** 32) * below);
  }

  private mix(s: State, value: bigint): bigint {
    s.h = wrap(s.h * 31n + value);
    return value;
  }

  // -------------------------------------------------------------------------------------------------------- numbers

  private leaf(): Long {
    const number = BigInt(this.next(9) - 2);
    switch (this.next(5)) {
      case 0:
        return { text: "n", run: (_, l) => l.n };
      case 1:
        return { text: "a", run: (_, l) => l.a };
      case 2:
        return { text: "x", run: (_, l) => l.x };
      case 3:
        return { text: "g", run: (s) => s.g };
      default:
        return { text: `(${number})`, run: () => number };
    }
  }

  private binary(depth: number): Long {
    const left = this.long(depth - 1);
    const right = this.long(depth - 1);
    const [op, run] = [
      ["+", (p: bigint, q: bigint) => p + q],
      ["-", (p: bigint, q: bigint) => p - q],
      ["*", (p: bigint, q: bigint) => p * q],
      ["^", (p: bigint, q: bigint) => p ^ q],
      ["<", (p: bigint, q: bigint) => (p < q ? 1n : 0n)],
    ][this.next(5)] as [string, (p: bigint, q: bigint) => bigint];
    return {
      text: `(${left.text} ${op} ${right.text})`,
      run: (s, l) => {
        const p = left.run(s, l);
        return wrap(run(p, right.run(s, l)));
      },
    };
  }

  private logical(depth: number): Long {
    const left = this.long(depth - 1);
    const right = this.long(depth - 1);
    const and = this.next(2) === 0;
    return {
      text: `(${left.text} ${and ? "&&" : "||"} ${right.text})`,
      run: (s, l) => {
        const first = left.run(s, l) !== 0n;
        return (and ? first && right.run(s, l) !== 0n : first || right.run(s, l) !== 0n) ? 1n : 0n;
      },
    };
  }

  private choice<T>(make: () => Piece<T>): Piece<T> {
    const condition = this.long(1);
    const yes = make();
    const no = make();
    return {
      text: `(${condition.text} ? ${yes.text} : ${no.text})`,
      run: (s, l) => (condition.run(s, l) !== 0n ? yes.run(s, l) : no.run(s, l)),
    };
  }

  private call(depth: number): Long {
    if (--this.calls < 0) return this.leaf();
    const which = this.next(LONGS);
    const argument = this.long(depth - 1);
    return {
      text: `f${which}(n - 1, ${argument.text})`,
      run: (s, l) => this.runLong(which, s, l.n - 1n, argument.run(s, l)),
    };
  }

  private effect(depth: number): Long {
    const value = this.long(depth - 1);
    switch (this.next(4)) {
      case 0:
        return { text: `note(${value.text})`, run: (s, l) => this.mix(s, value.run(s, l)) };
      case 1:
        return {
          text: `(g = ${value.text})`,
          run: (s, l) => {
            const result = value.run(s, l);
            s.g = result;
            return result;
          },
        };
      case 2:
        return {
          text: `(table[${value.text} & 3] = a)`,
          run: (s, l) => {
            s.table.set(value.run(s, l) & 3n, l.a);
            return l.a;
          },
        };
      default:
        return { text: `table[${value.text} & 3]`, run: (s, l) => s.table.get(value.run(s, l) & 3n) ?? 0n };
    }
  }

  private compared(depth: number): Long {
    const left = this.textOf(depth - 1);
    const right = this.textOf(depth - 1);
    return {
      text: `(${left.text} == ${right.text})`,
      run: (s, l) => {
        const first = left.run(s, l);
        return first === right.run(s, l) ? 1n : 0n;
      },
    };
  }

  private long(depth: number): Long {
    if (depth <= 0) return this.leaf();
    switch (this.next(8)) {
      case 0:
        return this.leaf();
      case 1:
      case 2:
        return this.binary(depth);
      case 3:
        return this.logical(depth);
      case 4:
        return this.choice(() => this.long(depth - 1));
      case 5:
        return this.compared(depth);
      case 6:
        return this.effect(depth);
      default:
        return this.call(depth);
    }
  }

  // -------------------------------------------------------------------------------------------------------- strings

  private textOf(depth: number): Text {
    const letter = "abc"[this.next(3)] as string;
    switch (depth <= 0 ? this.next(2) : this.next(5)) {
      case 0:
        return { text: `"${letter}"`, run: () => letter };
      case 1:
        return { text: "t", run: (_, l) => l.t };
      case 2: {
        const left = this.textOf(depth - 1);
        const right = this.textOf(depth - 1);
        return {
          text: `(${left.text} . ${right.text})`,
          run: (s, l) => {
            const first = left.run(s, l);
            return first + right.run(s, l);
          },
        };
      }
      case 3:
        return this.choice(() => this.textOf(depth - 1));
      default: {
        if (--this.calls < 0) return { text: "t", run: (_, l) => l.t };
        const which = this.next(TEXTS);
        const argument = this.textOf(depth - 1);
        return {
          text: `s${which}(n - 1, ${argument.text})`,
          run: (s, l) => this.runText(which, s, l.n - 1n, argument.run(s, l)),
        };
      }
    }
  }

  // ----------------------------------------------------------------------------------------------------- statements

  private statement(depth: number): Body {
    const value = this.long(2);
    switch (this.next(depth <= 0 ? 3 : 6)) {
      case 0:
        return { text: `x = ${value.text}`, run: (s, l) => void (l.x = value.run(s, l)) };
      case 1:
        return { text: `note(${value.text})`, run: (s, l) => void this.mix(s, value.run(s, l)) };
      case 2: {
        const text = this.textOf(2);
        return { text: `t = ${text.text}`, run: (s, l) => void (l.t = text.run(s, l)) };
      }
      case 3:
        return this.loop(depth);
      case 4: {
        const inner = this.statement(depth - 1);
        return {
          text: `if (${value.text}) { ${inner.text} }`,
          run: (s, l) => {
            if (value.run(s, l) !== 0n) inner.run(s, l);
          },
        };
      }
      default:
        return this.guarded(depth);
    }
  }

  private loops = 0;

  private loop(depth: number): Body {
    const name = `i${this.loops++}`;
    const times = 1 + this.next(2);
    const inner = this.statement(depth - 1);
    return {
      text: `for (${name} = 0; ${name} < ${times}; ${name}++) { ${inner.text} }`,
      run: (s, l) => {
        for (let i = 0; i < times; ++i) inner.run(s, l);
      },
    };
  }

  private guarded(depth: number): Body {
    const inner = this.statement(depth - 1);
    const divisor = this.long(2);
    return {
      text: `try { ${inner.text}; x = 100 / (${divisor.text} & 1) } catch { note(7) }`,
      run: (s, l) => {
        try {
          inner.run(s, l);
          if ((divisor.run(s, l) & 1n) === 0n) throw new Failure();
          l.x = 100n;
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          this.mix(s, 7n);
        }
      },
    };
  }

  private body(): Body {
    const statements = Array.from({ length: 1 + this.next(3) }, () => this.statement(2));
    return {
      text: statements.map(({ text }) => text).join("; "),
      run: (s, l) => {
        for (const one of statements) one.run(s, l);
      },
    };
  }

  private makeLong(which: number): string {
    this.calls = 3;
    const body = this.body();
    const result = this.long(3);
    const thrown = this.next(5) === 0;
    const end = thrown ? `if (a == 3) error("three"); return ${result.text}` : `return ${result.text}`;
    this.longs.push({
      text: "",
      run: (s, l) => {
        this.mix(s, BigInt(which) + l.a);
        if (l.n <= 0n) throw new Return(l.a);
        body.run(s, l);
        if (thrown && l.a === 3n) throw new Failure();
        throw new Return(result.run(s, l));
      },
    });
    // What reads them keeps assignments to them, with their errors.
    const begin = `note(${which} + a); t = "t"; t .= ""; x = 0; x += 0; if (n <= 0) return a`;
    return `function f${which}:long(n:long, a:long)\n{\n  ${begin}\n  ${body.text}\n  ${end}\n}\n`;
  }

  private makeText(which: number): string {
    this.calls = 3;
    const body = this.body();
    const result = this.textOf(3);
    this.texts.push({
      text: "",
      run: (s, l) => {
        this.mix(s, BigInt(10 + which));
        if (l.n <= 0n) throw new Return(l.t);
        body.run(s, l);
        throw new Return(result.run(s, l));
      },
    });
    const begin = `note(${10 + which}); t .= ""; a = 1; a += 0; x = 0; x += 0; if (n <= 0) return t`;
    const end = `return ${result.text}`;
    return `function s${which}:string(n:long, t:string)\n{\n  ${begin}\n  ${body.text}\n  ${end}\n}\n`;
  }

  private runLong(which: number, s: State, n: bigint, a: bigint): bigint {
    return this.running(this.longs[which] as Body, s, { n, a, x: 0n, t: "t" }) as bigint;
  }

  private runText(which: number, s: State, n: bigint, t: string): string {
    return this.running(this.texts[which] as Body, s, { n, a: 1n, x: 0n, t }) as string;
  }

  private steps = 0;

  private running(body: Body, s: State, l: Local): bigint | string {
    if (++this.steps > 400) throw new RangeError("too long");
    try {
      body.run(s, l);
    } catch (error) {
      if (error instanceof Return) return error.value;
      throw error;
    }
    throw new Error("a body returns");
  }

  /** A program, or nothing if it runs too long. */
  program(): Program | undefined {
    const names = Array.from({ length: LONGS }, (_, k) => this.makeLong(k));
    names.push(...Array.from({ length: TEXTS }, (_, k) => this.makeText(k)));
    const s: State = { h: 0n, g: 5n, table: new Map() };
    let result: string;
    try {
      result = `${this.runLong(0, s, 4n, 2n)}`;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      if (!(error instanceof Failure)) throw error;
      result = "failed";
    }
    return {
      functions: names.join(""),
      start: "f0(4, 2)",
      expected: `${result} ${s.h} ${s.g}`,
    };
  }
}

/** What all programs share. */
const PRELUDE = `global h, g, table
function note(v) { h = h * 31 + v; return v }
`;

/** The program of a seed: a script whose probe is `probe`, and the line it must print; nothing if it runs too long. */
export function randomScript(
  seed: number,
  probe: string,
  end: string,
): { script: string; expected: string } | undefined {
  const made = new Generator(seed).program();
  if (made === undefined) return undefined;
  const print = `try { printf("%d", ${made.start}) } catch { printf("failed") }`;
  const run = `g = 5; table[9] = 0; ${print} printf(" %d %d\\n", h, g + 0 * table[9])`;
  return { script: `${PRELUDE}${made.functions}${probe} { ${run}; ${end} }\n`, expected: made.expected };
}
