// Where arrays lie: small ones in .bss with everything else, where an element is an address away; large ones, and what
// .bss has no room for, in maps of their own, where it is a lookup away (decision 0011).

import { GlobalType } from "../../common/format/manifest";
import { UnitGlobal } from "../ir/unit";
import { Script } from "../semantic/script";
import { GlobalSymbol } from "../semantic/symbols";
import { ForeachStatement, Identifier, NodeKind } from "../syntax/ast";
import { Contents } from "./contents";
import { HEAP_HEADER_BYTES, HeapArea, heapBytes } from "./heap";
import { Shared } from "./lowering";
import { placeStripes } from "./shards";
import { MOST_ENTRIES, MOST_TABLE_BYTES, Table } from "./table";
import { symbolOf } from "./variable";

/** Bytes of .bss for arrays: 5.10 refuses values of more than 4 MiB, and frames want room, too. */
const MOST_DIRECT_BYTES: i64 = 1 << 20;
/** A program may use 64 maps; rings, constants and .bss are four of them. */
const MOST_MAPS: i32 = 60;

/** Lays out the arrays' tables and decides which are in .bss: the smallest, as many as fit. */
export function makeTables(shared: Shared, script: Script, contents: Contents, maxEntries: i32): void {
  const sizes: i64[] = [];
  for (let i = 0, n = script.globals.length; i < n; ++i) {
    const global = script.globals[i];
    const table: Table | null = global.isArray ? makeTable(shared, global, maxEntries) : null;
    shared.tables.push(table);
    sizes.push(table !== null ? table.bytes : 0);
  }
  for (let i = 0, n = contents.sorted.length; i < n; ++i) {
    const table = tableSortedBy(shared, contents.sorted[i]);
    if (table !== null) sizes[table.symbol.index] += heapBytes(table.buckets);
  }
  let room = MOST_DIRECT_BYTES;
  while (true) {
    const smallest = indexOfSmallest(shared, sizes);
    if (smallest < 0) return;
    const table = shared.tables[smallest]!;
    if (table.mayBeDirect && sizes[smallest] <= room) room -= sizes[smallest];
    else table.moveOut();
    sizes[smallest] = -1;
  }
}

/** The index of the smallest table that is not placed yet, the first of equal ones; -1: all are. */
function indexOfSmallest(shared: Shared, sizes: i64[]): i32 {
  let smallest = -1;
  for (let i = 0, n = sizes.length; i < n; ++i) {
    if (shared.tables[i] === null || sizes[i] < 0) continue;
    if (smallest < 0 || sizes[i] < sizes[smallest]) smallest = i;
  }
  return smallest;
}

/** Lays out one array; one that is too large is reported. */
function makeTable(shared: Shared, global: GlobalSymbol, maxEntries: i32): Table {
  const wanted = global.size > 0 ? global.size : <i64>maxEntries;
  const table = new Table(shared, global, <i32>max<i64>(1, min<i64>(wanted, MOST_ENTRIES)));
  if (wanted <= MOST_ENTRIES && table.mapBytes <= MOST_TABLE_BYTES) return table;
  const what = `array '${global.displayName}' of ${wanted} elements of ${table.elementBytes} bytes is too large`;
  const most = min<i64>(MOST_ENTRIES, MOST_TABLE_BYTES / table.elementBytes);
  const how =
    global.size > 0 ? `global ${global.displayName}[N]` : `global ${global.displayName}[N], or -D MAXMAPENTRIES`;
  shared.reporter.error(global.range, what, `at most ${most} elements of this size fit; declare fewer: ${how}`);
  return new Table(shared, global, 1);
}

/** Makes room for a table. */
export function placeTable(shared: Shared, table: Table): void {
  const unit = shared.unit;
  const bytes = <i32>table.bytes;
  table.offset = unit.reserve(bytes);
  shared.globalOffsets.push(table.offset);
  shared.shards.push(placeStripes(shared, table.symbol));
  unit.globals.push(new UnitGlobal(table.symbol.displayName, GlobalType.Long, table.offset, bytes));
}

/** Makes room for what every sorted foreach sorts in. */
export function placeHeaps(shared: Shared, contents: Contents): void {
  const unit = shared.unit;
  for (let i = 0, n = contents.sorted.length; i < n; ++i) {
    const s = contents.sorted[i];
    const table = tableSortedBy(shared, s);
    if (table === null) continue;
    const isDirect = table.map < 0;
    const offset = unit.reserve(isDirect ? heapBytes(table.buckets) : HEAP_HEADER_BYTES);
    const map = isDirect ? -1 : unit.addMap(`s${i}_${table.symbol.name}`, 4, table.buckets + 1);
    shared.heapAreas.set(s, new HeapArea(offset, map));
  }
  if (unit.maps.length > MOST_MAPS) reportTooMany(shared);
}

/** Says so at the last array that has a map of its own. */
function reportTooMany(shared: Shared): void {
  const maps = shared.unit.maps.length;
  for (let i = shared.tables.length - 1; i >= 0; --i) {
    const table = shared.tables[i];
    if (table === null || table.map < 0) continue;
    const what = `too many large arrays: they and sorted loops over them take ${maps} maps of the kernel, of ${MOST_MAPS} at most`;
    shared.reporter.error(table.symbol.range, what, "declare smaller ones: up to 1 MiB in all take no map");
    return;
  }
}

/** The table of the array that a foreach goes through; null: a histogram. */
function tableSortedBy(shared: Shared, s: ForeachStatement): Table | null {
  if (s.array.kind != NodeKind.Identifier) return null;
  return shared.tables[(<GlobalSymbol>symbolOf(<Identifier>s.array)).index];
}
