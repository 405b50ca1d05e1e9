// Writes the picture of compiler/'s rooms and their imports into ARCHITECTURE.md. Rooms are in layers: a room imports
// only rooms of lower layers. The generator fails if rooms import each other in a circle.
//
//   npx tsx scripts/generate/imports.ts [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { circlesOf, type Graph, importGraph, layersOf } from "../check/graph.ts";
import { compilerRooms } from "../check/imports.ts";
import { trackedSources } from "../check/sources.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PAGE = join(ROOT, "ARCHITECTURE.md");
const BLOCK = /(<!-- imports of compiler\/ -->\n)[\s\S]*?(<!-- end -->)/;

const shortName = (room: string) => room.replace("compiler/", "");

/** The picture: the highest layer first, a line for each room. Throws when an arrow would point back. */
export function picture(rooms: Graph): string {
  const [circle] = circlesOf(rooms);
  if (circle) throw new Error(`rooms of compiler/ import each other: ${circle.join(", ")}`);
  const layers = layersOf(rooms);
  const lines: string[] = [];
  for (let layer = layers.length - 1; layer >= 0; --layer) {
    for (const room of layers[layer]) {
      const name = room === "compiler" ? "driver.ts, …" : shortName(room);
      const targets = rooms.get(room)?.map(shortName).join(" ") ?? "";
      lines.push(`${layer}  ${name.padEnd(13)}${targets ? `→ ${targets}` : ""}`.trimEnd());
    }
  }
  return `\`\`\`text\n${lines.join("\n")}\n\`\`\`\n`;
}

/** Writes the picture, or with --check fails where it would change. */
function main(): void {
  const old = readFileSync(PAGE, "utf8");
  if (!BLOCK.test(old)) throw new Error("ARCHITECTURE.md has no block called 'imports of compiler/'");
  const text = picture(compilerRooms(importGraph(ROOT, trackedSources(ROOT))));
  const fresh = old.replace(BLOCK, (_, begin, end) => `${begin}${text}${end}`);
  if (fresh === old) return;
  if (process.argv.includes("--check")) {
    console.error("ARCHITECTURE.md is out of date: npx tsx scripts/generate/imports.ts");
    process.exitCode = 1;
    return;
  }
  writeFileSync(PAGE, fresh);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
