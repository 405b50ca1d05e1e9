// Makes manifests, objects and records for tests, the way the compiler and a ring buffer would.

import {
  ArgumentRow,
  GlobalRow,
  LineRow,
  MANIFEST_MAGIC,
  MANIFEST_VERSION,
  Manifest,
  NONE,
  Origin,
  PositionRow,
  ProbeRow,
  ProgramRow,
  rowSize,
  Show,
  SiteRow,
  SiteStyle,
  TableKind,
} from "../../common/format/manifest.ts";
import { ArgumentType, HistogramArgument, RecordFlags, RecordItem, SiteKind } from "../../common/format/record.ts";

const encoder = new TextEncoder();

/**
 * An argument: a number, text of varying size, text in a fixed field, a histogram of so many buckets, or a number that
 * is shown in a way of its own.
 */
export type ArgumentShape = "long" | "string" | { fixed: number } | { buckets: number } | { long: Show };

/** The control characters in a script's literals, and what follows an ESC there. */
export interface LiteralControls {
  characters: string;
  afterEscape: string;
}

/** What a site may say; all but the format has a default. */
export interface SiteShape {
  format?: string | Uint8Array;
  style?: SiteStyle;
  kind?: SiteKind;
  arguments?: ArgumentShape[];
  /** Of all its arguments; the machine's if absent. */
  origin?: Origin;
  /** Of all its arguments. */
  show?: Show;
  near?: string;
  position?: number;
}

/** Collects rows and strings; `done` lays them out. */
export class ManifestBuilder {
  private readonly rows: number[][][] = Array.from({ length: TableKind.Size }, () => []);
  private readonly blob: number[] = [0, 0, 0, 0];
  private readonly fixups: { table: number; row: number; word: number }[] = [];
  flags = 0;
  machine = 62;
  controls: LiteralControls = { characters: "", afterEscape: "" };

  /** Adds a site; returns its index. */
  site(shape: SiteShape): number {
    const types = shape.arguments ?? [];
    const first = this.rows[TableKind.Argument]!.length;
    for (const type of types) this.argument(type, shape.origin ?? Origin.Machine, shape.show ?? Show.Value);
    const row = new Array(SiteRow.Size / 4).fill(0);
    row[SiteRow.Kind / 4] = shape.kind ?? SiteKind.Print;
    row[SiteRow.Style / 4] = shape.style ?? SiteStyle.Printf;
    row[SiteRow.FirstArgument / 4] = first;
    row[SiteRow.ArgumentCount / 4] = types.length;
    row[SiteRow.Position / 4] = shape.position ?? NONE;
    row[SiteRow.Probe / 4] = NONE;
    const index = this.add(TableKind.Site, row);
    this.setString(TableKind.Site, index, SiteRow.Format, shape.format ?? "");
    this.setString(TableKind.Site, index, SiteRow.Near, shape.near ?? "");
    return index;
  }

  /** Adds a position; returns its index. */
  position(file: string, line: number, column: number, text: string): number {
    const row = new Array(PositionRow.Size / 4).fill(0);
    row[PositionRow.Line / 4] = line;
    row[PositionRow.Column / 4] = column;
    const index = this.add(TableKind.Position, row);
    this.setString(TableKind.Position, index, PositionRow.File, file);
    this.setString(TableKind.Position, index, PositionRow.Text, text);
    return index;
  }

  /** Adds a global variable. */
  global(name: string, offset: number, bytes: number): void {
    const row = new Array(GlobalRow.Size / 4).fill(0);
    row[GlobalRow.Offset / 4] = offset;
    row[GlobalRow.Bytes / 4] = bytes;
    this.setString(TableKind.Global, this.add(TableKind.Global, row), GlobalRow.Name, name);
  }

  /** Adds a program and a probe that runs it; returns the program's index. */
  program(name: string, point: string, position: number = NONE): number {
    const row = new Array(ProgramRow.Size / 4).fill(0);
    row[ProgramRow.Position / 4] = position;
    const index = this.add(TableKind.Program, row);
    this.setString(TableKind.Program, index, ProgramRow.Name, name);
    const probe = new Array(ProbeRow.Size / 4).fill(0);
    probe[ProbeRow.Program / 4] = index;
    probe[ProbeRow.Target / 4] = NONE;
    probe[ProbeRow.Group / 4] = NONE;
    this.setString(TableKind.Probe, this.add(TableKind.Probe, probe), ProbeRow.Point, point);
    return index;
  }

  /** Says that `program` is at `position` from instruction `insn` on. */
  line(program: number, insn: number, position: number): void {
    const row = new Array(LineRow.Size / 4).fill(0);
    row[LineRow.Program / 4] = program;
    row[LineRow.Insn / 4] = insn;
    row[LineRow.Position / 4] = position;
    this.add(TableKind.Line, row);
  }

