// Decides which handlers take which locks, and where timers run (decision 0019).
//
// What is whole by itself needs no lock: an addition, a single store, a number that is read, an element of an array
// that only grows. A handler that reads shared globals and changes some, or finds elements of an array from which
// running handlers delete, takes the lock of its *group*: the globals that some locked handler uses together. If all
// handlers in the kernel that use a group know their element by one key from the start, such as tid(), the group has
// many locks, and each handler takes the one of its key's buckets.

import { StatisticField } from "../../common/as/statistic";
import { Engine } from "../../common/format/manifest";
import { Type } from "../syntax/type";
import { Analysis } from "./analysis";
import { Access, isConcurrent, isModified, Summary, WRITES } from "./effects";
import { commonKey } from "./keys";
import { LockGroup, LockUse } from "./lock-use";
import { Handler } from "./script";
import { GlobalSymbol, GlobalUse } from "./symbols";

/** Locks of a group whose handlers know their key. runtime/lock.ts takes so many at once. */
const STRIPES: i32 = 32;
/** Most numbers in the key of such a group: routines take them, and their hash, in registers. */
const MOST_KEYS: i32 = 3;
/** Fewest elements for each of them. */
const LEAST_ELEMENTS: i64 = 8;

/** Decides which handlers take locks, and where timers run. Returns the number of locks. */
export function decideLocks(a: Analysis, defaultSize: i64): i32 {
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const handlers = a.units[i].handlers;
    for (let j = 0, m = handlers.length; j < m; ++j) decideHandler(handlers[j], a.summaries[i]);
  }
  spreadLocks(a);
  return new Grouping(a, defaultSize).finish();
}

function decideHandler(handler: Handler, summary: Summary): void {
  handler.isUndisturbed = isUndisturbed(handler, summary);
  handler.needsLock = needsLock(handler, summary);
  // Only a program in the kernel can insert an element while others do: the agent could be preempted meanwhile.
  if (!handler.needsLock && handler.engine == Engine.Agent && growsShared(handler, summary)) {
    handler.engine = Engine.TestRun;
  }
}

/** Whether handlers on kernel events use a global. */
function isKernels(global: GlobalSymbol): bool {
  return global.isAny(GlobalUse.ReadByKernel | GlobalUse.WrittenByKernel);
}

/** Whether a handler shares a global with others that run at the same time, of which some change it. */
function isShared(handler: Handler, global: GlobalSymbol): bool {
  if (!global.is(GlobalUse.WrittenWhileRunning)) return false;
  // The agent runs one of its handlers at a time.
  return handler.engine == Engine.Kernel || isKernels(global);
}

/**
 * Whether a timer runs in the agent and uses no global of the kernel's handlers: the agent runs one handler at a time.
 */
function isUndisturbed(handler: Handler, summary: Summary): bool {
  if (handler.engine != Engine.Agent) return false;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    if (isKernels(summary.globals[i])) return false;
  }
  return true;
}

/** Whether a handler may insert elements into an array of the kernel's handlers. */
function growsShared(handler: Handler, summary: Summary): bool {
  if (!isConcurrent(handler)) return false;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    if (global.isArray && isKernels(global) && (summary.access.get(global) & WRITES) != 0) return true;
  }
  return false;
}

/**
 * Whether a handler could see or make half a change without a lock. Single stores, additions, and reading numbers are
 * whole by themselves; reading what others write and then storing is not, nor is anything with strings.
 */
function needsLock(handler: Handler, summary: Summary): bool {
  if (!isConcurrent(handler) || handler.isUndisturbed) return false;
  let reads = false;
  let stores = 0;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    const access = summary.access.get(global);
    // Sorting and slices use scratch areas that the kernel's handlers share.
    if ((access & Access.Walk) != 0 && handler.engine == Engine.Kernel) return true;
    if (!isShared(handler, global)) continue;
    if (global.isArray && !global.isCounted) return true;
    if (global.type == Type.Stats && statisticNeedsLock(global, access)) return true;
    if (isModified(access) || global.type == Type.String) return true;
    if ((access & Access.Read) != 0) reads = true;
    if ((access & WRITES & ~Access.Update) != 0) ++stores;
  }
  return (reads && stores > 0) || stores > 1;
}

/**
 * Deleting changes several words. Adding does its work word by word, or on a claimed copy (runtime/copies.ts): a
 * variance, whose words must be read together, must not be read then.
 */
function statisticNeedsLock(global: GlobalSymbol, access: i32): bool {
  if ((access & Access.Delete) != 0) return true;
  return global.statistic.has(StatisticField.Squares) && global.isAny(GlobalUse.ReadWhileRunning);
}

/**
 * A lock protects a global only if every handler that writes the global takes it, and every handler that reads several
 * such globals. A timer that takes the lock runs in the kernel, because the agent may be preempted while it holds the
 * lock, and then every probe would wait.
 */
function spreadLocks(a: Analysis): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = 0, n = a.units.length; i < n; ++i) {
      const summary = a.summaries[i];
      const handlers = a.units[i].handlers;
      for (let j = 0, m = handlers.length; j < m; ++j) {
        const handler = handlers[j];
        if (!isConcurrent(handler) || handler.isUndisturbed) continue;
        if (!handler.needsLock && mustHold(handler, summary)) handler.needsLock = true;
        if (!handler.needsLock) continue;
        if (handler.engine == Engine.Agent) handler.engine = Engine.TestRun;
        if (guardGlobals(handler, summary)) changed = true;
      }
    }
  }
}

