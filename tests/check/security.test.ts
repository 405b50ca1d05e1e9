// docs/security.md names a test for each thing that holds: every file and every test that it names must exist.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(join(ROOT, "docs", "security.md"), "utf8");

test("every test that docs/security.md names exists", () => {
  const rows = text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| what") && !/^\| ---/.test(line));
  assert.ok(rows.length > 20, `${rows.length} rows`);
  for (const row of rows) {
    const proofs = [
      ...row
        .split(" | ")
        .at(-1)!
        .matchAll(/`([\w./-]+)(?:: "([^`]+)")?`/g),
    ];
    assert.ok(proofs.length > 0, `no test is named: ${row}`);
    for (const [, file, name] of proofs) {
      assert.ok(existsSync(join(ROOT, file!)), `${file} does not exist`);
      if (name === undefined) continue;
      const source = readFileSync(join(ROOT, file!), "utf8");
      assert.ok(source.includes(`"${name}"`) || source.includes(`${name}(`), `${file} has no test "${name}"`);
    }
  }
});

test.run();
