// `npm run check` is part of the tests.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("everything that npm run check looks at is in order", () => {
  const args = ["--import", "tsx", "scripts/check/all.ts"];
  const result = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  assert.is(result.status, 0, result.stdout + result.stderr);
});

test.run();
