// Walking along a log: keys change what is drawn. The terminal itself is tried in a pseudo-terminal.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LOG_ONLY } from "../../verifier/explain.ts";
import { readLog } from "../../verifier/trace.ts";
import { Walk } from "../../verifier/walk.ts";

const ROUND = `; while (i < 9) @ x.stp:2
1: (07) r6 += 1                       ; R6_w=1
2: (a5) if r6 < 0x9 goto pc-2         ; R6_w=1
`;
const LOG = `0: (b7) r6 = 0                        ; R6_w=0
${ROUND.repeat(9)}; x = *i @ x.stp:4
3: (bf) r7 = r6                       ; R6=9 R7_w=9
4: (79) r0 = *(u64 *)(r7 +0)
R7 invalid mem access 'scalar'
`;

const walk = (keys = "") => {
  const one = new Walk(readLog(LOG), LOG_ONLY);
  for (const key of keys) one.key(key);
  return one;
};
const current = (one: Walk) => one.draw(30).find((line) => line.startsWith(">"));

test("it begins at the refused instruction, with the registers before it in words", () => {
  assert.is(current(walk()), "> 4: r0 = *(u64 *)(r7 +0)");
  assert.ok(walk().draw(30).includes("  r7: the number 9"));
  assert.ok(walk().draw(30).includes("     ; 4: x = *i"));
});

test("steps, branches, the ends and the origin of a register are reached by keys", () => {
  assert.is(current(walk("k")), "> 3: r7 = r6");
  assert.is(current(walk("kkkj")), "> 2: if r6 < 0x9 goto pc-2");
  assert.is(current(walk("g")), "> 0: r6 = 0");
  assert.is(current(walk("gG")), "> 4: r0 = *(u64 *)(r7 +0)");
  assert.is(current(walk("b")), "> 2: if r6 < 0x9 goto pc-2");
  assert.is(current(walk("r")), "> 3: r7 = r6");
  assert.is(current(walk("rr")), "> 1: r6 += 1");
  assert.is(walk("q").isDone, true);
});

test("folded, a loop has its first and its last round", () => {
  const one = walk("f");
  const shown = one.draw(40).filter((line) => /^[> ] +?\d+: /.test(line));
  assert.is(shown.length, 1 + 2 * 2 + 2, shown.join("\n"));
  assert.is(
    walk("")
      .draw(60)
      .filter((line) => /^[> ] +?\d+: /.test(line)).length,
    1 + 9 * 2 + 2,
  );
});

test("a search goes to the next match, and says if there is none", () => {
  const one = walk("g/r7 = ");
  one.key("return");
  assert.is(current(one), "> 3: r7 = r6");
  one.key("n");
  assert.match(one.draw(30).at(-1)!, /no 'r7 = ' after this step/);
  const typing = walk("/abc");
  typing.key("backspace");
  assert.is(typing.draw(30).at(-1), "/ab");
});

test("every height gets so many lines at the most, and a log without instructions is no error", () => {
  for (const rows of [8, 12, 24, 60]) assert.ok(walk().draw(rows).length <= rows, String(rows));
  assert.equal(new Walk(readLog(""), LOG_ONLY).draw(20), ["the log has no instruction"]);
});

test("in a terminal it draws, takes keys, and leaves the screen as it was", () => {
  const folder = mkdtempSync(join(tmpdir(), "stap-step-"));
  writeFileSync(join(folder, "log"), LOG);
  const command = `node --import tsx cli/main.ts explain ${join(folder, "log")} --step`;
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], { input: "kq", encoding: "utf8" });
  rmSync(folder, { recursive: true });
  assert.is(status, 0);
  assert.match(stdout, /> 3: r7 = r6/);
  assert.ok(
    stdout.includes("\x1b[?1049h") && stdout.trimEnd().endsWith("\x1b[?1049l"),
    JSON.stringify(stdout.slice(-200)),
  );
});

test.run();
