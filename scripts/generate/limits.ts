// Writes the tables of docs/limits.md: what -D sets, from the rows of compiler/limits.ts, and all other limits, from
// the constants in the code. The reasons are here. It is an error if a row of compiler/limits.ts has no reason, or if a
// constant is not found.
//
//   npx tsx scripts/generate/limits.ts [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { trackedSources } from "../check/sources.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PAGE = join(ROOT, "docs/limits.md");

/** What -D sets: the unit, and why the default is what it is. */
const SETTABLE: Record<string, [unit: string, reason: string]> = {
  MAXERRORS: ["errors", "as in stap: the first run-time error ends the run"],
  MAXSKIPPED: [
    "handlers",
    "handlers skipped by locks. With `-D` as in stap; otherwise a run ends when locks skip more than 5 % of the " +
      "handlers of a second, and more than 100 (decision 0018)",
  ],
  MAXACTION: [
    "statements",
    "as in stap: a handler in the kernel stops after some microseconds, even if its loop does not end. The " +
      "verifier's own bound is larger: eight million rounds of a loop",
  ],
  MAXACTION_INTERRUPTIBLE: [
    "statements",
    "as in stap, ten times MAXACTION: `begin`, `end` and timers run in the agent, where they delay nobody",
  ],
  MAXTRYLOCK: ["tries", "as in stap: with TRYLOCKDELAY, a handler waits a millisecond for a lock before it is skipped"],
  TRYLOCKDELAY: ["microseconds", "as in stap: the time of a try. A waiter here reads all the time; the product counts"],
  MAXNESTING: [
    "calls",
    "a script without recursion needs no limit; one with recursion gets ten more calls than it has functions on the " +
      "way. Beyond that, the size of a frame is the limit",
  ],
  KRETACTIVE: [
    "calls",
    "of one function, under way at the same time, whose returns a probe sees; `.maxactive(n)` says it for one probe. " +
      "A call that is one too many is counted as missed; fexit (docs/language.md) has room for all. " +
      "stap has 15 or six for each CPU, which sleepers exceed",
  ],
  MAXSTRINGLEN: [
    "bytes with the NUL",
    "holds most paths and command lines, which stap's 128 bytes cut. An ordinary script then needs frames of 9 to " +
      "20 KiB, of which the largest `.bss` on 5.10 holds some 150. 4096 is the longest path of Linux, and two such " +
      "strings fit a record",
  ],
  MAXBACKTRACE: [
    "addresses of a stack",
    "as in stap; with `--folded` 63, as many as a string of the standard length holds packed. The kernel takes no " +
      "more than 127",
  ],
  MAXMAPENTRIES: [
    "elements",
    "as in stap. The memory of an array is reserved when the run starts: with a string key and a string value, 2 MiB",
  ],
  STP_OVERLOAD_THRESHOLD: [
    "ns",
    "as in stap, which counts cycles: handlers that take more than half of a CPU stop the machine's own work",
  ],
  STP_OVERLOAD_INTERVAL: [
    "ns",
    "see there; measured over a second at least. `-D STP_NO_OVERLOAD` or `--suppress-time-limits`: no such limit",
  ],
};

/** What a default of -1 means. */
const UNSET: Record<string, string> = {
  KRETACTIVE: "4096, less with many probes",
  MAXNESTING: "what the script needs",
  MAXSKIPPED: "5 % of all",
};

interface Fixed {
  what: string;
  /** The constant, with its file if several files have one of that name. */
  constant: string;
  unit: string;
  reason: string;
}

const MANY = "more are a mistake, and would take too long to attach";

const BRACES = "braces multiply points: `{a,b}.{a,b}.…`";

