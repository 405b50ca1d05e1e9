// Every integer operator on corner values, in the agent's interpreter, in the kernel and folded by the compiler: all
// three must print what 64-bit two's complement arithmetic says, computed here with BigInt.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const PAIRS: [bigint, bigint][] = [
  [7n, 2n],
  [-7n, 2n],
  [7n, -2n],
  [-7n, -2n],
  [0n, 5n],
  [5n, 0n],
  [1n, 63n],
  [-1n, 63n],
  [-1n, 1n],
  [MIN, -1n],
  [MIN, 1n],
  [MIN, MIN],
  [MAX, MIN],
  [MIN, MAX],
  [MAX, MAX],
  [MAX, -1n],
  [0x123456789abcdefn, 0xfedcba987n],
  [-0x123456789abcdefn, 0x10001n],
  [4294967296n, 32n],
  [-4294967297n, 4294967296n],
];

const wrap = (value: bigint) => BigInt.asIntN(64, value);
const truth = (value: boolean) => (value ? 1n : 0n);
const count = (value: bigint) => value & 63n;

/** Script spelling of each operator, and its meaning. */
const BINARY: [string, (a: bigint, b: bigint) => bigint][] = [
  ["+", (a, b) => a + b],
  ["-", (a, b) => a - b],
  ["*", (a, b) => a * b],
  ["&", (a, b) => a & b],
  ["|", (a, b) => a | b],
  ["^", (a, b) => a ^ b],
  ["<<", (a, b) => a << count(b)],
  [">>", (a, b) => a >> count(b)],
  [">>>", (a, b) => BigInt.asUintN(64, a) >> count(b)],
  ["<", (a, b) => truth(a < b)],
  ["<=", (a, b) => truth(a <= b)],
  [">", (a, b) => truth(a > b)],
  [">=", (a, b) => truth(a >= b)],
  ["==", (a, b) => truth(a === b)],
  ["!=", (a, b) => truth(a !== b)],
  ["&&", (a, b) => truth(a !== 0n && b !== 0n)],
  ["||", (a, b) => truth(a !== 0n || b !== 0n)],
];
/** A literal shifted by a literal that is no count stays what it is, as in stap. */
const folded = (a: bigint, b: bigint, shifted: (by: bigint) => bigint) => (b < 0n || b > 63n ? a : shifted(b));
const FOLDED: typeof BINARY = [
  ["<<", (a, b) => folded(a, b, (by) => a << by)],
  [">>", (a, b) => folded(a, b, (by) => a >> by)],
  [">>>", (a, b) => folded(a, b, (by) => BigInt.asUintN(64, a) >> by)],
];
/** Not with a zero on the right; BigInt truncates as the language does. */
const DIVISIONS: typeof BINARY = [
  ["/", (a, b) => a / b],
  ["%", (a, b) => a % b],
];
const UNARY: [string, (a: bigint) => bigint][] = [
  ["-", (a) => -a],
  ["~", (a) => ~a],
  ["!", (a) => truth(a === 0n)],
  ["+", (a) => a],
];

/** What all operators give; `others` mean something else than usual. */
function expectedLines(others: typeof BINARY = []): string[] {
  const meanings = new Map([...BINARY, ...others]);
  return PAIRS.map(([a, b]) => {
    const values = [...meanings, ...(b === 0n ? [] : DIVISIONS)].map(([, mean]) => mean(a, b));
    values.push(...UNARY.map(([, mean]) => mean(a)));
    return values.map((value) => wrap(value).toString()).join(" ");
  });
}

/** A printf of all operators on two operands as the script spells them. */
function printAll(a: string, b: string, divides: boolean): string {
  const values = [...BINARY, ...(divides ? DIVISIONS : [])].map(([spelling]) => `${a} ${spelling} ${b}`);
  values.push(...UNARY.map(([spelling]) => `${spelling} ${a}`));
  return `printf("${values.map(() => "%d").join(" ")}\\n", ${values.join(", ")})`;
}

/** A number that the lexer takes: the smallest has no literal of its own. */
function literal(value: bigint): string {
  if (value === MIN) return "(-0x7fffffffffffffff - 1)";
  return value < 0n ? `(${value})` : value.toString();
}

/** Operands in globals, which the compiler cannot know. */
const FUNCTIONS = `
global a, b
function all() { ${printAll("a", "b", true)} }
function undivided() { ${printAll("a", "b", false)} }
`;
const BODY = PAIRS.map(([a, b]) => `  a = ${literal(a)}; b = ${literal(b)}; ${b === 0n ? "undivided" : "all"}()`);

const test = suite("operators");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

const lines = (text: string) => text.trimEnd().split("\n");

test("operators in the agent are those of 64-bit integers", async () => {
  const script = `${FUNCTIONS}\nprobe begin {\n${BODY.join("\n")}\n exit() }`;
  const { out, err, status } = await remote.run(["-e", script]);
  assert.equal([err, status], ["", 0]);
  assert.equal(lines(out), expectedLines());
});

test("operators in the kernel are those of 64-bit integers", async () => {
  const head = 'global done\nprobe kernel.function("vfs_read") if (!done) {\n done = 1';
  const script = `${FUNCTIONS}\n${head}\n${BODY.join("\n")}\n exit() }`;
  const attached = async () => void (await remote.shell("dd if=/proc/version of=/dev/null"));
  const { out, err, status } = await remote.run(["-e", script], { attached });
  assert.equal([err, status], ["", 0]);
  assert.equal(lines(out), expectedLines());
});

test("operators that the compiler folds are those of 64-bit integers", async () => {
  const prints = PAIRS.map(([a, b]) => printAll(literal(a), literal(b), b !== 0n));
  const { out, err, status } = await remote.run(["-e", `probe begin {\n${prints.join("\n")}\n exit() }`]);
  assert.equal([err, status], ["", 0]);
  assert.equal(lines(out), expectedLines(FOLDED));
});

test("division by zero ends the handler, in the kernel and in the agent", async () => {
  for (const probe of ["begin", 'kernel.function("vfs_read") if (!done)']) {
    for (const operator of ["/", "%", "/=", "%="]) {
      const divide = operator.length === 2 ? `x ${operator} zero` : `x = x ${operator} zero`;
      const body = `done = 1; zero = 0; x = 5; ${divide}; println(x)`;
      const script = `global zero, done\nprobe ${probe} { ${body} }\nprobe end { println(done) }`;
      const attached = async () => void (await remote.shell("dd if=/proc/version of=/dev/null"));
      const { out, err, status } = await remote.run(["-e", script], { attached });
      assert.is(status, 1, `${probe} ${operator}`);
      assert.match(err, /^ERROR: division by 0 near operator '[/%]=?' at <input>:2:\d+$/m);
      assert.is(out, "", "an ending by an error runs no end probes");
    }
  }
});

test.run();
