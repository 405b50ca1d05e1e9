// How large the built parts are.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Group, Row } from "./table.ts";

interface Part {
  what: string;
  file: string;
  limitKb?: number;
}

const PARTS: Part[] = [
  { what: "compiler.wasm", file: "compiler.wasm", limitKb: 600 },
  { what: "formatter.wasm", file: "formatter.wasm" },
  { what: "agent, x86_64", file: "stap-agent-x86_64", limitKb: 200 },
  { what: "agent, arm64", file: "stap-agent-arm64", limitKb: 200 },
  { what: "client (its main file)", file: "stap-remote.js" },
];

/** All rows about sizes. */
export function measureSizes(root: string): Group {
  const rows = PARTS.map(({ what, file, limitKb }): Row => {
    const path = join(root, "dist", file);
    const ours = existsSync(path) ? statSync(path).size / 1000 : "it was not built";
    return { what, unit: "KB", ours, bar: limitKb ? { limit: limitKb, says: `at most ${limitKb} KB` } : undefined };
  });
  return { title: "Sizes (the peers need LLVM or a kernel's headers on the traced machine)", rows };
}
