// Where a statistic lies: a row of words in .bss, the value of an element, or several rows that reading adds up
// (copies.ts). common/as/statistic.ts has the words.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Copies } from "./copies";
import { MAX_OFFSET } from "./place";
import { Runtime } from "./runtime";
import { GlobalShape } from "./shape";
import { Table } from "./table";

/** A global statistic, or an array of them. */
export class StatisticStore {
  constructor(
    public runtime: Runtime,
    public shape: GlobalShape,
    /** In .bss; of an array, its table's. */
    public offset: i32,
    /** Of an array. */
    public table: Table | null,
    /** The copies of a scalar, the claims of an array; null where there are none. */
    public copies: Copies | null,
  ) {}

  get statistic(): Statistic {
    return this.shape.statistic;
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.shape.index}`;
  }

  /** The copies of a scalar statistic, which reading must add up; null: there is one row. */
  get rows(): Copies | null {
    return this.table === null ? this.copies : null;
  }

  /** The scalar statistic, or copy or element `number`. */
  cell(b: Builder, number: Ref): Cell {
    const table = this.table;
    if (table !== null) return new Cell(this, number, table.element(b, number), table.valueOffset);
    const copies = this.copies;
    if (copies !== null && number != NoRef) return new Cell(this, number, copies.address(b, number), 0);
    const offset = this.offset;
    const near = offset + this.statistic.bytes <= MAX_OFFSET;
    const base = b.addressOf(AddressKind.Bss, near ? 0 : offset);
    return new Cell(this, b.constant(0), base, near ? offset : 0);
  }
}

/** A statistic in memory. */
export class Cell {
  /** Of one that is read and not empty: its count, if that is known. */
  count: Ref = NoRef;

  constructor(
    public store: StatisticStore,
    /** Of the element, or of the copy that is added to; 0 of others. */
    public number: Ref,
    public base: Ref,
    public offset: i32,
  ) {}

  get statistic(): Statistic {
    return this.store.statistic;
  }

  word(field: StatisticField): i32 {
    return this.offset + this.statistic.offset(field);
  }
}
