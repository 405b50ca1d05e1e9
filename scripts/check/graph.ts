// The graph of imports: which file imports which. The checks of rooms and circles use it, and the picture in
// ARCHITECTURE.md.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Of each file, the files of this repository that it imports, in the order of its text. */
export type Graph = Map<string, string[]>;

/** The file that an import means: AssemblyScript leaves the ending out. */
function resolve(root: string, path: string): string | undefined {
  const found = [path, `${path}.ts`, `${path}/index.ts`].find(
    (name) => /\.(ts|mjs)$/.test(name) && existsSync(join(root, name)),
  );
  return found && relative(root, join(root, found));
}

/** Reads the imports of files; `export … from` and `import(…)` count, too. */
export function importGraph(root: string, files: string[]): Graph {
  const graph: Graph = new Map();
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    const targets = new Set<string>();
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]*)"/g)) {
      const target = resolve(root, join(dirname(file), path));
      if (target) targets.add(target);
    }
    graph.set(file, [...targets]);
  }
  return graph;
}

/** Tarjan's strongly connected components; those of one node are left out. Each is sorted. */
export function circlesOf(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const lower = (node: string, number: number) => lowest.set(node, Math.min(lowest.get(node) ?? number, number));
  const visit = (node: string): void => {
    const number = order.size;
    order.set(node, number);
    lower(node, number);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) {
        visit(next);
        lower(node, lowest.get(next) ?? number);
      } else if (stack.includes(next)) {
        lower(node, order.get(next) ?? number);
      }
    }
    if (lowest.get(node) !== number) return;
    const component = stack.splice(stack.indexOf(node));
    if (component.length > 1) circles.push(component.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return circles;
}

/**
 * Nodes by layer, the lowest first: all that a node points to is in lower layers. The graph must have no circles.
 */
export function layersOf(graph: Graph): string[][] {
  const depths = new Map<string, number>();
  const depthOf = (node: string): number => {
    const known = depths.get(node);
    if (known !== undefined) return known;
    const below = (graph.get(node) ?? []).map((next) => depthOf(next) + 1);
    const depth = Math.max(0, ...below);
    depths.set(node, depth);
    return depth;
  };
  const layers: string[][] = [];
  for (const node of graph.keys()) {
    const depth = depthOf(node);
    while (layers.length <= depth) layers.push([]);
    layers[depth].push(node);
  }
  return layers.map((layer) => layer.sort());
}
