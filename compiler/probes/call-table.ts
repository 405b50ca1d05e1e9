// The system calls as tapset/calls/ describes them: rows (calls.tab), numbers (numbers.tab), constants (constants.tab).
// The files are read when a script first names a system call.

import { Arch, archName } from "../kernel/facts";
import { Source } from "../source/source";

/** The files of the tapset that describe system calls. */
export const CALL_FILES: StaticArray<string> = ["calls/calls.tab", "calls/numbers.tab", "calls/constants.tab"];

/** An argument without meaning: the upper half of the one before it. */
export const NO_MEANING: i32 = 0x2d;
/** The rows of the calls that return in a new process as well. */
const FORKING: string = " fork vfork clone clone3 ";

/** One argument of a call. */
export class CallArgument {
  /** What scripts call it, as tapset::syscalls(3stap) does; empty if nobody asks for it. */
  variable: string = "";
  /** What the kernel calls it. */
  field: string = "";
  /** A letter of calls.tab. */
  kind: i32 = NO_MEANING;
  /** Its constants: `f.open`; or nothing. */
  table: string = "";

  constructor(word: string) {
    const colon = word.indexOf(":");
    if (colon >= 0) this.read(word, colon);
  }

  private read(word: string, colon: i32): void {
    const names = word.substring(0, colon);
    const slash = names.indexOf("/");
    this.variable = slash < 0 ? names : names.substring(0, slash);
    this.field = slash < 0 ? names : names.substring(slash + 1);
    const kind = word.substring(colon + 1);
    this.kind = kind.charCodeAt(0);
    // Octal numbers and flags share their tables.
    if (kind.length > 2) this.table = kind.startsWith("M") ? `f${kind.substring(1)}` : kind;
  }
}

/** One call, of 64-bit or of 32-bit programs. */
export class CallRow {
  /** From 1 on. */
  index: i32 = 0;
  /** What scripts call it. */
  name: string = "";
  /** What the kernel calls it, if that is different. */
  kernelName: string = "";
  is32: bool = false;
  args: CallArgument[] = [];
  /** As return_str() counts: 1 decimal, 2 hexadecimal, 3 octal. */
  resultForm: i32 = 1;

  constructor(line: string) {
    const words = line.split(" ");
    let name = words[0];
    if (name.endsWith("@32")) {
      this.is32 = true;
      name = name.substring(0, name.length - 3);
    }
    const equals = name.indexOf("=");
    this.name = equals < 0 ? name : name.substring(0, equals);
    this.kernelName = equals < 0 ? name : name.substring(equals + 1);
    for (let i = 1, n = words.length; i < n; ++i) {
      if (words[i] == ">x") this.resultForm = 2;
      else if (words[i] == ">o") this.resultForm = 3;
      else this.args.push(new CallArgument(words[i]));
    }
  }

  /** It returns in the new process, too. */
  get forks(): bool {
    return FORKING.includes(` ${this.name} `);
  }
}

/** What a number stands for. */
export class CallNumber {
  constructor(
    public number: i32,
    /** As in the kernel's headers. */
    public name: string,
    public row: CallRow,
    public is32: bool,
  ) {}

  /** Its structs are those of programs with 32 bits. */
  get isNarrow(): bool {
    return this.is32 && !this.name.endsWith("_time64");
  }
}

/** The entries of a table. */
export class Constants {
  names: string[] = [];
  values: u32[] = [];
  masks: u32[] = [];
  constructor(public name: string) {}
}

/** All system calls of a CPU. */
export class CallTable {
  rows: CallRow[] = [];
  numbers: CallNumber[] = [];
  constants: Constants[] = [];
  private byName: Map<string, CallRow> = new Map<string, CallRow>();

  constructor(
    public arch: Arch,
    calls: Source,
    numbers: Source,
    constants: Source,
  ) {
    this.readRows(calls);
    this.readNumbers(numbers, archName(arch), false);
    this.readNumbers(numbers, `${archName(arch)}@32`, true);
    this.readConstants(constants);
  }

  private readRows(source: Source): void {
    const lines = linesOf(source);
    for (let i = 0, n = lines.length; i < n; ++i) {
      const row = new CallRow(lines[i]);
      row.index = this.rows.length + 1;
      this.rows.push(row);
      const key = row.is32 ? `${row.name}@32` : row.name;
      this.byName.set(key, row);
      if (row.kernelName != row.name && !this.byName.has(row.kernelName)) this.byName.set(row.kernelName, row);
    }
  }

