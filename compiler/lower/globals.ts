// Where globals live (decision 0011). Scalars are in .bss. Small arrays are in .bss as well, where the address of an
// element is computed. Large arrays, and arrays for which .bss has no room, have maps of their own, where each access
// is a map lookup.

import { Extractor } from "../../common/as/statistic";
import { GlobalType } from "../../common/format/manifest";
import { powerOfTwo, QueueEntry } from "../../common/format/runtime";
import { UnitGlobal } from "../ir/unit";
import { Copies, placeCopies, placeStripes } from "../runtime/copies";
import { BY_TIME, ElementQueue, QUEUE_HEADER_BYTES, QueueArea, QueuePool, queueBytes, SortKey } from "../runtime/queue";
import { GlobalShape, ValueKind, ValueShape } from "../runtime/shape";
import { StatisticStore } from "../runtime/store";
import { MOST_ENTRIES, MOST_TABLE_BYTES, Table } from "../runtime/table";
import { Script } from "../semantic/script";
import { extractorOf } from "../semantic/statistics";
import { GlobalSymbol, GlobalUse } from "../semantic/symbols";
import { ForeachStatement, NodeKind, SortOrder } from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Contents } from "./contents";
import { arrayOf } from "./names";
import { GlobalStorage, Shared } from "./shared";

/** Bytes of .bss for arrays. Linux 5.10 refuses map values of more than 4 MiB, and frames need room, too. */
const MOST_DIRECT_BYTES: i64 = 1 << 20;
/** Bytes of .bss for the queues of sorted loops, and the most entries of one there. */
const MOST_QUEUE_BYTES: i32 = 1 << 18;
const MOST_DIRECT_QUEUE: i32 = 4096;
/** A program may use 64 maps. The rings, the constants and .bss take four of them. */
const MOST_MAPS: i32 = 60;

function valueShape(type: Type, maxLength: i32): ValueShape {
  if (type == Type.Stats) return new ValueShape(ValueKind.Statistic, 0);
  return new ValueShape(type == Type.String ? ValueKind.String : ValueKind.Long, maxLength);
}

/** What the run-time library must know of a global. */
function shapeOf(global: GlobalSymbol): GlobalShape {
  const shape = new GlobalShape(global.index, global.name, valueShape(global.type, global.maxLength));
  for (let i = 0, n = global.keyTypes.length; i < n; ++i) {
    shape.keys.push(valueShape(global.keyTypes[i], global.keyLengths[i]));
  }
  shape.wraps = global.wrap;
  shape.isCounted = global.isCounted;
  shape.growLock = global.growLock;
  shape.stripes = global.stripes;
  shape.firstLock = global.firstLock;
  shape.statistic = global.statistic;
  return shape;
}

/** Reserves memory for all globals and for the queues of sorted loops. */
export function placeGlobals(shared: Shared, script: Script, contents: Contents): void {
  shared.runtime.reserveLocks(script.locks);
  makeTables(shared, script, contents);
  for (let i = 0, n = shared.globals.length; i < n; ++i) {
    const storage = shared.globals[i];
    const table = storage.table;
    if (table !== null) placeTable(shared, storage, table);
    else placeScalar(shared, storage);
  }
  placeQueues(shared, contents);
}

function placeScalar(shared: Shared, storage: GlobalStorage): void {
  const unit = shared.unit;
  const global = storage.symbol;
  const shape = shapeOf(global);
  const bytes = shape.valueBytes;
  const copies: Copies | null = isAddedToFreely(global) ? placeCopies(unit, global.statistic) : null;
  storage.offset = copies !== null ? copies.offset : unit.reserve(bytes);
  if (global.type == Type.Stats) {
    storage.statistics = new StatisticStore(shared.runtime, shape, storage.offset, null, copies);
  }
  const type = global.type == Type.String ? GlobalType.String : GlobalType.Long;
  unit.globals.push(new UnitGlobal(global.displayName, type, storage.offset, bytes));
}

/** Whether kernel handlers add to a scalar statistic without the lock. Such a statistic has copies. */
function isAddedToFreely(global: GlobalSymbol): bool {
  if (global.type != Type.Stats) return false;
  return global.is(GlobalUse.WrittenByKernel | GlobalUse.WrittenWhileRunning) && !global.is(GlobalUse.Guarded);
}

// ------------------------------------------------------------------------------------------------------------- arrays

/** Lays out the tables of the arrays and decides which go into .bss: as many as fit, the smallest first. */
function makeTables(shared: Shared, script: Script, contents: Contents): void {
  const sizes: i64[] = [];
  for (let i = 0, n = script.globals.length; i < n; ++i) {
    const storage = new GlobalStorage(script.globals[i]);
    shared.globals.push(storage);
    if (script.globals[i].isArray) storage.table = makeTable(shared, script.globals[i]);
    const table = storage.table;
    sizes.push(table !== null ? table.bytes : 0);
  }
  for (let i = 0, n = contents.sorted.length; i < n; ++i) {
    const table = tableSortedBy(shared, contents.sorted[i].statement);
    if (table !== null) table.shape.isOrdered = true;
  }
  let room = MOST_DIRECT_BYTES;
  while (true) {
    const smallest = indexOfSmallest(shared, sizes);
    if (smallest < 0) return;
    const table = shared.globals[smallest].table!;
    if (table.mayBeDirect && sizes[smallest] <= room) room -= sizes[smallest];
    else table.moveOut();
    sizes[smallest] = -1;
  }
}

