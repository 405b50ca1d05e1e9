// Spans of time on tracks: one for each thread and CPU of each host, one for each span that may overlap, one for each
// counter. What an item means for them, in order.

import { globalOf, marksOf } from "./meaning.ts";
import { type Item, isInt } from "./record.ts";

/** Where an event is shown. */
export interface Track {
  host: string;
  name: string;
  isCounter: boolean;
}

/** Something at a time, on a track. */
export interface TrackEvent {
  track: Track;
  kind: "begin" | "end" | "instant" | "counter";
  time: bigint;
  name: string;
  value: bigint;
  /** What was printed, for an instant. */
  item?: Item;
}

/** The events of an item; none if it has no time. */
export function eventsOf(item: Item): TrackEvent[] {
  const { time, host } = item;
  if (item.type !== "print" || time === undefined) return [];
  const cpu = { host, name: `CPU ${item.cpu ?? 0}`, isCounter: false };
  const event = (kind: TrackEvent["kind"], track: Track, change: Partial<TrackEvent>): TrackEvent => ({
    track,
    kind,
    time,
    name: "",
    value: 0n,
    ...change,
  });
  const events = marksOf(item).flatMap(({ kind, thread, name, value }) => {
    const track = thread === 0 ? cpu : { host, name: `thread ${thread}`, isCounter: false };
    const own = { host, name: `${name} ${value}`, isCounter: false };
    switch (kind) {
      case "B":
        return [event("begin", track, { name })];
      case "E":
        return [event("end", track, {})];
      case "X":
        return [event("begin", track, { name, time: time - (value > 0n ? value : 0n) }), event("end", track, {})];
      case "S":
        return [event("begin", own, { name })];
      case "F":
        return [event("end", own, {})];
      case "C":
        return [event("counter", { host, name, isCounter: true }, { value })];
      default:
        return [event("instant", track, { name })];
    }
  });
  if (events.length > 0) return events;
  const global = globalOf(item);
  if (global && typeof global.value !== "object" && isInt(global.value)) {
    const keys = global.keys.length > 0 ? `[${global.keys.join(",")}]` : "";
    const track = { host, name: `${global.name}${keys}`, isCounter: true };
    return [event("counter", track, { value: BigInt(global.value) })];
  }
  return [event("instant", cpu, { name: item.probe ?? "print", item })];
}
