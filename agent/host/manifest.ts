// Reads the manifest of a .bo on the host: the section, and the tables that explain a refused program. (The formatter
// reads sites and arguments itself, in Wasm.) All offsets are checked, because `run x.bo` takes files from anywhere.

import {
  ArgumentRow,
  LineRow,
  MANIFEST_MAGIC,
  MANIFEST_VERSION,
  Manifest,
  PositionRow,
  ProbeRow,
  ProgramRow,
  rowSize,
  Show,
  TableKind,
} from "../../common/format/manifest.ts";

const SECTION = ".stap.manifest";

/** The file is not an object that this program can run. */
export class ObjectError extends Error {
  override name = "ObjectError";
}

/** A place in a script. */
export interface ScriptPosition {
  file: string;
  line: number;
  column: number;
  text: string;
}

/** The bytes of an ELF section, by name; null if there is none. */
export function findSection(object: Uint8Array, name: string): Uint8Array | null {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  if (object.length < 64 || view.getUint32(0, false) !== 0x7f454c46 || object[4] !== 2 || object[5] !== 1) {
    throw new ObjectError("not an object file of stap-remote (no 64-bit little-endian ELF)");
  }
  const table = Number(view.getBigUint64(40, true));
  const entry = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const names = view.getUint16(62, true);
  if (entry < 64 || table + entry * count > object.length || names >= count) throw new ObjectError("damaged ELF file");
  const range = (index: number): Uint8Array => {
    const at = table + index * entry;
    const offset = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    if (offset + size > object.length) throw new ObjectError("damaged ELF file");
    return object.subarray(offset, offset + size);
  };
  const strings = range(names);
  for (let i = 0; i < count; i++) {
    const start = view.getUint32(table + i * entry, true);
    const end = strings.indexOf(0, start);
    if (end >= 0 && new TextDecoder().decode(strings.subarray(start, end)) === name) return range(i);
  }
  return null;
}

/** The tables of a manifest. */
export class ManifestReader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  /** Takes the object; throws an ObjectError if it has no manifest of this version. */
  constructor(object: Uint8Array) {
    const bytes = findSection(object, SECTION);
    if (!bytes) throw new ObjectError("not an object file of stap-remote (it has no manifest)");
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const directoryEnd = Manifest.Directory + TableKind.Size * 8;
    if (bytes.length < directoryEnd || this.word(Manifest.Magic) !== MANIFEST_MAGIC >>> 0) {
      throw new ObjectError("damaged manifest");
    }
    if (this.word(Manifest.Version) !== MANIFEST_VERSION) {
      const versions = `version ${this.word(Manifest.Version)}; this stap-remote reads version ${MANIFEST_VERSION}`;
      throw new ObjectError(`the object's manifest has ${versions}: compile the script again`);
    }
    for (let kind = 0; kind < TableKind.Size; kind++) {
      const end = this.word(Manifest.Directory + kind * 8) + this.count(kind) * rowSize(kind);
      if (end > bytes.length) throw new ObjectError("damaged manifest");
    }
  }

  get machine(): number {
    return this.word(Manifest.Machine);
  }

  get script(): string {
    return this.string(this.word(Manifest.Script));
  }

  /** Whether what is printed carries its time. */
  get hasTimes(): boolean {
    for (let i = 0, n = this.count(TableKind.Argument); i < n; i++) {
      if (this.field(TableKind.Argument, i, ArgumentRow.Show) === Show.Time) return true;
    }
    return false;
  }

  count(kind: TableKind): number {
    return this.word(Manifest.Directory + kind * 8 + 4);
  }

  /** The index of the program called `name` (or beginning with it: the kernel keeps 15 bytes), or -1. */
  findProgram(name: string): number {
    for (let i = 0, n = this.count(TableKind.Program); i < n; i++) {
      const own = this.string(this.field(TableKind.Program, i, ProgramRow.Name));
      if (own === name || (name.length >= 15 && own.startsWith(name))) return i;
    }
    return -1;
  }

  /** The resolved point of the first probe that runs `program`, or "". */
  pointOf(program: number): string {
    for (let i = 0, n = this.count(TableKind.Probe); i < n; i++) {
      if (this.field(TableKind.Probe, i, ProbeRow.Program) !== program) continue;
      return this.string(this.field(TableKind.Probe, i, ProbeRow.Point));
    }
    return "";
  }

  /** Where the handler of `program` stands. */
  positionOfProgram(program: number): ScriptPosition | null {
    return this.position(this.field(TableKind.Program, program, ProgramRow.Position));
  }

  /** The place of instruction `insn` of `program`, or null. */
  positionOfInsn(program: number, insn: number): ScriptPosition | null {
    let found = -1;
    for (let i = 0, n = this.count(TableKind.Line); i < n; i++) {
      if (this.field(TableKind.Line, i, LineRow.Program) !== program >>> 0) continue;
      if (this.field(TableKind.Line, i, LineRow.Insn) > insn) continue;
      found = this.field(TableKind.Line, i, LineRow.Position);
    }
    return this.position(found);
  }

  /** A position whose line of script is `text`, and whose number is `line` if that is given. */
  findPosition(text: string, line?: number): ScriptPosition | null {
    for (let i = 0, n = this.count(TableKind.Position); i < n; i++) {
      const position = this.position(i);
      if (position?.text.trim() === text.trim() && (line === undefined || position.line === line)) return position;
    }
    return null;
  }

  position(index: number): ScriptPosition | null {
    if (index < 0 || index >= this.count(TableKind.Position)) return null;
    const field = (offset: number) => this.field(TableKind.Position, index, offset);
    return {
      file: this.string(field(PositionRow.File)),
      line: field(PositionRow.Line),
      column: field(PositionRow.Column),
      text: this.string(field(PositionRow.Text)),
    };
  }

  private field(kind: TableKind, row: number, offset: number): number {
    return this.word(this.word(Manifest.Directory + kind * 8) + row * rowSize(kind) + offset);
  }

  private word(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  private string(offset: number): string {
    if (offset === 0 || offset + 4 > this.bytes.length) return "";
    const length = this.word(offset);
    return new TextDecoder().decode(this.bytes.subarray(offset + 4, offset + 4 + length));
  }
}
