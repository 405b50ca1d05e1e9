// Figures and how they are shown: one row each, ours beside the peers', with the bar they are held against.

/** What a figure is measured in. */
export type Unit = "ms" | "ns" | "KB" | "insns" | "calls" | "events/s" | "MB";

/** A peer's figure, or why there is none. */
export type PeerFigure = number | string;

/** One figure. */
export interface Row {
  what: string;
  unit: Unit;
  /** Ours, or why it could not be measured. */
  ours: number | string;
  peers?: Record<string, PeerFigure>;
  /** What ours is held against; `limit` is in the row's unit. */
  bar?: Bar;
  /** What the comparison leaves out, where the figures do not mean quite the same. */
  note?: string;
}

/** A bar: a figure must not be above (or, with `least`, below) the limit. */
export interface Bar {
  limit: number;
  says: string;
  least?: boolean;
}

/** Rows that belong together. */
export interface Group {
  title: string;
  rows: Row[];
}

/** Whether a row misses its bar; a figure that could not be measured is said, not held against anybody. */
export function missesBar({ ours, bar }: Row): boolean {
  if (!bar || typeof ours !== "number") return false;
  return bar.least ? ours < bar.limit : ours > bar.limit;
}

/** A group as text. */
export function renderGroup({ title, rows }: Group): string {
  const lines = [`\n${title}`];
  for (const row of rows) {
    lines.push(`  ${row.what.padEnd(60)} ${renderFigure(row.ours, row.unit).padStart(12)}${renderVerdict(row)}`);
    for (const [peer, figure] of Object.entries(row.peers ?? {})) lines.push(renderPeer(row, peer, figure));
    if (row.note) lines.push(`    (${row.note})`);
  }
  return lines.join("\n");
}

function renderVerdict(row: Row): string {
  if (!row.bar) return "";
  const { says } = row.bar;
  if (typeof row.ours !== "number") return `  bar not checked: ${says}`;
  return missesBar(row) ? `  MISSED: ${says}` : `  ok: ${says}`;
}

function renderPeer({ ours, unit }: Row, peer: string, figure: PeerFigure): string {
  const ratio = typeof ours === "number" && typeof figure === "number" && figure > 0 ? ours / figure : undefined;
  const against = ratio === undefined ? "" : `  ours is ${ratio.toFixed(2)} of it`;
  return `    ${peer.padEnd(58)} ${renderFigure(figure, unit).padStart(12)}${against}`;
}

function renderFigure(figure: number | string, unit: Unit): string {
  if (typeof figure === "string") return `not measured: ${figure}`;
  const digits = unit === "ms" && figure < 100 ? 1 : unit === "MB" ? 2 : 0;
  return `${figure.toFixed(digits)} ${unit}`;
}

/** The smallest of some times: whatever else a machine does only adds to them. */
export function best(times: number[]): number {
  return Math.min(...times);
}