/** The index of the smallest table that has no place yet, the first of equal ones; -1 if all have one. */
function indexOfSmallest(shared: Shared, sizes: i64[]): i32 {
  let smallest = -1;
  for (let i = 0, n = sizes.length; i < n; ++i) {
    if (shared.globals[i].table === null || sizes[i] < 0) continue;
    if (smallest < 0 || sizes[i] < sizes[smallest]) smallest = i;
  }
  return smallest;
}

/** Lays out one array. Reports an array that is too large. */
function makeTable(shared: Shared, global: GlobalSymbol): Table {
  const shape = shapeOf(global);
  const wanted = global.size > 0 ? global.size : <i64>shared.options.maxEntries;
  const table = new Table(shared.runtime, shape, <i32>max<i64>(1, min<i64>(wanted, MOST_ENTRIES)));
  if (wanted <= MOST_ENTRIES && table.mapBytes <= MOST_TABLE_BYTES) return table;
  const what = `array '${global.displayName}' of ${wanted} elements of ${table.elementBytes} bytes is too large`;
  const most = min<i64>(MOST_ENTRIES, MOST_TABLE_BYTES / table.elementBytes);
  const how =
    global.size > 0 ? `global ${global.displayName}[N]` : `global ${global.displayName}[N], or -D MAXMAPENTRIES`;
  shared.reporter.error(global.range, what, `at most ${most} elements of this size fit; declare fewer: ${how}`);
  return new Table(shared.runtime, shape, 1);
}

/** Reserves memory for a table, and for the claims of its statistics. */
function placeTable(shared: Shared, storage: GlobalStorage, table: Table): void {
  const unit = shared.unit;
  const global = storage.symbol;
  const bytes = <i32>table.bytes;
  table.place(unit);
  storage.offset = table.offset;
  if (global.type == Type.Stats) {
    const claims = global.isCounted && global.statistic.hasExtremes;
    const stripes: Copies | null = claims ? placeStripes(unit) : null;
    storage.statistics = new StatisticStore(shared.runtime, table.shape, table.offset, table, stripes);
  }
  unit.globals.push(new UnitGlobal(global.displayName, GlobalType.Long, table.offset, bytes));
}

// ------------------------------------------------------------------------------------------------------------ sorting

/** Reserves memory for the queues of sorted loops: one for each pool of loops. */
function placeQueues(shared: Shared, contents: Contents): void {
  const pools = new Map<string, QueuePool>();
  let room = MOST_QUEUE_BYTES;
  for (let i = 0, n = contents.sorted.length; i < n; ++i) {
    const loop = contents.sorted[i];
    const table = tableSortedBy(shared, loop.statement);
    if (table === null) continue;
    if (!pools.has(loop.pool)) {
      const area = placeQueue(shared, `sort${pools.size}`, mostEntries(shared, contents, loop.pool), room);
      if (area.map < 0) room -= queueBytes(area.entries);
      pools.set(loop.pool, new QueuePool(shared.runtime, area, loop.isForAgent));
    }
    const statistics = shared.globals[table.shape.index].statistics;
    const queue = new ElementQueue(pools.get(loop.pool), table, sortKeyOf(loop.statement), statistics);
    shared.queues.set(loop.statement, queue);
  }
  if (shared.unit.maps.length > MOST_MAPS) reportTooMany(shared);
}

/** The elements of the largest array that a pool's loops sort. */
function mostEntries(shared: Shared, contents: Contents, pool: string): i32 {
  let most = 1;
  for (let i = 0, n = contents.sorted.length; i < n; ++i) {
    const loop = contents.sorted[i];
    const table = loop.pool == pool ? tableSortedBy(shared, loop.statement) : null;
    if (table !== null) most = max(most, table.buckets);
  }
  return most;
}

/** A queue in .bss if it is small and there is room, else in a map. */
function placeQueue(shared: Shared, name: string, entries: i32, room: i32): QueueArea {
  const unit = shared.unit;
  const rounded = powerOfTwo(entries);
  if (entries <= MOST_DIRECT_QUEUE && queueBytes(rounded) <= room)
    return new QueueArea(unit.reserve(queueBytes(rounded)), -1, rounded);
  const offset = unit.reserve(QUEUE_HEADER_BYTES);
  return new QueueArea(offset, unit.addMap(name, QueueEntry.Size, entries), entries);
}

/** The sort key of a foreach. */
function sortKeyOf(s: ForeachStatement): SortKey {
  let key = s.valueSort == SortOrder.None ? BY_TIME : -1;
  let order = s.valueSort;
  for (let i = 0, n = s.keys.length; i < n; ++i) {
    if (s.keys[i].sort == SortOrder.None) continue;
    key = i;
    order = s.keys[i].sort;
  }
  const extractor = s.valueExtractor == Operator.None ? Extractor.Count : extractorOf(s.valueExtractor);
  return new SortKey(key, order == SortOrder.Ascending, extractor);
}

/** Reports too many maps, at the last array that has a map of its own. */
function reportTooMany(shared: Shared): void {
  const maps = shared.unit.maps.length;
  for (let i = shared.globals.length - 1; i >= 0; --i) {
    const storage = shared.globals[i];
    const table = storage.table;
    if (table === null || table.map < 0) continue;
    const taken = `they and sorted loops over them need ${maps} BPF maps, the limit is ${MOST_MAPS}`;
    const what = `too many large arrays: ${taken}`;
    const hint = "declare smaller ones: arrays of up to 1 MiB in total need no map";
    shared.reporter.error(storage.symbol.range, what, hint);
    return;
  }
}

/** The table of the array that a foreach walks; null for a histogram. */
function tableSortedBy(shared: Shared, s: ForeachStatement): Table | null {
  if (s.array.kind != NodeKind.Identifier) return null;
  return shared.globals[arrayOf(s.array).index].table;
}
