// pprof's profile.proto: a sample for each stack, with the host as a label. Field numbers are those of
// github.com/google/pprof, proto/profile.proto. The file is this message, packed by gzip.

import { StackCounts } from "./folded.ts";
import { type Message, newMessage, writeLong } from "./protobuf.ts";
import type { Item } from "./record.ts";
import { NOTHING, type Writer } from "./writer.ts";

const enum Profile {
  SampleType = 1,
  Sample = 2,
  Location = 4,
  Function = 5,
  Strings = 6,
  TimeNanos = 9,
  DurationNanos = 10,
}

/** Numbers for texts or names, from 0 on, in the order of their coming. */
class Numbers {
  readonly all: string[] = [];
  private readonly known = new Map<string, number>();

  constructor(private readonly first: number) {}

  of(text: string): number {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const number = this.first + this.all.length;
    this.known.set(text, number);
    this.all.push(text);
    return number;
  }
}

export function pprofWriter(): Writer {
  const stacks = new StackCounts();
  let [first, last] = [0n, 0n];
  return {
    add: (item: Item) => {
      if (item.time !== undefined) {
        if (first === 0n) first = item.time;
        last = item.time;
      }
      return stacks.add(item, true);
    },
    take: () => NOTHING,
    end: () => profileOf(stacks.counts, first, last - first),
  };
}

function profileOf(counts: Map<string, bigint>, time: bigint, duration: bigint): Uint8Array {
  const strings = new Numbers(0);
  strings.of("");
  const functions = new Numbers(1);
  const profile = newMessage();
  const type = { type: strings.of("samples"), unit: strings.of("count") };
  profile.writeMessage(Profile.SampleType, writeValueType, type);
  for (const [stack, count] of counts) {
    const [host, ...frames] = stack.split(";") as [string, ...string[]];
    // pprof's stacks begin with the innermost frame.
    const locations = frames.map((name) => functions.of(name)).reverse();
    const label = { key: strings.of("host"), text: strings.of(host) };
    profile.writeMessage(Profile.Sample, writeSample, { locations, count, label });
  }
  functions.all.forEach((name, i) => {
    profile.writeMessage(Profile.Location, writeLocation, i + 1);
    profile.writeMessage(Profile.Function, writeFunction, { id: i + 1, name: strings.of(name) });
  });
  for (const text of strings.all) profile.writeStringField(Profile.Strings, text);
  if (time > 0n) writeLong(profile, Profile.TimeNanos, time);
  if (duration > 0n) writeLong(profile, Profile.DurationNanos, duration);
  return profile.finish();
}

function writeValueType({ type, unit }: { type: number; unit: number }, message: Message): void {
  message.writeVarintField(1, type);
  message.writeVarintField(2, unit);
}

interface Sample {
  locations: number[];
  count: bigint;
  label: { key: number; text: number };
}

function writeSample({ locations, count, label }: Sample, message: Message): void {
  message.writePackedVarint(1, locations);
  writeLong(message, 2, count);
  message.writeMessage(3, writeLabel, label);
}

function writeLabel({ key, text }: Sample["label"], message: Message): void {
  message.writeVarintField(1, key);
  message.writeVarintField(2, text);
}

/** A location without address: one line, of the function with the same number. */
function writeLocation(id: number, message: Message): void {
  message.writeVarintField(1, id);
  message.writeMessage(4, (line: number, inner: Message) => inner.writeVarintField(1, line), id);
}

function writeFunction({ id, name }: { id: number; name: number }, message: Message): void {
  message.writeVarintField(1, id);
  message.writeVarintField(2, name);
  message.writeVarintField(3, name);
}
