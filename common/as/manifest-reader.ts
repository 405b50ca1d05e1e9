// Reads the section `.stap.manifest` (layout: common/format/manifest). Hostile input: `readManifest` checks the header,
// every table's extent, every string and every index of every row once; after that no accessor can fail or trap, as
// long as callers stay under `count`.

import {
  ArgumentRow,
  FeatureRow,
  GlobalRow,
  LineRow,
  MANIFEST_MAGIC,
  MANIFEST_VERSION,
  Manifest,
  NONE,
  PositionRow,
  ProbeRow,
  ProgramRow,
  rowSize,
  SiteRow,
  SymbolRow,
  TableKind,
  TargetRow,
} from "../format/manifest";
import { ByteReader } from "./bytes";

/** A checked manifest. */
export class ManifestReader {
  /** What is wrong with it; empty if it can be used. */
  problem: string = "";
  private offsets: StaticArray<i32> = new StaticArray<i32>(TableKind.Size);
  private counts: StaticArray<i32> = new StaticArray<i32>(TableKind.Size);

  constructor(public data: ByteReader) {}

  /** A u32 of the header: a member of Manifest. */
  header(field: i32): i32 {
    return this.data.i32(field);
  }

  /** Rows of a table (TableKind). */
  count(table: i32): i32 {
    return this.counts[table];
  }

  /** A u32 field of a row. */
  field(table: i32, row: i32, field: i32): i32 {
    return this.data.i32(this.at(table, row) + field);
  }

  /** A u64 field of a row. */
  long(table: i32, row: i32, field: i32): u64 {
    return this.data.u64(this.at(table, row) + field);
  }

  /** A string field of a row. */
  text(table: i32, row: i32, field: i32): string {
    return this.textAt(this.data.u32(this.at(table, row) + field));
  }

  /** Bytes of a string field. */
  stringLength(table: i32, row: i32, field: i32): i32 {
    const at = this.data.u32(this.at(table, row) + field);
    return at == 0 ? 0 : this.data.i32(at);
  }

  /** Reads the directory and checks every table; empty, or what is wrong. */
  check(): string {
    const data = this.data;
    if (data.length < Manifest.Directory + TableKind.Size * 8) return "the manifest is shorter than its header";
    if (data.u32(Manifest.Magic) != MANIFEST_MAGIC) return "the manifest has no magic number";
    if (data.u32(Manifest.Version) != MANIFEST_VERSION)
      return `the manifest has version ${data.u32(Manifest.Version)}, this program reads version ${MANIFEST_VERSION}`;
    for (let table = 0; table < TableKind.Size; ++table) {
      const offset = data.u32(Manifest.Directory + table * 8);
      const count = data.u32(Manifest.Directory + table * 8 + 4);
      const bytes = <u64>count * <u64>rowSize(table);
      if (bytes > <u64>data.length || !data.has(offset, <u32>bytes))
        return `table ${table} extends past the end of the manifest`;
      this.offsets[table] = <i32>offset;
      this.counts[table] = <i32>count;
    }
    if (!this.isString(data.u32(Manifest.Script))) return "the script's name lies outside of the manifest";
    for (let table = 0; table < TableKind.Size; ++table) {
      for (let row = 0, n = this.counts[table]; row < n; ++row) {
        if (!this.isRow(table, row)) return `row ${row} of table ${table} refers to something that does not exist`;
      }
    }
    return "";
  }

  private at(table: i32, row: i32): i32 {
    assert(<u32>row < <u32>this.counts[table], "a row of the manifest exists");
    return this.offsets[table] + row * rowSize(table);
  }

  private textAt(at: u32): string {
    return at == 0 ? "" : this.data.text(at + 4, this.data.u32(at));
  }

  private isString(at: u32): bool {
    const data = this.data;
    return at == 0 || (data.has(at, 4) && at <= <u32>data.length - 4 && data.has(at + 4, data.u32(at)));
  }

  private isText(table: i32, row: i32, field: i32): bool {
    return this.isString(this.data.u32(this.at(table, row) + field));
  }

  /** Is the field a row of another table, or NONE? */
  private isIndex(table: i32, row: i32, field: i32, other: i32): bool {
    const index = this.field(table, row, field);
    return index == NONE || <u32>index < <u32>this.counts[other];
  }

  private isRow(table: i32, row: i32): bool {
    switch (table) {
      case TableKind.Program:
        return (
          this.isText(table, row, ProgramRow.Name) &&
          this.isText(table, row, ProgramRow.Section) &&
          this.isIndex(table, row, ProgramRow.Position, TableKind.Position)
        );
      case TableKind.Probe:
        return (
          <u32>this.field(table, row, ProbeRow.Program) < <u32>this.counts[TableKind.Program] &&
          this.isIndex(table, row, ProbeRow.Target, TableKind.Target) &&
          this.isText(table, row, ProbeRow.Point) &&
          this.isIndex(table, row, ProbeRow.Position, TableKind.Position)
        );
      case TableKind.Site:
        return this.isSite(row);
      case TableKind.Global:
        return this.isText(table, row, GlobalRow.Name);
      case TableKind.Position:
        return this.isText(table, row, PositionRow.File) && this.isText(table, row, PositionRow.Text);
      case TableKind.Line:
        return (
          this.isIndex(table, row, LineRow.Program, TableKind.Program) &&
          this.isIndex(table, row, LineRow.Position, TableKind.Position)
        );
      case TableKind.Feature:
        return (
          this.isText(table, row, FeatureRow.Name) &&
          this.isIndex(table, row, FeatureRow.Position, TableKind.Position) &&
          this.isIndex(table, row, FeatureRow.Probe, TableKind.Probe)
        );
      case TableKind.Target:
        return this.isTarget(row);
      case TableKind.Symbol:
        return (
          this.isText(table, row, SymbolRow.Name) && this.isIndex(table, row, SymbolRow.Position, TableKind.Position)
        );
      default:
        return this.field(table, row, ArgumentRow.Bytes) >= 0;
    }
  }

  private isTarget(row: i32): bool {
    return (
      this.isText(TableKind.Target, row, TargetRow.Name) &&
      this.isText(TableKind.Target, row, TargetRow.System) &&
      this.isText(TableKind.Target, row, TargetRow.Module) &&
      this.isText(TableKind.Target, row, TargetRow.Path) &&
      this.isText(TableKind.Target, row, TargetRow.BuildId) &&
      this.isText(TableKind.Target, row, TargetRow.Bytes)
    );
  }

  private isSite(row: i32): bool {
    const first = <u64>(<u32>this.field(TableKind.Site, row, SiteRow.FirstArgument));
    const count = <u64>(<u32>this.field(TableKind.Site, row, SiteRow.ArgumentCount));
    return (
      this.isText(TableKind.Site, row, SiteRow.Format) &&
      this.isText(TableKind.Site, row, SiteRow.Near) &&
      this.isIndex(TableKind.Site, row, SiteRow.Position, TableKind.Position) &&
      this.isIndex(TableKind.Site, row, SiteRow.Probe, TableKind.Probe) &&
      (count == 0 || first + count <= <u64>this.counts[TableKind.Argument])
    );
  }
}

/** Reads a manifest; its `problem` says whether it can be used. */
export function readManifest(data: ByteReader): ManifestReader {
  const manifest = new ManifestReader(data);
  manifest.problem = manifest.check();
  return manifest;
}
