// Perfetto's trace: a stream of TracePackets with TrackEvents. Field numbers are those of the project's
// protos/perfetto/trace/*.proto. Times are nanoseconds since 1970; a clock snapshot says so. Names are interned.

import { type Message, newMessage, writeLong } from "./protobuf.ts";
import { isInt, type Value } from "./record.ts";
import { eventsOf, type Track, type TrackEvent } from "./tracks.ts";
import type { Writer } from "./writer.ts";

const enum Packet {
  ClockSnapshot = 6,
  Timestamp = 8,
  Sequence = 10,
  TrackEvent = 11,
  Interned = 12,
  SequenceFlags = 13,
  TrackDescriptor = 60,
}

const enum Event {
  Annotations = 4,
  Type = 9,
  NameId = 10,
  Track = 11,
  CounterValue = 30,
}

const TYPES: Record<TrackEvent["kind"], number> = { begin: 1, end: 2, instant: 3, counter: 4 };

const enum Clock {
  RealTime = 1,
  BootTime = 6,
}

const STATE_CLEARED = 1;
const NEEDS_STATE = 2;
const SEQUENCE = 1;
/** Trace.packet */
const PACKET = 1;

export function perfettoWriter(): Writer {
  const trace = new PerfettoTrace();
  return {
    add: (item) => {
      const events = eventsOf(item);
      for (const event of events) trace.add(event);
      return events.length > 0;
    },
    take: () => trace.take(),
    end: () => trace.take(),
  };
}

/** The packets, as far as they were not taken. */
export class PerfettoTrace {
  private out = newMessage();
  private readonly tracks = new Map<string, number>();
  private readonly names = new Map<string, number>();
  private isBegun = false;

  add(event: TrackEvent): void {
    if (!this.isBegun) this.begin(event.time);
    const track = this.trackOf(event.track);
    const known = this.names.get(event.name);
    const name = known ?? this.names.size + 1;
    if (known === undefined) this.names.set(event.name, name);
    this.out.writeMessage(PACKET, writeEventPacket, { event, track, name, isNew: known === undefined });
  }

  take(): Uint8Array {
    const { out } = this;
    this.out = newMessage();
    return out.finish();
  }

  /** All that follows refers to names of this sequence; the viewer's clock is the time of day. */
  private begin(time: bigint): void {
    this.isBegun = true;
    this.out.writeMessage(PACKET, writeFirstPacket, time);
  }

  private trackOf(track: Track): number {
    const parent = this.describe(track.host, { uuid: 0, name: track.host, parent: 0, isCounter: false });
    const key = `${track.host}\n${track.isCounter ? 1 : 0}\n${track.name}`;
    return this.describe(key, { uuid: 0, name: track.name, parent, isCounter: track.isCounter });
  }

  private describe(key: string, track: Described): number {
    const known = this.tracks.get(key);
    if (known !== undefined) return known;
    track.uuid = this.tracks.size + 1;
    this.tracks.set(key, track.uuid);
    this.out.writeMessage(PACKET, writeTrackPacket, track);
    return track.uuid;
  }
}

interface Described {
  uuid: number;
  name: string;
  parent: number;
  isCounter: boolean;
}

function writeFirstPacket(time: bigint, packet: Message): void {
  packet.writeMessage(Packet.ClockSnapshot, writeClocks, time);
  packet.writeVarintField(Packet.Sequence, SEQUENCE);
  packet.writeVarintField(Packet.SequenceFlags, STATE_CLEARED);
}

function writeClocks(time: bigint, snapshot: Message): void {
  for (const clock of [Clock.RealTime, Clock.BootTime]) {
    snapshot.writeMessage(
      1,
      (id: number, inner: Message) => {
        inner.writeVarintField(1, id);
        writeLong(inner, 2, time);
      },
      clock,
    );
  }
}

function writeTrackPacket(track: Described, packet: Message): void {
  packet.writeVarintField(Packet.Sequence, SEQUENCE);
  packet.writeMessage(Packet.TrackDescriptor, writeTrack, track);
}

function writeTrack({ uuid, name, parent, isCounter }: Described, message: Message): void {
  message.writeVarintField(1, uuid);
  message.writeStringField(2, name);
  if (parent > 0) message.writeVarintField(5, parent);
  if (isCounter) message.writeMessage(8, () => {}, undefined);
}

interface Placed {
  event: TrackEvent;
  track: number;
  name: number;
  /** The name has no number yet. */
  isNew: boolean;
}

function writeEventPacket(placed: Placed, packet: Message): void {
  writeLong(packet, Packet.Timestamp, placed.event.time);
  packet.writeVarintField(Packet.Sequence, SEQUENCE);
  packet.writeVarintField(Packet.SequenceFlags, NEEDS_STATE);
  if (placed.isNew) packet.writeMessage(Packet.Interned, writeInterned, placed);
  packet.writeMessage(Packet.TrackEvent, writeEvent, placed);
}

function writeInterned({ event, name }: Placed, data: Message): void {
  data.writeMessage(
    2,
    (text: string, inner: Message) => {
      inner.writeVarintField(1, name);
      inner.writeStringField(2, text);
    },
    event.name,
  );
}

function writeEvent({ event, track, name }: Placed, message: Message): void {
  message.writeVarintField(Event.Type, TYPES[event.kind]);
  message.writeVarintField(Event.Track, track);
  if (event.kind === "counter") writeLong(message, Event.CounterValue, event.value);
  else if (event.kind !== "end") message.writeVarintField(Event.NameId, name);
  if (!event.item) return;
  const { text, values } = event.item;
  message.writeMessage(Event.Annotations, writeAnnotation, { name: "text", value: text.replace(/\n$/, "") });
  values.forEach((value, i) => {
    if (typeof value === "object") return;
    message.writeMessage(Event.Annotations, writeAnnotation, { name: `value${i + 1}`, value });
  });
}

function writeAnnotation({ name, value }: { name: string; value: Value }, message: Message): void {
  if (isInt(value)) writeLong(message, 4, BigInt(value));
  else if (typeof value === "string") message.writeStringField(6, value);
  message.writeStringField(10, name);
}
