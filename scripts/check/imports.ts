// Data flows script → compiler → object → agent → client, and imports point one way: this table says which room may see
// which. A file's room is the longest folder here that holds it.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Rooms and what they may import besides themselves. `common/format` and `common/as` are open to all Wasm rooms. */
const MAY_IMPORT: Record<string, string[]> = {
  "common/format": [],
  "common/as": ["common/format"],
  "common/as/print": ["common/as", "common/format"],
  "compiler/source": ["common"],
  "compiler/diagnostics": ["compiler/source", "common"],
  "compiler/syntax": ["compiler/source", "compiler/diagnostics", "common"],
  "compiler/semantic": [
    ...["compiler/source", "compiler/syntax", "compiler/diagnostics", "compiler/probes", "compiler/builtins"],
    ...["compiler/kernel", "compiler/regex", "common"],
  ],
  "compiler/probes": ["compiler/source", "compiler/syntax", "compiler/kernel", "common"],
  "compiler/builtins": ["compiler/syntax", "common"],
  "compiler/kernel": ["compiler/syntax", "common"],
  "compiler/regex": ["common"],
  "compiler/ir": ["common"],
  "compiler/opt": ["compiler/ir", "common"],
  "compiler/bpf": ["compiler/ir", "compiler/opt", "common"],
  // The run-time library of BPF code: it knows the IR and no tree.
  "compiler/runtime": ["compiler/ir", "compiler/regex", "common"],
  "compiler/lower": [
    ...["compiler/ir", "compiler/semantic", "compiler/source", "compiler/syntax", "compiler/diagnostics"],
    ...["compiler/builtins", "compiler/regex", "compiler/runtime", "common"],
  ],
  "compiler/object": ["compiler/ir", "compiler/bpf", "common"],
  // The driver and what it fills: the one place that knows all passes.
  compiler: ["compiler", "common"],
  "compiler/host": ["common/format"],
  "agent/remote": ["common"],
  "agent/host": ["common/format", "compiler/host"],
  cli: ["agent/host", "compiler/host", "common/format"],
  web: ["agent/host", "compiler/host", "common/format"],
};

const ROOMS = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);

function roomOf(file: string): string | undefined {
  return ROOMS.find((room) => file.startsWith(`${room}/`));
}

function mayImport(room: string, file: string): boolean {
  const target = roomOf(file);
  if (target === room) return true;
  // A folder stands for what is below it, too.
  return MAY_IMPORT[room].some((allowed) => file.startsWith(`${allowed}/`));
}

/** Complaints about imports, one a line. */
export function checkImports(root: string, files: string[]): string[] {
  const problems: string[] = [];
  for (const file of files) {
    const room = roomOf(file);
    if (!room || file.endsWith(".d.ts") || file.endsWith(".test.ts")) continue;
    const text = readFileSync(join(root, file), "utf8");
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]*)"/g)) {
      const target = resolve(root, join(dirname(file), path));
      if (target && !mayImport(room, target)) problems.push(`${file}: ${room} must not import ${target}`);
    }
  }
  return problems;
}

/** The file that an import means: AssemblyScript leaves the ending out. */
function resolve(root: string, path: string): string | undefined {
  const found = [path, `${path}.ts`, `${path}/index.ts`].find(
    (name) => name.endsWith(".ts") && existsSync(join(root, name)),
  );
  return found && relative(root, join(root, found));
}
