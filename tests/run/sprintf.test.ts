// sprintf formats in the program, printf on the host. For many directives and values both must give the same text, in
// the agent's interpreter and in the kernel.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PATIENT, Remote } from "./remote.ts";

const NUMBERS = [
  "0",
  "7",
  "-1",
  "120",
  "-42",
  "65",
  "1234567890123",
  "0x7fffffffffffffff",
  "(-0x7fffffffffffffff - 1)",
];
const TEXTS = ['""', '"a"', '"hello, world"', '"grüße äöü €"', `"${"0123456789".repeat(7)}"`];
const FLAGS = ["", "-", "0", "+", " ", "#", "-#", "0#", "+0", "- 0"];
const MEASURES = ["", "1", "5", "12", "70", ".0", ".3", ".12", "9.4", "4.9", "30.25"];

/** A line of directives with what stands for each: formats are cut where a call takes more arguments than it should. */
function numberFormats(letter: string): string[] {
  return MEASURES.map((measure) => FLAGS.map((flag) => `%${flag}${measure}${letter}`).join("|"));
}

/** Some lines are longer than strings are by default. */
const OPTIONS = [...PATIENT, "-w", "-DMAXSTRINGLEN=1024"];

interface Case {
  format: string;
  args: string[];
}

function cases(): Case[] {
  const all: Case[] = [];
  for (const letter of ["d", "i", "u", "x", "X", "o", "p"]) {
    for (const format of numberFormats(letter)) all.push({ format, args: FLAGS.map(() => "n") });
  }
  for (const measure of MEASURES) {
    const flags = ["", "-", "#"];
    all.push({ format: flags.map((flag) => `%${flag}${measure}s`).join("|"), args: flags.map(() => "s") });
  }
  for (const width of ["", "1", "6"]) all.push({ format: `%#${width}c|%-#${width}c`, args: ["n", "n"] });
  for (const [width, precision] of [
    ["5", "2"],
    ["-9", "3"],
    ["0", "0"],
    ["-1", "-1"],
    ["40", "30"],
  ]) {
    all.push({ format: "%*d|%.*d|%*.*x|%0*d", args: [width, "n", precision, "n", width, precision, "n", width, "n"] });
    all.push({ format: "%*s|%.*s|%-*.*s", args: [width, "s", precision, "s", width, precision, "s"] });
    all.push({ format: "%#*c", args: [width, "n"] });
  }
  all.push({ format: "%4b%2b", args: ["0x41424344", "0x4546"] });
  all.push({ format: "%%%d%%", args: ["n"] });
  return all.map(({ format, args }) => ({ format, args: args as string[] }));
}

/** Functions that print each case twice, some cases each; their calls with every value. */
function script(part: Case[], head: string): string {
  const bodies = part.map(({ format, args }) => {
    const list = args.map((arg) => `, ${arg}`).join("");
    return `  printf("[${format}]\\n"${list})\n  println("[" . sprintf("${format}"${list}) . "]")\n`;
  });
  const values = NUMBERS.map((n, i) => `  show(${n}, ${TEXTS[i % TEXTS.length]})`);
  return `global done\nfunction show(n, s) {\n${bodies.join("")}}\n${head}\n${values.join("\n")}\n  exit()\n}`;
}

function parts(): Case[][] {
  const all = cases();
  const groups: Case[][] = [];
  for (let i = 0; i < all.length; i += 12) groups.push(all.slice(i, i + 12));
  return groups;
}

function judge(out: string, err: string, status: number, count: number): void {
  assert.equal([err, status], ["", 0]);
  const lines = out.split("\n");
  assert.is(lines.pop(), "");
  assert.is(lines.length, count);
  for (let i = 0; i < lines.length; i += 2) assert.is(lines[i + 1], lines[i]);
}

const test = suite("sprintf");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

test("sprintf says in the agent what printf prints", async () => {
  for (const part of parts()) {
    const { out, err, status } = await remote.run([...OPTIONS, "-e", script(part, "probe begin {")]);
    judge(out, err, status, part.length * NUMBERS.length * 2);
  }
});

test("sprintf says in the kernel what printf prints", async () => {
  const attached = async () => void (await remote.shell("dd if=/proc/version of=/dev/null"));
  for (const part of parts()) {
    const text = script(part, 'probe kernel.function("vfs_read") { if (execname() != "dd" || done) next;\n  done = 1');
    const { out, err, status } = await remote.run([...OPTIONS, "-e", text], { attached });
    judge(out, err, status, part.length * NUMBERS.length * 2);
  }
});

test.run();