/** Limits that no option sets. */
const FIXED: Fixed[] = [
  {
    what: "name of a kernel's type, member or function",
    constant: "compiler/kernel/btf-index.ts MAX_NAME",
    unit: "bytes with the NUL",
    reason: "the kernel's KSYM_NAME_LEN. What is longer or not printable ASCII counts as no name",
  },
  {
    what: "call frames of a program",
    constant: "compiler/bpf/chain.ts MAX_FRAMES",
    unit: "frames",
    reason: "the kernel's MAX_CALL_FRAMES. Handlers that need more run in steps (decision 0012)",
  },
  {
    what: "stack of a program, over a chain of calls",
    constant: "STACK_BYTES",
    unit: "bytes",
    reason: "the kernel's MAX_BPF_STACK",
  },
  {
    what: "instructions that the verifier may walk in one program",
    constant: "MOST_WALKED",
    unit: "instructions",
    reason: "the kernel stops at a million (BPF_COMPLEXITY_LIMIT_INSNS), and our estimate may be too low",
  },
  {
    what: "a frame: strings and output of one handler, and of the functions that it calls",
    constant: "plan.ts MAX_FRAME_BYTES",
    unit: "bytes",
    reason: "`.bss` may have 4 MiB on 5.10, and must hold at least eight frames",
  },
  {
    what: "frames of each CPU",
    constant: "FRAME_LEVELS",
    unit: "frames",
    reason: "a handler can be interrupted by a soft interrupt, an interrupt and an NMI, and each may run a handler",
  },
  {
    what: "frames that a handler tries before it is skipped",
    constant: "CLAIM_TRIES",
    unit: "frames",
    reason: "four of its own CPU, and four of others where CPUs share frames (decision 0014)",
  },
  {
    what: "one activation of a recursive function",
    constant: "MOST_RECORD",
    unit: "bytes",
    reason: "the slack after the frames must hold an activation that begins at a frame's end",
  },
  {
    what: "a record in the ring buffer, so one argument of a print",
    constant: "MAX_RECORD_BYTES",
    unit: "bytes",
    reason: "it must fit a frame's output area, and holds two of the longest strings",
  },
  {
    what: "output of one handler",
    constant: "MAX_UNIT_BYTES",
    unit: "bytes",
    reason: "the reader keeps the records of a handler until the last one has come",
  },
  {
    what: "print statements, errors and warnings of a script",
    constant: "MAX_SITES",
    unit: "sites",
    reason: "a record's field for the site has 16 bits",
  },
  {
    what: "elements of an array",
    constant: "table.ts MOST_ENTRIES",
    unit: "elements",
    reason: "the verifier walks a loop of loops over so many in 9,000 rounds",
  },
  {
    what: "memory of an array",
    constant: "MOST_TABLE_BYTES",
    unit: "bytes",
    reason: "the agent has 4 GiB of address space for all arrays",
  },
  {
    what: "arrays that are too large for `.bss`, and heaps of sorted loops over them",
    constant: "MOST_MAPS",
    unit: "maps",
    reason: "a program may use 64 maps (MAX_USED_MAPS); the rings, `.rodata` and `.bss` are four of them",
  },
  {
    what: "intervals of a linear histogram, with the two outside",
    constant: "MOST_BUCKETS",
    unit: "buckets",
    reason: "a print of it must fit one record",
  },
  {
    what: "width and precision in a format",
    constant: "MAX_FORMAT_WIDTH",
    unit: "characters",
    reason: "no line needs more, and it would exhaust memory",
  },
  {
    what: "groups of a regular expression, with the whole match",
    constant: "MAX_GROUPS",
    unit: "groups",
    reason: "their tags must fit one word",
  },
  { what: "probe points that aliases expand to", constant: "MAX_EXPANSIONS", unit: "points", reason: MANY },
  {
    what: "the output ring (`-s`) by default",
    constant: "DEFAULT_RING_BYTES",
    unit: "bytes",
    reason: "holds 100,000 short lines until they are sent",
  },
  {
    what: "levels of nesting in a script",
    constant: "MAX_NESTING",
    unit: "levels",
    reason: "later passes recurse, and must fit the smallest stack of the engines that run the compiler",
  },
  {
    what: "a script",
    constant: "MAX_SOURCE_BYTES",
    unit: "bytes",
    reason: "bounds the work of later passes; no script written by hand is that long",
  },
  {
    what: "tokens of a script (words, numbers, operators), with those that macros and arguments put in",
    constant: "limit.ts MAX_TOKENS",
    unit: "tokens",
    reason: "10,000 probes have 300,000. The passes need about a kilobyte for a token, and the compiler has 2 GiB",
  },
  {
    what: "a name or a number in a script",
    constant: "MAX_WORD_BYTES",
    unit: "bytes",
    reason: "messages repeat names; the kernel's longest has 511 bytes",
  },
  {
    what: "arguments of a call, parameters of a function, keys of an array",
    constant: "limit.ts MAX_ARGUMENTS",
    unit: "arguments",
    reason: "so many numbers fill a record of a print",
  },
  {
    what: "errors after which the rest of a script is not looked at",
    constant: "MAX_ERRORS",
    unit: "errors",
    reason: "so many have one cause, and each costs time and memory",
  },
  {
    what: "diagnostics that are shown",
    constant: "MAX_DIAGNOSTICS",
    unit: "messages",
    reason: "nobody reads more at once; the rest is counted",
  },
  {
    what: "tokens that the macro calls of a file expand to",
    constant: "MAX_EXPANDED_TOKENS",
    unit: "tokens",
    reason: "a macro that calls another twice doubles its text at each level",
  },
  {
    what: "macro calls, or script arguments, inside one another",
    constant: "MAX_EXPANSION_DEPTH",
    unit: "levels",
    reason: "expansion recurses; more are a mistake",
  },
  {
    what: "script arguments that `$1` and the like insert",
    constant: "MAX_INSERTED_BYTES",
    unit: "bytes",
    reason: "an argument may name others, and be named often",
  },
  { what: "probe points of one probe", constant: "MAX_PROBE_POINTS", unit: "points", reason: BRACES },
  { what: "parts of a probe point", constant: "MAX_PROBE_PARTS", unit: "parts", reason: BRACES },
  {
    what: "a frame between host and agent, so an object",
    constant: "frame.ts MAX_FRAME_BYTES",
    unit: "bytes",
    reason: "20,000 probes make an object of 8 MiB; the agent keeps it in memory",
  },
  {
    what: "names of a session, those that the host asks for and those that the agent answers",
    constant: "MAX_NAMES",
    unit: "names",
    reason: "the agent frees no memory; a kernel has 200,000 symbols",
  },
  {
    what: "the types of a kernel or module that are fetched",
    constant: "frame.ts MAX_BLOB_BYTES",
    unit: "bytes",
    reason: "the largest kernels have some 12 MB of them; what a remote sends must be bounded",
  },
  {
    what: "a name or pattern that the host asks for",
    constant: "frame.ts MAX_NAME_BYTES",
    unit: "bytes",
    reason: "the kernel's names have 511 bytes at most, and a pattern may be longer",
  },
  {
    what: "a command (`-c`)",
    constant: "MAX_COMMAND_BYTES",
    unit: "bytes",
    reason: "the kernel's MAX_ARG_STRLEN",
  },
];

