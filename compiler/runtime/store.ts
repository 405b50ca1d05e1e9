// Where a statistic lies: a row of words in .bss, the value of an element, or several rows that reading adds up
// (copies.ts). common/as/statistic.ts defines the words.

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
    /** Offset in .bss; for an array, that of its table. */
    public offset: i32,
    /** The table, for an array. */
    public table: Table | null,
    /** The copies of a scalar, or the claims of an array; null if there are none. */
    public copies: Copies | null,
  ) {}

  get statistic(): Statistic {
    return this.shape.statistic;
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.shape.index}`;
  }

  /** The copies of a scalar statistic, which reading must add up; null if there is a single row. */
  get rows(): Copies | null {
    return this.table === null ? this.copies : null;
  }

  /** The statistic of an array's element. */
  cellAt(number: Ref, element: Ref): Cell {
    return new Cell(this, number, element, this.table!.valueOffset);
  }

  /** The scalar statistic itself, or its copy or the array's element with that number. */
  cell(b: Builder, number: Ref): Cell {
    const table = this.table;
    if (table !== null) return this.cellAt(number, table.element(b, number));
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
  /** The count, if it is known and the statistic is being read and not empty. */
  count: Ref = NoRef;

  constructor(
    public store: StatisticStore,
    /** The number of the element, or of the copy to which is added; 0 otherwise. */
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
