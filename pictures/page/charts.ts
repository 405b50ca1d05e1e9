// Charts over time, by uPlot: lines of numbers, and the heat map of a histogram. Dragging chooses a range.

import uPlot from "uplot";
import { clock, colour, h } from "./dom.ts";
import { bucketStarts, changesOf, type Lines, type Snapshot } from "./model.ts";

/** Told of the range that the user has dragged over, in seconds since 1970. */
export type OnRange = (from: number, to: number) => void;

/** Lines of a chart; their colours are --line-0 and so on. */
const MOST_SHOWN = 7;
const HEIGHT = 220;
const HEAT_ROW = 18;

const ticks = (_: uPlot, splits: number[]) => splits.map((at) => clock(at).replace(/\.?0+$/, ""));

function axis(more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  const line = { stroke: colour("grid"), width: 1 };
  return { stroke: colour("muted"), grid: line, ticks: line, font: "12px system-ui, sans-serif", ...more };
}

function optionsOf(width: number, onRange: OnRange): Omit<uPlot.Options, "series"> {
  return {
    width,
    height: HEIGHT,
    cursor: { drag: { x: true, y: false, setScale: false } },
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide > 2) onRange(plot.posToVal(left, "x"), plot.posToVal(left + wide, "x"));
        },
      ],
    },
    axes: [axis({ values: ticks, space: 90 }), axis({ size: 70 })],
  };
}

/** A chart of lines; those with most points, if there are too many. */
export function lineChart(title: string, lines: Lines, width: number, onRange: OnRange): HTMLElement {
  const shown = [...lines].sort((a, b) => b[1].times.length - a[1].times.length).slice(0, MOST_SHOWN);
  const times = [...new Set(shown.flatMap(([, line]) => line.times))].sort((a, b) => a - b);
  const rows = shown.map(([, line]) => {
    const at = new Map(line.times.map((time, i) => [time, line.values[i] as number]));
    return times.map((time) => at.get(time));
  });
  const series = shown.map(([label], i) => ({
    label,
    stroke: colour(`line-${i}`),
    width: 2,
    dash: i > 3 ? [6, 3] : [],
    spanGaps: true,
    points: { show: times.length < 200 },
  }));
  const box = h("div", { class: "chart", role: "img", "aria-label": `${title}: ${saidOf(lines)}` });
  const options = {
    ...optionsOf(width, onRange),
    series: [{ label: "time", value: (_: uPlot, at: number | null) => (at === null ? "--" : clock(at)) }, ...series],
  };
  new uPlot(options, [times, ...rows] as uPlot.AlignedData, box);
  const more =
    lines.size > MOST_SHOWN
      ? h("p", { class: "said" }, `${lines.size - MOST_SHOWN} more lines are not drawn.`)
      : undefined;
  return h("div", {}, box, more);
}

/** The lines in words, with their last values. */
function saidOf(lines: Lines): string {
  return [...lines]
    .slice(0, MOST_SHOWN)
    .map(([label, { values }]) => `${label} ${values.at(-1)}`)
    .join(", ");
}

/** The heat map of a histogram over time: a column for each time that it was printed, a row for each bucket. */
export function heatMap(title: string, snapshots: Snapshot[], width: number, onRange: OnRange): HTMLElement {
  const changes = changesOf(snapshots);
  const rows = bucketStarts(snapshots);
  const greatest = Math.max(1, ...changes.flatMap(({ counts }) => [...counts.values()]));
  const times = changes.map(({ time }) => time);
  const step = times.length > 1 ? ((times.at(-1) as number) - (times[0] as number)) / (times.length - 1) : 1;
  const box = h("div", {
    class: "chart",
    role: "img",
    "aria-label": `Heat map of ${title}: ${times.length} times, ${rows.length} buckets, at most ${greatest} in one`,
  });
  const draw = (plot: uPlot) => {
    const { ctx } = plot;
    for (const [i, { counts }] of changes.entries()) {
      const to = plot.valToPos(times[i] as number, "x", true);
      const from = plot.valToPos((times[i] as number) - step, "x", true);
      for (const [key, count] of counts) {
        if (count <= 0) continue;
        const row = rows.indexOf(key);
        const top = plot.valToPos(row + 1, "y", true);
        ctx.fillStyle = heatOf(count / greatest);
        ctx.fillRect(from, top, Math.max(1, to - from), plot.valToPos(row, "y", true) - top);
      }
    }
  };
  const base = optionsOf(width, onRange);
  const labels = (_: uPlot, splits: number[]) => splits.map((at) => rows[at] ?? "");
  const each = Math.max(1, Math.ceil(rows.length / 24));
  const options: uPlot.Options = {
    ...base,
    height: 70 + HEAT_ROW * Math.min(rows.length, 30),
    legend: { show: false },
    hooks: { ...base.hooks, draw: [draw] },
    scales: { x: { range: [(times[0] as number) - step, times.at(-1) as number] }, y: { range: [0, rows.length] } },
    axes: [
      axis({ values: ticks, space: 90 }),
      axis({ size: 70, values: labels, splits: () => rows.map((_, i) => i).filter((i) => i % each === 0) }),
    ],
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
  };
  new uPlot(options, [times, times.map(() => 0)], box);
  const scale = h("span", { class: "scale", "aria-hidden": "true" });
  scale.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(heatOf).join(", ")})`;
  return h("div", {}, box, h("p", { class: "said" }, "1 ", scale, ` ${greatest} in one cell`));
}

/** Cividis, which looks the same to people who see colours differently; the page's theme says from which end. */
const CIVIDIS = ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"];

function heatOf(part: number): string {
  const scale = colour("heat") === "dark" ? CIVIDIS.slice(1) : [...CIVIDIS].reverse();
  return scale[Math.min(scale.length - 1, Math.floor(Math.sqrt(part) * scale.length))] as string;
}