  /** The section's bytes. */
  done(): Uint8Array {
    const directoryEnd = Manifest.Directory + TableKind.Size * 8;
    const sizes = this.rows.map((rows, kind) => rows.length * rowSize(kind));
    const blobStart = directoryEnd + sizes.reduce((sum, size) => sum + size, 0);
    const header = this.blob.length + 8 + this.controls.characters.length + this.controls.afterEscape.length;
    const bytes = new Uint8Array(blobStart + header);
    const view = new DataView(bytes.buffer);
    view.setUint32(Manifest.Magic, MANIFEST_MAGIC, true);
    view.setUint32(Manifest.Version, MANIFEST_VERSION, true);
    view.setUint32(Manifest.Machine, this.machine, true);
    view.setUint32(Manifest.Flags, this.flags, true);
    for (const [field, text] of [
      [Manifest.Controls, this.controls.characters],
      [Manifest.AfterEscape, this.controls.afterEscape],
    ] as const) {
      if (text !== "") view.setUint32(field, blobStart + this.blob.length, true);
      this.putBlob(Buffer.from(text, "latin1"));
    }
    for (const fix of this.fixups) this.rows[fix.table]![fix.row]![fix.word]! += blobStart;
    this.fixups.length = 0;
    let at = directoryEnd;
    this.rows.forEach((rows, kind) => {
      view.setUint32(Manifest.Directory + kind * 8, at, true);
      view.setUint32(Manifest.Directory + kind * 8 + 4, rows.length, true);
      for (const word of rows.flat()) {
        view.setInt32(at, word | 0, true);
        at += 4;
      }
    });
    bytes.set(this.blob, blobStart);
    return bytes;
  }

  private argument(type: ArgumentShape, origin: Origin, show: Show): void {
    const row = new Array(ArgumentRow.Size / 4).fill(0);
    const isLong = type === "long" || (typeof type === "object" && "long" in type);
    if (isLong) row.splice(0, 2, ArgumentType.Long, 8);
    else if (type === "string") row.splice(0, 2, ArgumentType.String, 512);
    else if ("fixed" in type) row.splice(0, 2, ArgumentType.FixedString, type.fixed);
    else row.splice(0, 2, ArgumentType.Histogram, HistogramArgument.Buckets + 8 * type.buckets);
    row[ArgumentRow.Origin / 4] = origin;
    row[ArgumentRow.Show / 4] = typeof type === "object" && "long" in type ? type.long : show;
    this.add(TableKind.Argument, row);
  }

  private add(table: TableKind, row: number[]): number {
    return this.rows[table]!.push(row) - 1;
  }

  private setString(table: TableKind, row: number, field: number, text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    if (bytes.length === 0) return;
    this.rows[table]![row]![field / 4] = this.blob.length;
    this.fixups.push({ table, row, word: field / 4 });
    this.putBlob(bytes);
  }

  private putBlob(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.blob.push(...new Uint8Array(new Uint32Array([bytes.length]).buffer), ...bytes);
  }
}

/** An argument's value in a record: numbers are Long, bytes and text String, `fixed` a field of that many bytes. */
export type ArgumentValue = number | bigint | string | Uint8Array | { fixed: number; text: string };

/** One item of a record. */
export function item(site: number, values: ArgumentValue[] = [], flags: RecordFlags = 0, unit = 0): Uint8Array {
  const bytes: number[] = new Array(RecordItem.Size).fill(0);
  bytes[0] = site & 255;
  bytes[1] = site >> 8;
  bytes[RecordItem.Flags] = flags;
  for (let i = 0; i < 4; i++) bytes[RecordItem.Unit + i] = (unit >>> (8 * i)) & 255;
  for (const value of values) {
    if (typeof value === "number" || typeof value === "bigint") {
      bytes.push(...new Uint8Array(new BigInt64Array([BigInt.asIntN(64, BigInt(value))]).buffer));
    } else if (typeof value === "object" && "fixed" in value) {
      const field = new Uint8Array(value.fixed).fill(0xaa);
      field.set(encoder.encode(`${value.text}\0`).subarray(0, value.fixed));
      bytes.push(...field);
    } else {
      const text = typeof value === "string" ? encoder.encode(value) : value;
      bytes.push(...new Uint8Array(new Uint32Array([text.length]).buffer), ...text);
      while (bytes.length % 8) bytes.push(0xaa);
    }
  }
  return Uint8Array.from(bytes);
}

/** The payload of an Output frame of these records, each made of items. */
export function records(...units: Uint8Array[][]): Uint8Array {
  const bytes: number[] = [];
  for (const items of units) {
    const length = items.reduce((sum, one) => sum + one.length, 0);
    bytes.push(...new Uint8Array(new Uint32Array([length, 0]).buffer));
    for (const one of items) bytes.push(...one);
    while (bytes.length % 8) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

/** The smallest ELF file with a manifest in it. */
export function objectWith(manifest: Uint8Array): Uint8Array {
  const names = encoder.encode("\0.stap.manifest\0.shstrtab\0");
  const sections = [
    { name: 0, type: 0, data: new Uint8Array(0) },
    { name: 1, type: 1, data: manifest },
    { name: 16, type: 3, data: names },
  ];
  const table = 64 + ((manifest.length + names.length + 7) & ~7);
  const bytes = new Uint8Array(table + sections.length * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, 247, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, 2, true);
  let at = 64;
  sections.forEach((section, index) => {
    const row = table + index * 64;
    view.setUint32(row, section.name, true);
    view.setUint32(row + 4, section.type, true);
    view.setBigUint64(row + 24, BigInt(at), true);
    view.setBigUint64(row + 32, BigInt(section.data.length), true);
    bytes.set(section.data, at);
    at += section.data.length;
  });
  return bytes;
}
