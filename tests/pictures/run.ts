// A longer run for the page: two seconds of histograms that grow, a series, a table, stacks, two hosts.

import { SAMPLE, T0 } from "./sample.ts";

/** The histogram that is printed at step `i`: it only grows. */
export function bucketsAt(i: number): { from: number; to: number; count: number }[] {
  return Array.from({ length: 8 }, (_, k) => ({ from: 1 << k, to: 2 << k, count: (i + 1) * (1 + ((k * 3) % 7)) }));
}

/** The lines of the run. */
export function longRun(steps = 12): string[] {
  const lines = SAMPLE.slice(0, -1);
  for (let i = 0; i < steps; i++) {
    const time = T0 + BigInt(i + 1) * 200_000_000n;
    const start = `{"host":"box","type":"print","time":${time},"cpu":0,"probe":"timer.ms(200)"`;
    const histogram = JSON.stringify({ type: "hist_log", buckets: bucketsAt(i) });
    lines.push(`${start},"text":"value |---- count\\n","values":[${histogram}]}\n`);
    for (const [name, n] of [
      ["dd", i * i],
      ["sh", 40 - i],
    ]) {
      lines.push(`${start},"text":"${name} did ${n}\\n","values":["${name}",${n}]}\n`);
    }
  }
  lines.push(`{"host":"box","type":"print","time":${T0},"cpu":0,"text":"<b id='x'>\\n","values":["<b id='x'>"]}\n`);
  return [...lines, SAMPLE.at(-1) as string];
}
