// The locks of a handler (semantic/locks.ts): one; the one that its key chooses; or all of its group.

import { Helper } from "../../common/format/helpers";
import { Engine } from "../../common/format/manifest";
import { NoRef, Ref } from "../ir/function";
import { buildAcquire, buildOwner, buildReleaseLock, LOCK_ALL, Lock, UNLOCK_ALL } from "../runtime/lock";
import { Targets } from "../runtime/targets";
import { LockUse } from "../semantic/lock-use";
import { Handler } from "../semantic/script";
import { Lowering } from "./lowering";

/** Whether a handler takes one lock of several. */
export function holdsStripe(handler: Handler): bool {
  const use = handler.lock;
  return use !== null && use.key.length > 0;
}

/** The lock that a handler takes at its beginning and releases at its end. */
export class HeldLock {
  /** Locks that it takes, from the lock's number on. */
  private count: i32 = 1;

  constructor(
    private lowering: Lowering,
    private lock: Lock,
  ) {}

  /**
   * The lock of a handler, null if it takes none. Builds the code that must precede the handler's body: who takes the
   * lock, and which.
   */
  static of(lowering: Lowering, handler: Handler): HeldLock | null {
    const use = handler.lock;
    if (use === null || handler.engine == Engine.Agent) return null;
    const runtime = lowering.runtime;
    const pidTgid = runtime.fetchingAtomics ? lowering.constantHelper(Helper.GetCurrentPidTgid) : NoRef;
    const owner = buildOwner(runtime, lowering.b, pidTgid);
    const stripe = use.key.length > 0 ? stripeOf(lowering, use) : NoRef;
    const held = new HeldLock(lowering, new Lock(use.group.first, owner, stripe));
    if (stripe == NoRef) held.count = use.group.stripes;
    // The release is built before the prologue, so the address must be here.
    else held.lock.address(runtime, lowering.b);
    return held;
  }

  /** Takes the lock, or leaves the handler, which is counted as skipped then. */
  acquire(): void {
    const b = this.lowering.b;
    const mine = b.newBlock("mine");
    const busy = b.newBlock("busy");
    b.setCold(busy);
    if (this.count > 1) {
      const args = [b.constant(this.lock.first), b.constant(this.count), this.lock.owner];
      b.branch(b.callFunction(LOCK_ALL.of(this.lowering.runtime), args), busy, mine);
    } else {
      this.acquireOne(new Targets(mine, busy));
    }
    b.setBlock(busy);
    b.ret(b.constant(0));
    b.setBlock(mine);
  }

  private acquireOne(targets: Targets): void {
    buildAcquire(this.lowering.runtime, this.lowering.b, this.lock, targets);
  }

  release(): void {
    const b = this.lowering.b;
    const runtime = this.lowering.runtime;
    if (this.count > 1) b.callFunction(UNLOCK_ALL.of(runtime), [b.constant(this.lock.first), b.constant(this.count)]);
    else buildReleaseLock(runtime, b, this.lock);
  }
}

/** The lock that a key chooses: all arrays of the group have keys of the same shape. */
function stripeOf(lowering: Lowering, use: LockUse): Ref {
  const words: Ref[] = [];
  for (let i = 0, n = use.key.length; i < n; ++i) words.push(lowering.long(use.key[i]));
  const table = lowering.shared.storageOf(use.group.globals[0]).table!;
  const hash = table.hashOf(lowering.b, words, NoRef);
  lowering.root.stripeHash = hash;
  return table.stripeOf(lowering.b, hash);
}
