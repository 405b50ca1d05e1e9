// speedscope's file format (https://www.speedscope.app/file-format-schema.json): for each host a profile of its stacks,
// and for each of its threads and CPUs that have spans a profile of them in time.

import { StackCounts } from "./folded.ts";
import type { Item } from "./record.ts";
import { eventsOf, type TrackEvent } from "./tracks.ts";
import { NOTHING, TextPart, type Writer } from "./writer.ts";

const SCHEMA = "https://www.speedscope.app/file-format-schema.json";
/** Spans of a file: their profile must be in one piece, and in memory. */
const MOST_EVENTS = 1_000_000;

type Events = Pick<TrackEvent, "kind" | "time" | "name">[];

export function speedscopeWriter(): Writer {
  const stacks = new Map<string, StackCounts>();
  const tracks = new Map<string, Events>();
  let count = 0;
  return {
    add: (item: Item) => {
      const ofHost = stacks.get(item.host) ?? new StackCounts();
      if (ofHost.add(item)) {
        stacks.set(item.host, ofHost);
        return true;
      }
      const spans = eventsOf(item).filter(({ kind }) => kind === "begin" || kind === "end");
      for (const { track, kind, time, name } of spans.slice(0, MOST_EVENTS - count)) {
        const key = `${track.host} ${track.name}`;
        const events = tracks.get(key) ?? [];
        tracks.set(key, events);
        events.push({ kind, time, name });
        count++;
      }
      return spans.length > 0;
    },
    take: () => NOTHING,
    end: () => {
      const text = new TextPart();
      text.add(JSON.stringify(fileOf(stacks, tracks)));
      return text.take();
    },
  };
}

function fileOf(stacks: Map<string, StackCounts>, tracks: Map<string, Events>) {
  const frames: { name: string }[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const number = numbers.get(name) ?? frames.length;
    if (number === frames.length) {
      numbers.set(name, number);
      frames.push({ name });
    }
    return number;
  };
  const sampled = [...stacks].map(([host, { counts }]) => sampledProfile(host, counts, numberOf));
  const evented = [...tracks].map(([name, events]) => eventedProfile(name, events, numberOf));
  const profiles = [...sampled, ...evented];
  if (profiles.length === 0) profiles.push(sampledProfile("nothing was recorded", new Map(), numberOf));
  return { $schema: SCHEMA, shared: { frames }, profiles, exporter: "stap-remote", activeProfileIndex: 0 };
}

function sampledProfile(name: string, counts: Map<string, bigint>, numberOf: (name: string) => number) {
  const samples = [...counts.keys()].map((stack) => stack.split(";").map(numberOf));
  const weights = [...counts.values()].map(Number);
  const endValue = weights.reduce((sum, weight) => sum + weight, 0);
  return { type: "sampled", name, unit: "none", startValue: 0, endValue, samples, weights };
}

/** Spans must be nested: an end closes the innermost, and what is open at the end of the run is closed there. */
function eventedProfile(name: string, unordered: Events, numberOf: (name: string) => number) {
  // Sorting keeps the order of events of the same time.
  const order = [...unordered].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const start = order[0]!.time;
  const endValue = Number(order.at(-1)!.time - start);
  const open: number[] = [];
  const events: { type: "O" | "C"; at: number; frame: number }[] = [];
  for (const event of order) {
    const at = Number(event.time - start);
    if (event.kind === "begin") {
      open.push(numberOf(event.name));
      events.push({ type: "O", at, frame: open.at(-1) as number });
    } else if (open.length > 0) events.push({ type: "C", at, frame: open.pop() as number });
  }
  while (open.length > 0) events.push({ type: "C", at: endValue, frame: open.pop() as number });
  return { type: "evented", name, unit: "nanoseconds", startValue: 0, endValue, events };
}