/** Whether a handler writes a guarded global, or reads several. */
function mustHold(handler: Handler, summary: Summary): bool {
  let read = 0;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    if (!global.is(GlobalUse.Guarded) || !isShared(handler, global)) continue;
    if ((summary.access.get(global) & WRITES) != 0) return true;
    ++read;
  }
  return read > 1;
}

/** Marks what a locked handler changes other than by additions alone; whether anything was not marked before. */
function guardGlobals(handler: Handler, summary: Summary): bool {
  let changed = false;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    if (global.is(GlobalUse.Guarded) || global.isCounted || !isShared(handler, global)) continue;
    const access = summary.access.get(global);
    if ((access & WRITES) == 0 || onlyAdds(global, access)) continue;
    global.use |= GlobalUse.Guarded;
    changed = true;
  }
  return changed;
}

/** Whether a handler does nothing with a scalar but what works without the lock as well. */
function onlyAdds(global: GlobalSymbol, access: i32): bool {
  if (global.isArray || global.type == Type.String || (access & ~Access.Update) != 0) return false;
  return global.type != Type.Stats || !statisticNeedsLock(global, access);
}

// ------------------------------------------------------------------------------------------------------------- groups

/** Finds the groups, and numbers their locks. */
class Grouping {
  /** By the index of a global in `a.globals`: one that is in the same group, or itself. */
  private parent: i32[] = [];
  private position: Map<GlobalSymbol, i32> = new Map<GlobalSymbol, i32>();
  private groups: Map<i32, LockGroup> = new Map<i32, LockGroup>();
  private locks: i32 = 0;

  constructor(
    private a: Analysis,
    private defaultSize: i64,
  ) {
    for (let i = 0, n = a.globals.length; i < n; ++i) {
      this.parent.push(i);
      this.position.set(a.globals[i], i);
    }
  }

  finish(): i32 {
    this.forLocked(true);
    this.forLocked(false);
    this.numberGroups();
    const globals = this.a.globals;
    for (let i = 0, n = globals.length; i < n; ++i) {
      if (globals[i].isCounted) globals[i].growLock = this.locks++;
    }
    return this.locks;
  }

  private root(index: i32): i32 {
    while (this.parent[index] != index) index = this.parent[index];
    return index;
  }

  /** Joins what locked handlers use together; or, once that is done, tells each handler its group. */
  private forLocked(joins: bool): void {
    const a = this.a;
    for (let i = 0, n = a.units.length; i < n; ++i) {
      const handlers = a.units[i].handlers;
      for (let j = 0, m = handlers.length; j < m; ++j) {
        if (!handlers[j].needsLock) continue;
        const first = this.join(handlers[j], a.summaries[i]);
        if (!joins) this.use(i, handlers[j], this.groupOf(this.root(first)));
      }
    }
  }

  /** Joins the globals that one handler must have for itself. Returns one of them. */
  private join(handler: Handler, summary: Summary): i32 {
    let first = -1;
    for (let i = 0, n = summary.globals.length; i < n; ++i) {
      const global = summary.globals[i];
      if (!needsGroup(handler, global, summary.access.get(global))) continue;
      const at = this.position.get(global);
      if (first < 0) first = at;
      else this.parent[this.root(at)] = this.root(first);
    }
    assert(first >= 0, "a locked handler uses something that the lock guards");
    return first;
  }

  private groupOf(root: i32): LockGroup {
    if (!this.groups.has(root)) this.groups.set(root, new LockGroup());
    return this.groups.get(root);
  }

  private use(unit: i32, handler: Handler, group: LockGroup): void {
    const summary = this.a.summaries[unit];
    const use = new LockUse(group);
    handler.lock = use;
    for (let i = 0, n = summary.globals.length; i < n; ++i) {
      const global = summary.globals[i];
      if (needsGroup(handler, global, summary.access.get(global))) group.add(global);
    }
    const key = commonKey(this.a.units[unit], group);
    if (key !== null) use.key = key;
    else if (handler.engine == Engine.Kernel) group.isStriped = false;
  }

  private numberGroups(): void {
    const roots = this.groups.keys();
    for (let i = 0, n = roots.length; i < n; ++i) {
      const group = this.groups.get(roots[i]);
      group.first = this.locks;
      group.stripes = this.stripesOf(group);
      this.locks += group.stripes;
      if (group.stripes == 1) continue;
      for (let k = 0, m = group.globals.length; k < m; ++k) {
        group.globals[k].stripes = group.stripes;
        group.globals[k].firstLock = group.first;
      }
    }
    for (let i = 0, n = this.a.units.length; i < n; ++i) {
      const handlers = this.a.units[i].handlers;
      for (let j = 0, m = handlers.length; j < m; ++j) {
        const use = handlers[j].lock;
        if (use !== null && use.group.stripes == 1) use.key = [];
      }
    }
  }

  private stripesOf(group: LockGroup): i32 {
    if (!group.isStriped) return 1;
    let stripes = STRIPES;
    for (let i = 0, n = group.globals.length; i < n; ++i) {
      const array = group.globals[i];
      if (!array.isArray || array.isCounted || array.wrap || array.arity > MOST_KEYS) return 1;
      if (array.arity != group.globals[0].arity) return 1;
      const size = array.size > 0 ? array.size : this.defaultSize;
      while (stripes > 1 && <i64>stripes * LEAST_ELEMENTS > size) stripes >>= 1;
    }
    return stripes;
  }
}

/** Whether a locked handler must have a global for itself while it runs. */
function needsGroup(handler: Handler, global: GlobalSymbol, access: i32): bool {
  if ((access & Access.Walk) != 0 && handler.engine == Engine.Kernel) return true;
  if (!isShared(handler, global)) return false;
  return global.is(GlobalUse.Guarded) || (global.isArray && !global.isCounted);
}