const row = (...cells: string[]) => `| ${cells.join(" | ")} |\n`;

/** A number as people read it: 8 Mi, 512, 1,000,000. */
function readable(value: number): string {
  if (value >= 1 << 20 && value % (1 << 20) === 0) return `${value >> 20} Mi`;
  if (value > 4096 && value % 1024 === 0) return `${value >> 10} Ki`;
  return value.toLocaleString("en");
}

/** The value of a constant's initializer: products and shifts of numbers. */
function valueOf(text: string): number {
  if (!/^[\d\sx<*+()a-f-]+$/.test(text)) throw new Error(`'${text}' is no constant`);
  return Function(`return ${text}`)() as number;
}

/** Constants of the code by name, as `file NAME` each. */
function constants(): Map<string, { file: string; value: string }[]> {
  const found = new Map<string, { file: string; value: string }[]>();
  const files = trackedSources(ROOT).filter((file) => /^(compiler|common)\//.test(file));
  for (const file of files) {
    for (const [, name, value] of readFileSync(join(ROOT, file), "utf8").matchAll(
      /^(?:export )?const ([A-Z_]+): i\d+ = ([^;]+);/gm,
    )) {
      found.set(name, [...(found.get(name) ?? []), { file, value }]);
    }
  }
  return found;
}

/** The one constant that a row means. */
function find(
  known: Map<string, { file: string; value: string }[]>,
  spelling: string,
): { file: string; value: string } {
  const [name, file] = spelling.split(" ").reverse();
  const all = known.get(name) ?? [];
  const matching = file ? all.filter((one) => one.file === file || basename(one.file) === file) : all;
  if (matching.length !== 1) throw new Error(`${spelling}: ${matching.length} constants of that name in the code`);
  return matching[0];
}

/** The table of -D. */
function settable(known: Map<string, { file: string; value: string }[]>): string {
  const text = readFileSync(join(ROOT, "compiler/limits.ts"), "utf8");
  let table = row("`-D` name", "default", "range", "unit", "why") + row("---", "--:", "--:", "---", "---");
  const names = new Set<string>();
  for (const [, name, ...cells] of text.matchAll(/new Limit\("(\w+)", ([-\w]+), (\w+), (\w+)\)/g)) {
    const [standard, least, most] = cells.map((cell) => (/^-?\d/.test(cell) ? cell : find(known, cell).value));
    const reason = SETTABLE[name];
    if (!reason) throw new Error(`compiler/limits.ts: ${name} has no reason in scripts/generate/limits.ts`);
    names.add(name);
    const range = valueOf(most) === 0x7fffffff ? `from ${least}` : `${least} to ${most}`;
    table += row(`\`${name}\``, standard === "-1" ? UNSET[name]! : standard, range, ...reason);
  }
  for (const name of Object.keys(SETTABLE)) if (!names.has(name)) throw new Error(`${name}: no such limit`);
  return table;
}

/** The table of all others. */
function fixed(known: Map<string, { file: string; value: string }[]>): string {
  let table = row("what", "most", "unit", "why", "constant") + row("---", "--:", "---", "---", "---");
  for (const { what, constant, unit, reason } of FIXED) {
    const name = constant.split(" ").pop() ?? "";
    table += row(what, readable(valueOf(find(known, constant).value)), unit, reason, `\`${name}\``);
  }
  return table;
}

/** Writes the tables, or with --check fails where one would change. */
function main(): void {
  const known = constants();
  const old = readFileSync(PAGE, "utf8");
  let fresh = old;
  for (const [name, table] of Object.entries({ settable: settable(known), fixed: fixed(known) })) {
    const block = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
    if (!block.test(old)) throw new Error(`docs/limits.md has no block called '${name}'`);
    fresh = fresh.replace(block, (_, begin, end) => `${begin}${table}${end}`);
  }
  if (fresh === old) return;
  if (process.argv.includes("--check")) {
    console.error("docs/limits.md is out of date: npx tsx scripts/generate/limits.ts");
    process.exitCode = 1;
    return;
  }
  writeFileSync(PAGE, fresh);
}

main();
