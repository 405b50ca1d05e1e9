// Files of the kinds that can be written, back to lines of docs/json.md as far as the file holds them.

import { PbfReader } from "pbf";

/** What is wrong with a file, in words. */
export class FileError extends Error {}

type Members = Record<string, unknown>;

function line(members: Members): string {
  // Times are strings until here, because numbers would round them.
  const { time, ...rest } = members;
  const text = JSON.stringify({ host: "file", type: "print", ...rest });
  return time === undefined ? text : `${text.slice(0, -1)},"time":${time}}`;
}

function stackLine(path: string, count: number | string, host?: string): string {
  const values = `[${JSON.stringify(path)},${count}]`;
  const start = line({ ...(host === undefined ? {} : { host }), text: `${path} ${count}\n`, stacks: [0] });
  return `${start.slice(0, -1)},"values":${values}}`;
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The lines of a file; pprof comes unpacked. */
export function linesOf(kind: string, bytes: Uint8Array): string[] {
  const read = READERS[kind];
  if (!read) throw new FileError("text holds no values; write the run with -o x.jsonl");
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`damaged: ${(error as Error).message}`);
  }
}

const READERS: Record<string, (bytes: Uint8Array) => string[]> = {
  json: (bytes) => {
    const lines = decode(bytes)
      .split("\n")
      .filter((text) => text.trim() !== "");
    if (lines.length > 0 && !/^\s*\{.*"type"/.test(lines[0] as string))
      throw new FileError("no lines of --output json");
    return lines;
  },
  html: (bytes) => {
    const held = /<script type="text\/plain" id="lines">([^<]*)/.exec(decode(bytes));
    if (!held) throw new FileError("no page of stap-remote");
    return (held[1] as string).split("\n").filter((text) => text !== "");
  },
  folded: (bytes) =>
    decode(bytes)
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => {
        const parts = /^(.*) (\d+)$/.exec(text);
        if (!parts) throw new FileError(`no folded stack: '${text.slice(0, 80)}'`);
        return stackLine(parts[1] as string, parts[2] as string);
      }),
  speedscope: readSpeedscope,
  csv: readCsv,
  pprof: readPprof,
  perfetto: readPerfetto,
};

interface Speedscope {
  shared: { frames: { name: string }[] };
  profiles: {
    type: string;
    name: string;
    samples?: number[][];
    weights?: number[];
    events?: { type: string; at: number; frame: number }[];
  }[];
}

function readSpeedscope(bytes: Uint8Array): string[] {
  const { shared, profiles } = JSON.parse(decode(bytes)) as Speedscope;
  const name = (frame: number) => String(shared.frames[frame]?.name ?? frame);
  return profiles.flatMap((profile, i) => {
    const stacks = (profile.samples ?? []).map((sample, k) => {
      return stackLine(sample.map(name).join(";"), Number(profile.weights?.[k] ?? 1), profile.name);
    });
    const spans = (profile.events ?? []).map(({ type, at, frame }) => {
      const text = type === "O" ? `B|${i + 1}|${name(frame)}\n` : `E|${i + 1}\n`;
      return line({ host: profile.name, text, values: [i + 1], time: BigInt(Math.round(at)) });
    });
    return [...stacks, ...spans];
  });
}

/** RFC 4180, with the columns that our files have. */
function readCsv(bytes: Uint8Array): string[] {
  const [names, ...rows] = rowsOf(decode(bytes));
  if (names?.[0] !== "host" || names[5] !== "text") throw new FileError("no CSV file of stap-remote");
  return rows.map(([host, type, time, cpu, probe, text, ...values]) => {
    const known: Members = { host, type, text: `${text}\n` };
    if (time) known.time = BigInt(time);
    if (cpu) known.cpu = Number(cpu);
    if (probe) known.probe = probe;
    const shown = values.filter((value) => value !== "").map(valueText);
    return `${line(known).slice(0, -1)},"values":[${shown.join(",")}]}`;
  });
}

function valueText(field: string): string {
  return /^-?\d+$/.test(field) || field.startsWith('{"type":"hist_') ? field : JSON.stringify(field);
}

function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === ",") continue;
    if (row.length > 1) rows.push(row);
    row = [];
  }
  return rows;
}

/** Fields of a protobuf message, in order: numbers as text, messages as readers. */
function fieldsOf(reader: PbfReader): { field: number; long: bigint; bytes: Uint8Array }[] {
  const fields: { field: number; long: bigint; bytes: Uint8Array }[] = [];
  while (reader.pos < reader.length) {
    const tag = reader.readVarint();
    const wire = tag & 7;
    let long = 0n;
    let bytes: Uint8Array = new Uint8Array(0);
    if (wire === 0) long = readLong(reader);
    else if (wire === 2) bytes = reader.readBytes();
    else if (wire === 5) reader.readFixed32();
    else if (wire === 1) reader.readFixed64();
    else throw new FileError("no message of protobuf");
    fields.push({ field: tag >>> 3, long, bytes });
  }
  if (reader.pos > reader.length) throw new FileError("cut off");
  return fields;
}

