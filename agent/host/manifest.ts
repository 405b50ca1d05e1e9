// Reads the manifest of a .bo on the host: the section, and the tables that explain a refused program. (The formatter
// reads sites and arguments itself, in Wasm.) All offsets are checked, because `run x.bo` takes files from anywhere.

import {
  ArgumentRow,
  GlobalRow,
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
import { ElfView, ObjectError } from "./elf.ts";

const SECTION = ".stap.manifest";

/** A place in a script. */
export interface ScriptPosition {
  file: string;
  line: number;
  column: number;
  text: string;
}

/** The manifest's bytes in an object, or null. */
export function manifestOf(object: Uint8Array): Uint8Array | null {
  return new ElfView(object).find(SECTION);
}

/** The tables of a manifest. */
export class ManifestReader {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  /** Takes the object; throws an ObjectError if it has no manifest of this version. */
  constructor(object: Uint8Array) {
    const bytes = manifestOf(object);
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

  /** The program, if there is but one; else -1. */
  onlyProgram(): number {
    return this.count(TableKind.Program) === 1 ? 0 : -1;
  }

  /** The global variable at an offset of .bss, or "". */
  globalAt(offset: number): string {
    for (let i = 0, n = this.count(TableKind.Global); i < n; i++) {
      const start = this.field(TableKind.Global, i, GlobalRow.Offset);
      const inside = offset >= start && offset < start + this.field(TableKind.Global, i, GlobalRow.Bytes);
      if (inside) return this.string(this.field(TableKind.Global, i, GlobalRow.Name));
    }
    return "";
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

  /** A u32 of a row. */
  field(kind: TableKind, row: number, offset: number): number {
    return this.word(this.word(Manifest.Directory + kind * 8) + row * rowSize(kind) + offset);
  }

  /** A u32 of the header. */
  header(field: Manifest): number {
    return this.word(field);
  }

  private word(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  /** A string of a row. */
  text(kind: TableKind, row: number, offset: number): string {
    return this.string(this.field(kind, row, offset));
  }

  private string(offset: number): string {
    if (offset === 0 || offset + 4 > this.bytes.length) return "";
    const length = this.word(offset);
    return new TextDecoder().decode(this.bytes.subarray(offset + 4, offset + 4 + length));
  }
}
