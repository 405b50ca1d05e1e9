// Rewrites the expectations of golden tests: `npm run bless [-- PATTERN…]`. Read the diff before you commit it.
// Documents that contain dumps are generated, not blessed: npx tsx scripts/generate/tour.ts.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const RUN_TESTS = fileURLToPath(new URL("run-tests.ts", import.meta.url));
/** Folders whose tests compare with files beside them. */
const GOLDEN = ["tests/golden", "tests/il"];

const patterns = process.argv.slice(2);
const args = ["--import", "tsx", RUN_TESTS, ...(patterns.length > 0 ? patterns : GOLDEN)];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env: { ...process.env, BLESS: "1" } });
spawnSync("git", ["status", "--short", ...GOLDEN], { stdio: "inherit" });
process.exit(status ?? 1);
