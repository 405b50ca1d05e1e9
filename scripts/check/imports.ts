// The table that says which room may import which. Data flows script → compiler → object → agent → client, and imports
// point one way. The room of a file is the longest folder of the table that contains the file.

import { circlesOf, type Graph } from "./graph.ts";

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
  // Its tests run what the back end makes of its routines.
  "compiler/runtime/testing": ["compiler/runtime", "compiler/ir", "compiler/bpf", "common"],
  "compiler/lower": [
    ...["compiler/ir", "compiler/semantic", "compiler/source", "compiler/syntax", "compiler/diagnostics"],
    ...["compiler/builtins", "compiler/kernel", "compiler/regex", "compiler/runtime", "common"],
  ],
  "compiler/object": ["compiler/ir", "compiler/bpf", "common"],
  // The driver and what it fills: the one place that knows all passes.
  compiler: ["compiler", "common"],
  "compiler/host": ["common/format"],
  "agent/remote": ["common"],
  "agent/host": ["common/format", "compiler/host", "verifier"],
  // Logs of the kernel's verifier, explained: portable TypeScript that knows nothing of us.
  verifier: [],
  facts: ["agent/host", "compiler/host", "common/format"],
  // Runs as files of other tools: portable TypeScript that knows lines of JSON, and nothing else of us.
  pictures: [],
  "pictures/page": ["pictures"],
  cli: ["facts", "verifier", "pictures", "agent/host", "compiler/host", "common/format"],
  lib: ["cli", "pictures", "facts", "verifier", "agent/host", "compiler/host", "common/format"],
  web: ["facts", "verifier", "agent/host", "compiler/host", "common/format"],
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

/** Complaints about circles. Two files may import each other; a circle of three or more is an error. */
export function checkCircles(graph: Graph): string[] {
  const knots = circlesOf(graph).filter((circle) => circle.length > 2);
  return knots.map((circle) => `${circle.length} files import each other in a circle: ${circle.join(", ")}`);
}

/** Complaints about imports, one a line. */
export function checkImports(graph: Graph): string[] {
  const problems: string[] = [];
  for (const [file, targets] of graph) {
    const room = roomOf(file);
    if (!room || file.endsWith(".d.ts") || file.endsWith(".test.ts")) continue;
    for (const target of targets) {
      if (!mayImport(room, target)) problems.push(`${file}: ${room} must not import ${target}`);
    }
  }
  return problems.concat(checkCircles(graph));
}

/**
 * The rooms of compiler/ and the rooms of it that each imports; tests are left out. The driver's room is "compiler" and
 * stands above all others.
 */
export function compilerRooms(graph: Graph): Graph {
  const rooms: Map<string, Set<string>> = new Map();
  const isPart = (file: string) => !/\.test\.ts$|\/testing\/|\.d\.ts$/.test(file);
  for (const [file, targets] of graph) {
    const room = roomOf(file);
    if (!room?.startsWith("compiler") || room === "compiler/host" || !isPart(file)) continue;
    const to = rooms.get(room) ?? new Set();
    rooms.set(room, to);
    for (const target of targets) {
      const other = roomOf(target);
      if (other?.startsWith("compiler") && other !== room) to.add(other);
    }
  }
  return new Map([...rooms].sort().map(([room, to]) => [room, [...to].sort()]));
}
