// The state that the functions of one object share while they are lowered.

import { NONE } from "../../common/format/manifest";
import { CallTables } from "../builtins/calls";
import { Reporter } from "../diagnostics/diagnostic";
import { NoRef } from "../ir/function";
import { Unit } from "../ir/unit";
import { Base, capacityFor, Place } from "../runtime/place";
import { ElementQueue } from "../runtime/queue";
import { Runtime } from "../runtime/runtime";
import { StatisticStore } from "../runtime/store";
import { Table } from "../runtime/table";
import { FunctionSymbol, GlobalSymbol } from "../semantic/symbols";
import { ForeachStatement } from "../syntax/ast";
import { KeptWords } from "./kept";
import { LowerOptions } from "./options";
import { Sites } from "./sites";

/** Name of the frame area that holds an error's message. */
const MESSAGE_AREA: string = "message";

/** A script function that is called, not inlined. */
export class Subprogram {
  index: i32 = -1;
  /** Frame offsets of the parameters (long or string) and of a string result. */
  parameters: i32[] = [];
  result: i32 = -1;
  /** The words of the context that it asks for, once it is lowered. */
  kept: KeptWords = new KeptWords();
  constructor(public symbol: FunctionSymbol) {}
}

/** Where one global lives. */
export class GlobalStorage {
  /** Offset in .bss of the variable, or of the array's table or header. */
  offset: i32 = 0;
  /** Of an array. */
  table: Table | null = null;
  /** Of a statistic, or an array of them. */
  statistics: StatisticStore | null = null;

  constructor(public symbol: GlobalSymbol) {}
}

/** The table of the function entries that share a handler: ascending addresses, in .bss. */
export class PlaceTable {
  constructor(
    /** Offset in .bss. */
    public offset: i32,
    /** Entries, a power of two. */
    public count: i32,
  ) {}
}

/** One object under construction. */
export class Shared {
  runtime: Runtime;
  sites: Sites;
  /** Where each global lives, by its index. */
  globals: GlobalStorage[] = [];
  /** The queue of each sorted foreach. */
  queues: Map<ForeachStatement, ElementQueue> = new Map<ForeachStatement, ElementQueue>();
  /** The functions that are called so far, each with its subprogram. */
  subprograms: Map<FunctionSymbol, Subprogram> = new Map<FunctionSymbol, Subprogram>();
  /** Subprograms whose bodies are still to be lowered. */
  pending: Subprogram[] = [];
  /** The number of the map with the control group of --cgroup; NONE: all tasks are traced. */
  cgroupMap: i32 = NONE;
  /** Some `catch` stores the message. */
  catchesMessages: bool = false;
  /** Some error's message contains a number. */
  raisesNumbers: bool = false;
  /** The handler that is being lowered holds one lock of several, which its key chooses. */
  holdsStripe: bool = false;
  /** For each probe site: the texts of pp() and the similar functions. */
  siteTexts: string[][] = [];
  /** The tables of system calls, if code may ask for them. */
  calls: CallTables | null = null;
  /** For each handler: how it may find out at which site it runs, from the instruction pointer. */
  placeTables: (PlaceTable | null)[] = [];

  constructor(
    public reporter: Reporter,
    public options: LowerOptions,
  ) {
    const runtime = new Runtime(options.maxLength, options.fetchingAtomics, options.maxFrames);
    runtime.patience = options.patience;
    this.runtime = runtime;
    this.sites = new Sites(runtime.unit);
  }

  get unit(): Unit {
    return this.runtime.unit;
  }

  /** Where a global lives. */
  storageOf(global: GlobalSymbol): GlobalStorage {
    return this.globals[global.index];
  }

  /** Whether the frame holds the message of some error. */
  get hasMessage(): bool {
    return this.runtime.hasArea(MESSAGE_AREA);
  }

  /** The place in the frame that holds an error's message. */
  messagePlace(): Place {
    const capacity = capacityFor(this.runtime.maxLength);
    return new Place(Base.Frame, NoRef, this.runtime.area(MESSAGE_AREA, capacity), capacity);
  }
}