function readLong(reader: PbfReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.buf[reader.pos++] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return BigInt.asUintN(64, value);
}

const message = (bytes: Uint8Array) => fieldsOf(new PbfReader(bytes));
const first = (fields: ReturnType<typeof fieldsOf>, field: number) => fields.find((one) => one.field === field);

function packed({ long, bytes }: { long: bigint; bytes: Uint8Array }): bigint[] {
  if (bytes.length === 0) return [long];
  const reader = new PbfReader(bytes);
  const values: bigint[] = [];
  while (reader.pos < reader.length) values.push(readLong(reader));
  return values;
}

function readPprof(bytes: Uint8Array): string[] {
  const fields = message(bytes);
  const of = (field: number) => fields.filter((one) => one.field === field).map((one) => message(one.bytes));
  const strings = fields.filter(({ field }) => field === 6).map((one) => decode(one.bytes));
  const text = (index: bigint | undefined) => strings[Number(index ?? 0n)] ?? "";
  const functions = new Map(of(5).map((one) => [first(one, 1)?.long, text(first(one, 2)?.long)]));
  const locations = new Map(
    of(4).map((one) => {
      const lines = one.filter(({ field }) => field === 4).map((each) => first(message(each.bytes), 1)?.long);
      const address = `0x${(first(one, 3)?.long ?? 0n).toString(16)}`;
      return [first(one, 1)?.long, lines.map((id) => functions.get(id) ?? address).reverse()];
    }),
  );
  return of(2).map((sample) => {
    const ids = sample.filter(({ field }) => field === 1).flatMap(packed);
    const path = ids.reverse().flatMap((id) => locations.get(id) ?? [`location ${id}`]);
    const [count = 0n] = sample.filter(({ field }) => field === 2).flatMap(packed);
    const labels = sample.filter(({ field }) => field === 3).map((one) => message(one.bytes));
    const host = labels.find((label) => text(first(label, 1)?.long) === "host");
    return stackLine(path.join(";"), String(count), host && text(first(host, 2)?.long));
  });
}

function readPerfetto(bytes: Uint8Array): string[] {
  const tracks = new Map<bigint, { name: string; host: string }>();
  const names = new Map<bigint, string>();
  const lines: string[] = [];
  for (const { bytes: packet } of message(bytes)) {
    const fields = message(packet);
    const track = first(fields, 60);
    if (track) {
      const own = message(track.bytes);
      const name = decode(first(own, 2)?.bytes ?? new Uint8Array(0));
      const parent = tracks.get(first(own, 5)?.long ?? 0n);
      tracks.set(first(own, 1)?.long ?? 0n, { name, host: parent?.host ?? name });
    }
    for (const interned of fields.filter(({ field }) => field === 12).flatMap((one) => message(one.bytes))) {
      const name = message(interned.bytes);
      if (interned.field === 2)
        names.set(first(name, 1)?.long ?? 0n, decode(first(name, 2)?.bytes ?? new Uint8Array(0)));
    }
    const event = first(fields, 11);
    if (event) lines.push(eventLine(message(event.bytes), { tracks, names, time: first(fields, 8)?.long ?? 0n }));
  }
  return lines;
}

interface Around {
  tracks: Map<bigint, { name: string; host: string }>;
  names: Map<bigint, string>;
  time: bigint;
}

function eventLine(event: ReturnType<typeof fieldsOf>, { tracks, names, time }: Around): string {
  const uuid = first(event, 11)?.long ?? 0n;
  const { name: track, host } = tracks.get(uuid) ?? { name: "", host: "file" };
  const name = names.get(first(event, 10)?.long ?? 0n) ?? "";
  const thread = /^thread (\d+)$/.exec(track)?.[1] ?? "0";
  const type = Number(first(event, 9)?.long ?? 0n);
  const known: Members = { host, time };
  if (type === 1) return line({ ...known, text: `B|${thread}|${name}\n`, values: [] });
  if (type === 2) return line({ ...known, text: `E|${thread}\n`, values: [] });
  if (type === 4) {
    const value = BigInt.asIntN(64, first(event, 30)?.long ?? 0n);
    return line({ ...known, text: `C|0|${track.replaceAll("|", "_")}|${value}\n`, values: [] });
  }
  const notes = event.filter(({ field }) => field === 4).map((one) => message(one.bytes));
  const text = notes.map((note) => first(note, 6)?.bytes).find((found) => found !== undefined);
  return line({ ...known, probe: name, text: text ? `${decode(text)}\n` : `I|${thread}|${name}\n`, values: [] });
}