  private readNumbers(source: Source, key: string, is32: bool): void {
    const words = paragraph(linesOf(source), key);
    let next = 0;
    for (let i = 0, n = words.length; i < n; ++i) {
      const first = words[i].charCodeAt(0);
      if (first >= 0x30 && first <= 0x39) {
        next = <i32>I64.parseInt(words[i], 10);
        continue;
      }
      const row = this.rowOf(words[i], is32);
      if (row !== null) this.numbers.push(new CallNumber(next, words[i], row, is32));
      ++next;
    }
  }

  /** The row for a name of the kernel's headers: its own, or that of the call of which it is a variant. */
  private rowOf(name: string, is32: bool): CallRow | null {
    if (is32 && this.byName.has(`${name}@32`)) return this.byName.get(`${name}@32`);
    if (is32 && this.byName.has(`${plain(name)}@32`)) return this.byName.get(`${plain(name)}@32`);
    // 32-bit programs have calls with identifiers of 16 bits, which have the plain name.
    if (is32 && this.byName.has(`${name}16`)) return this.byName.get(`${name}16`);
    if (name == "newfstatat" || name == "fstatat64") return this.byName.get("fstatat");
    if (name == "umount2") return this.byName.get("umount");
    if (name == "_llseek") return this.byName.get("llseek");
    if (name == "_newselect") return this.byName.get("select");
    if (this.byName.has(name)) return this.byName.get(name);
    const shorter = plain(name);
    return this.byName.has(shorter) ? this.byName.get(shorter) : null;
  }

  private readConstants(source: Source): void {
    const words = linesOf(source).join(" ").split(" ");
    let table: Constants | null = null;
    for (let i = 0, n = words.length; i < n; ++i) {
      const equals = words[i].indexOf("=");
      if (equals < 0) {
        if (words[i].length > 0) table = this.beginTable(words[i]);
      } else if (table !== null) addConstant(table, words[i], equals);
    }
  }

  /** A table of this CPU takes the place of the common one. */
  private beginTable(name: string): Constants | null {
    const at = name.indexOf("@");
    if (at >= 0 && name.substring(at + 1) != archName(this.arch)) return null;
    const table = new Constants(at < 0 ? name : name.substring(0, at));
    const known = this.tableIndex(table.name);
    if (known >= 0) this.constants[known] = table;
    else this.constants.push(table);
    return table;
  }

  /** The number of a table, or -1. */
  tableIndex(name: string): i32 {
    for (let i = 0, n = this.constants.length; i < n; ++i) if (this.constants[i].name == name) return i;
    return -1;
  }

  /** The numbers that stand for a row. */
  numbersOf(row: CallRow): CallNumber[] {
    const found: CallNumber[] = [];
    for (let i = 0, n = this.numbers.length; i < n; ++i) if (this.numbers[i].row === row) found.push(this.numbers[i]);
    return found;
  }
}

/** A name without what tells variants of a call apart. */
function plain(name: string): string {
  if (name.endsWith("_time64")) return name.substring(0, name.length - 7);
  if (name.endsWith("32") || name.endsWith("64")) return name.substring(0, name.length - 2);
  return name;
}

function addConstant(table: Constants, word: string, equals: i32): void {
  const isEnum = table.name.startsWith("e");
  const slash = word.indexOf("/", equals);
  const value = <u32>I64.parseInt(word.substring(equals + 1, slash < 0 ? word.length : slash), 16);
  const mask = slash < 0 ? (isEnum ? u32.MAX_VALUE : value) : <u32>I64.parseInt(word.substring(slash + 1), 16);
  table.names.push(word.substring(0, equals));
  table.values.push(value);
  table.masks.push(mask);
}

/** Lines that are neither empty nor comments. */
function linesOf(source: Source): string[] {
  const bytes = source.bytes;
  const lines: string[] = [];
  const all = String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length).split("\n");
  for (let i = 0, n = all.length; i < n; ++i) {
    if (all[i].length > 0 && all[i].charCodeAt(0) != 0x23) lines.push(all[i]);
  }
  return lines;
}

/** The words of a paragraph, whose first line begins with a word and whose others begin with spaces. */
function paragraph(lines: string[], key: string): string[] {
  let words: string[] = [];
  let inside = false;
  for (let i = 0, n = lines.length; i < n; ++i) {
    if (lines[i].charCodeAt(0) != 0x20) inside = lines[i].startsWith(`${key} `);
    if (!inside) continue;
    const line = lines[i].split(" ");
    for (let j = 0, m = line.length; j < m; ++j) if (line[j].length > 0 && line[j] != key) words.push(line[j]);
  }
  return words;
}
