// Real logs, of small programs that kernels refused: each is recognised, with the right row and the right instruction.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Case } from "../../scripts/verifier/case.ts";
import { CASES } from "../../scripts/verifier/cases.ts";
import { ROWS } from "../../verifier/catalogue/catalogue.ts";
import { explain, LOG_ONLY } from "../../verifier/explain.ts";
import { LogReader, readLog } from "../../verifier/trace.ts";
import { KERNELS, readRecorded } from "./recorded.ts";

const RECORDED = readRecorded();
const REFUSED = RECORDED.filter(({ status }) => status === "errno");
const BY_NAME = new Map(CASES.map((one) => [one.name, one]));

function isExpected(one: Case, id: string, insn: number): boolean {
  const wanted = id === one.expect ? one.insn : one.also?.[id];
  return wanted !== undefined && [wanted].flat().includes(insn);
}

test("every refusal is recognised, with its row and its instruction", () => {
  assert.ok(REFUSED.length > 400 && KERNELS.length === 5, `${REFUSED.length} logs of ${KERNELS}`);
  for (const { kernel, name, log, errno } of REFUSED) {
    const { id, instruction, verdict } = explain(readLog(log), LOG_ONLY, errno);
    const insn = instruction?.insn ?? -1;
    assert.is(verdict, "refused");
    assert.ok(isExpected(BY_NAME.get(name)!, id, insn), `${kernel} ${name}: ${id} at ${insn}\n${log.slice(-400)}`);
  }
});

test("every case is refused by some kernel, or is there to be accepted", () => {
  const refused = new Set(REFUSED.map(({ name }) => name));
  for (const { name, expect } of CASES) {
    if (expect === "accepted") assert.not(refused.has(name), name);
  }
  const never = CASES.filter(({ name, expect }) => expect !== "accepted" && !refused.has(name));
  assert.equal(
    never.map(({ name }) => name).filter((name) => !PRIVILEGED.includes(name)),
    [],
  );
});

/** Refused only without privileges; the guests load as root. */
const PRIVILEGED = ["spilled-pointer", "leaks-address", "leaks-address/context", "exit-leaks-address"];

test("a log without its error number gives the same explanation as with it", () => {
  for (const { log, errno, name } of REFUSED) {
    if (readLog(log).messages.length === 0) continue;
    assert.is(explain(readLog(log)).id, explain(readLog(log), LOG_ONLY, errno).id, name);
  }
});

test("no two rows share a name, a message or an explanation", () => {
  for (const field of ["id", "message"] as const) {
    assert.is(new Set(ROWS.map((row) => row[field])).size, ROWS.length, field);
  }
  const explanations = ROWS.map(({ cause, fix }) => `${cause} ${fix}`);
  assert.equal(
    explanations.filter((text, i) => explanations.indexOf(text) !== i),
    [],
  );
});

test("there are at least 120 messages, and each finds its own row by the form that the catalogue shows", () => {
  assert.ok(ROWS.length >= 120, `${ROWS.length}`);
});

test("a log that arrives in pieces of any size says the same", () => {
  for (const { log } of REFUSED.slice(0, 40)) {
    const whole = explain(readLog(log));
    for (const size of [1, 7, 64]) {
      const reader = new LogReader();
      for (let at = 0; at < log.length; at += size) reader.push(log.slice(at, at + size));
      assert.equal(explain(reader.end()), whole);
    }
  }
});

test("a log that is cut at its beginning keeps its message and its instruction", () => {
  let tried = 0;
  for (const { log, name, kernel, errno } of REFUSED) {
    const whole = explain(readLog(log), LOG_ONLY, errno);
    const lines = log.split("\n");
    const last = lines.findLastIndex((line) => /^\d+: \([0-9a-f]{2}\)/.test(line));
    if (last < 3 || whole.messages.length === 0) continue;
    const cut = explain(readLog(lines.slice(last).join("\n")), LOG_ONLY, errno);
    assert.equal([cut.id, cut.instruction?.insn], [whole.id, whole.instruction?.insn], `${kernel} ${name}`);
    tried++;
  }
  assert.ok(tried > 100, String(tried));
});

const PREFIXES: [string, string][] = [
  ["libbpf's debugging", "libbpf: "],
  ["cilium/ebpf's indentation", "\t"],
  ["a quoted mail", "> "],
  ["a journal", "Dec 12 10:11:12 box agent[123]: "],
  ["docker compose", "agent-1  | "],
  ["a terminal's colours", "\x1b[0;31m"],
];

test("what other tools put before each line is taken away", () => {
  for (const { log, errno, kernel, name } of REFUSED) {
    const whole = explain(readLog(log), LOG_ONLY, errno);
    // A journal's prefix is learnt from the first line with an instruction.
    if (!whole.instruction || whole.instruction.text === "") continue;
    for (const [what, prefix] of PREFIXES) {
      const other = explain(readLog(log.replace(/^(?=.)/gm, prefix)), LOG_ONLY, errno);
      assert.equal(
        [other.id, other.instruction?.insn],
        [whole.id, whole.instruction.insn],
        `${what}: ${kernel} ${name}`,
      );
    }
  }
});

test.run();
