// What code in the kernel knows of system calls: words and texts in .rodata, which tapset/calls.stp reads by
// __call_word() and __call_text(). That file says what stands where.

import { CallNumber, CallRow, CallTable, Constants } from "./call-table";

/** Where the words of each part begin. */
const enum Word {
  Numbers32 = 512,
  Rows = 1024,
  NameCount = 2047,
  Names = 2048,
  Tables = 2560,
  Entries = 2816,
}

/** Special things about a number, from bit 16 on. */
const NARROW: i64 = 1 << 16;
const FORKS: i64 = 1 << 17;
/** Bytes of a text at most. */
const MOST_TEXT: i32 = 47;
const MOST_ROWS: i32 = 511;

/** The words and texts of one object. */
export class CallData {
  words: i64[] = new Array<i64>(Word.Entries).fill(0);
  private parts: string[] = ["\0"];
  private length: i32 = 1;
  private known: Map<string, i32> = new Map<string, i32>();

  constructor(public table: CallTable) {
    assert(table.rows.length < MOST_ROWS && table.constants.length < 256, "there is room for all rows and tables");
    for (let i = 0, n = table.rows.length; i < n; ++i) this.addRow(table.rows[i]);
    for (let i = 0, n = table.numbers.length; i < n; ++i) this.addNumber(table.numbers[i]);
    this.addNames();
    for (let i = 0, n = table.constants.length; i < n; ++i) this.addTable(i, table.constants[i]);
  }

  /** Adds which rows belong to a set; the result is for __sys_in(). */
  addSet(rows: CallRow[]): i32 {
    const first = this.words.length;
    for (let i = 0; i <= MOST_ROWS >> 5; ++i) this.words.push(0);
    for (let i = 0, n = rows.length; i < n; ++i) {
      const index = rows[i].index;
      this.words[first + (index >> 5)] |= (<i64>1) << (index & 31);
    }
    return first;
  }

  private text(text: string): i32 {
    if (this.known.has(text)) return this.known.get(text);
    const at = this.length;
    const part = `${text.substring(0, MOST_TEXT)}\0`;
    this.parts.push(part);
    this.length += part.length;
    this.known.set(text, at);
    return at;
  }

  private addRow(row: CallRow): void {
    const at = Word.Rows + row.index * 2;
    let first: i64 = 0;
    let second = <i64>this.text(row.name) | ((<i64>row.args.length) << 24) | ((<i64>row.resultForm) << 28);
    for (let i = 0, n = row.args.length; i < n; ++i) {
      const table = max(0, this.table.tableIndex(row.args[i].table));
      const spec = <i64>(row.args[i].kind | (table << 8));
      if (i < 4) first |= spec << (i * 16);
      else second |= spec << (32 + (i - 4) * 16);
    }
    this.words[at] = first;
    this.words[at + 1] = second;
  }

  private addNumber(number: CallNumber): void {
    const at = number.is32 ? Word.Numbers32 + number.number : number.number;
    if (number.number >= Word.Numbers32) return;
    let word = <i64>number.row.index | ((<i64>this.text(number.name)) << 32);
    if (number.isNarrow) word |= NARROW;
    if (number.row.forks) word |= FORKS;
    this.words[at] = word;
  }

  /** The numbers in the order of their names, for syscall_num(). */
  private addNames(): void {
    const own: CallNumber[] = [];
    for (let i = 0, n = this.table.numbers.length; i < n; ++i) {
      if (!this.table.numbers[i].is32 && this.table.numbers[i].number < Word.Numbers32) own.push(this.table.numbers[i]);
    }
    own.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.words[Word.NameCount] = own.length;
    for (let i = 0, n = own.length; i < n; ++i) this.words[Word.Names + i] = own[i].number;
  }

  private addTable(index: i32, table: Constants): void {
    this.words[Word.Tables + index] = <i64>this.words.length | ((<i64>table.names.length) << 32);
    for (let i = 0, n = table.names.length; i < n; ++i) {
      this.words.push(<i64>table.values[i] | ((<i64>table.masks[i]) << 32));
      this.words.push(this.text(table.names[i]));
    }
  }

  /** All texts. */
  joinedTexts(): string {
    return this.parts.join("");
  }
}
