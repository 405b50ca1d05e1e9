// The table of docs/costs.md: all figures of a handler in one row, ours beside the peers'. `scripts/bench --write` puts
// it there; the figures of a run that some part was missing from are not worth keeping.

import { readFileSync, writeFileSync } from "node:fs";
import type { Group, PeerFigure, Row } from "./table.ts";

const BEGIN = "<!-- scripts/bench --write -->";
const END = "<!-- end -->";

/** What stands above the figures. */
export interface Setting {
  kernel: string;
  bpftrace: string;
  stap: string;
}

/** Replaces the table in a document. */
export function writeCosts(file: string, groups: Group[], setting: Setting): void {
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table`);
  writeFileSync(file, `${text.slice(0, from)}${BEGIN}\n${renderCosts(groups, setting)}${text.slice(to)}`);
}

/** The table as Markdown: groups whose titles begin alike are columns of one. */
function renderCosts(groups: Group[], { kernel, bpftrace, stap }: Setting): string {
  const lines = [`Linux ${kernel}; bpftrace ${bpftrace}; stap ${stap}. Each cell: ours / bpftrace / stap.`, ""];
  for (const name of new Set(groups.map(({ title }) => nameOf(title)))) {
    const columns = groups.filter(({ title }) => nameOf(title) === name);
    lines.push(`| ${name} | ${columns.map(({ title }) => title.slice(name.length + 2)).join(" | ")} |`);
    lines.push(`| --- ${"| --- ".repeat(columns.length)}|`);
    for (const [index, { what }] of (columns[0] as Group).rows.entries()) {
      lines.push(`| ${what} | ${columns.map(({ rows }) => cellOf(rows[index] as Row)).join(" | ")} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

function nameOf(title: string): string {
  return title.slice(0, title.indexOf(":"));
}

function cellOf({ unit, ours, peers = {} }: Row): string {
  const theirs = Object.values(peers);
  // The time of an emulated event means nothing by itself.
  if (unit === "ns") return typeof ours === "number" ? theirs.map((one) => ratioOf(ours, one)).join(" / ") : "–";
  return [ours, ...theirs].map((figure) => (typeof figure === "number" ? figure.toFixed(0) : "–")).join(" / ");
}

function ratioOf(ours: number, theirs: PeerFigure): string {
  return typeof theirs === "number" && theirs > 0 ? (ours / theirs).toFixed(2) : "–";
}
