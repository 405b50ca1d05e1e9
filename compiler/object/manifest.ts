// Writes `.stap.manifest`: tables of fixed-size rows and a blob of strings (layout: common/format/manifest.ts).
//
// Rows are built in the order that readers see them; `row()` returns the new row's index, which other rows refer to.

import { ByteWriter } from "../../common/as/byte-writer";
import { MANIFEST_MAGIC, MANIFEST_VERSION, Manifest, rowSize, TableKind } from "../../common/format/manifest";

/** A manifest under construction. */
export class ManifestWriter {
  private header: ByteWriter = new ByteWriter(64);
  private tables: ByteWriter[] = [];
  private blob: ByteWriter = new ByteWriter(512);
  private interned: Map<string, i32> = new Map<string, i32>();

  constructor() {
    this.header.zeros(Manifest.Directory);
    this.header.patch32(Manifest.Magic, MANIFEST_MAGIC);
    this.header.patch32(Manifest.Version, MANIFEST_VERSION);
    for (let kind = 0; kind < TableKind.Size; ++kind) this.tables.push(new ByteWriter(128));
  }

  /** Sets a u32 of the header. */
  set(field: Manifest, value: i32): void {
    this.header.patch32(field, value);
  }

  /** Sets a string of the header. */
  setString(field: Manifest, text: string): void {
    // Offsets count from the section's start, which is known when the tables are: kept relative until `finish`.
    this.header.patch32(field, this.string(text));
  }

  /** A handle for a string: its offset in the blob plus one; 0 is the empty string. Made absolute by `finish`. */
  string(text: string): i32 {
    if (text.length == 0) return 0;
    if (this.interned.has(text)) return this.interned.get(text);
    this.blob.align(4);
    const handle = this.blob.length + 1;
    this.blob.u32(text.length);
    this.blob.text(text);
    this.interned.set(text, handle);
    return handle;
  }

  /** Adds a zeroed row and returns its index. */
  row(kind: TableKind): i32 {
    const table = this.tables[kind];
    const index = table.length / rowSize(kind);
    table.zeros(rowSize(kind));
    return index;
  }

  /** Sets a u32 of a row. */
  put(kind: TableKind, row: i32, field: i32, value: i32): void {
    this.tables[kind].patch32(row * rowSize(kind) + field, value);
  }

  /** Sets a u64 of a row. */
  putLong(kind: TableKind, row: i32, field: i32, value: i64): void {
    this.tables[kind].patch64(row * rowSize(kind) + field, value);
  }

  /** Sets a string of a row; remembered so that `finish` can make it absolute. */
  putString(kind: TableKind, row: i32, field: i32, text: string): void {
    const handle = this.string(text);
    if (handle == 0) return;
    this.fixups.push(kind);
    this.fixups.push(row * rowSize(kind) + field);
    this.put(kind, row, field, handle);
  }
  private fixups: i32[] = [];

  /** Rows of a table so far. */
  count(kind: TableKind): i32 {
    return this.tables[kind].length / rowSize(kind);
  }

  /** The section's bytes. */
  finish(out: ByteWriter): void {
    let offset = Manifest.Directory + TableKind.Size * 8;
    const directory = new ByteWriter(64);
    for (let kind = 0; kind < TableKind.Size; ++kind) {
      directory.u32(offset);
      directory.u32(this.count(kind));
      offset += this.tables[kind].length;
    }
    const blobStart = offset;
    for (let i = 0, n = this.fixups.length; i < n; i += 2) {
      const table = this.tables[this.fixups[i]];
      const at = this.fixups[i + 1];
      table.patch32(at, table.get32(at) - 1 + blobStart);
    }
    const script = this.header.get32(Manifest.Script);
    if (script != 0) this.header.patch32(Manifest.Script, script - 1 + blobStart);
    out.append(this.header);
    out.append(directory);
    for (let kind = 0; kind < TableKind.Size; ++kind) out.append(this.tables[kind]);
    out.append(this.blob);
  }
}
