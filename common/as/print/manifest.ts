// The tables of a manifest that the formatter needs: sites, their arguments, positions, strings. Every offset is
// checked, because the section may come from anywhere. A string that lies outside the section is empty.

import {
  ArgumentRow,
  MANIFEST_MAGIC,
  MANIFEST_VERSION,
  Manifest,
  PositionRow,
  rowSize,
  SiteRow,
  TableKind,
} from "../../format/manifest";

/** Why a manifest cannot be used. */
export const enum ManifestFault {
  None = 0,
  /** shorter than its header or directory */
  Short = 1,
  Magic = 2,
  Version = 3,
  /** a table does not lie inside the section */
  Table = 4,
  /** a site's arguments do not lie inside their table, or are of no known type or size */
  Argument = 5,
}

/** A checked view of manifest bytes; they must stay where they are. */
export class ManifestView {
  private start: usize = 0;
  private length: i32 = 0;
  siteCount: i32 = 0;
  private sites: usize = 0;
  argumentCount: i32 = 0;
  private arguments: usize = 0;
  positionCount: i32 = 0;
  private positions: usize = 0;

  /** Checks the bytes and takes their tables. */
  open(start: usize, length: i32): ManifestFault {
    this.start = start;
    this.length = length;
    if (length < Manifest.Directory + TableKind.Size * 8) return ManifestFault.Short;
    if (load<u32>(start, Manifest.Magic) != <u32>MANIFEST_MAGIC) return ManifestFault.Magic;
    if (load<u32>(start, Manifest.Version) != <u32>MANIFEST_VERSION) return ManifestFault.Version;
    for (let kind = 0; kind < TableKind.Size; ++kind) {
      if (!this.holdsTable(kind)) return ManifestFault.Table;
    }
    this.sites = this.table(TableKind.Site);
    this.siteCount = this.count(TableKind.Site);
    this.arguments = this.table(TableKind.Argument);
    this.argumentCount = this.count(TableKind.Argument);
    this.positions = this.table(TableKind.Position);
    this.positionCount = this.count(TableKind.Position);
    return ManifestFault.None;
  }

  private holdsTable(kind: i32): bool {
    let entry = this.start + <usize>(Manifest.Directory + kind * 8);
    let offset = <u64>load<u32>(entry);
    let bytes = <u64>load<u32>(entry, 4) * <u64>rowSize(kind);
    return offset + bytes <= <u64>this.length;
  }

  private table(kind: i32): usize {
    return this.start + <usize>load<u32>(this.start + <usize>(Manifest.Directory + kind * 8));
  }

  private count(kind: i32): i32 {
    return load<i32>(this.start + <usize>(Manifest.Directory + kind * 8), 4);
  }

  /** A field of a site; `site` must be below siteCount. */
  siteField(site: i32, field: i32): i32 {
    return load<i32>(this.sites + <usize>(site * SiteRow.Size + field));
  }

  /** A field of an argument; `argument` must be below argumentCount. */
  argumentField(argument: i32, field: i32): i32 {
    return load<i32>(this.arguments + <usize>(argument * ArgumentRow.Size + field));
  }

  /** A field of a position; `position` must be below positionCount. */
  positionField(position: i32, field: i32): i32 {
    return load<i32>(this.positions + <usize>(position * PositionRow.Size + field));
  }

  /** A field, which is a string, of a row of any table; 0 if there is no such row. */
  rowField(kind: TableKind, row: i32, field: i32): i32 {
    if (<u32>row >= <u32>this.count(kind)) return 0;
    return load<i32>(this.table(kind) + <usize>(row * rowSize(kind) + field));
  }

  /** A field of the header. */
  headerField(field: i32): i32 {
    return load<i32>(this.start + <usize>field);
  }

  /** Bytes of the string at `offset`; 0 for the empty string and for one that lies outside. */
  stringLength(offset: i32): i32 {
    if (<u32>offset == 0 || <u64>(<u32>offset) + 4 > <u64>this.length) return 0;
    let length = load<u32>(this.start + <usize>(<u32>offset));
    return <u64>(<u32>offset) + 4 + <u64>length > <u64>this.length ? 0 : <i32>length;
  }

  /** Where the string at `offset` begins; meaningful if stringLength is not 0. */
  stringStart(offset: i32): usize {
    return this.start + <usize>(<u32>offset) + 4;
  }
}
