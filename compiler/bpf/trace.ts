// What register allocation did, for a dump: the machine register or the stack slot of each virtual register, and the
// virtual registers that instructions had before. It is kept only where a dump is asked for.

/** Homes of a register that was not spilled, and of one whose value is made again at each use. */
export const NoHome: i32 = -1;
export const Remade: i32 = -2;

/** Notes of one function. */
export class Trace {
  /** Machine register of each virtual one; -1: none. Empty before registers are allocated. */
  colors: Array<i32> = [];
  /** Spill slot, Remade or NoHome. */
  private homes: Map<i32, i32> = new Map();
  /** The register whose value a short register of spill code holds. */
  private standsFor: Map<i32, i32> = new Map();
  /** Registers of each instruction before they were replaced: dst and src. */
  private dsts: Map<i32, i32> = new Map();
  private srcs: Map<i32, i32> = new Map();

  /** `register` holds for a moment what is `r`'s. */
  noteStand(register: i32, r: i32): void {
    this.standsFor.set(register, r);
  }

  /** `r` lives elsewhere than in a register. */
  noteHome(r: i32, home: i32): void {
    this.homes.set(r, home);
  }

  /** The registers of instruction `i`, which are about to be replaced. */
  noteRegisters(i: i32, dst: i32, src: i32): void {
    this.dsts.set(i, dst);
    this.srcs.set(i, src);
  }

  /** The spill slot of `r`, Remade or NoHome. */
  homeOf(r: i32): i32 {
    return this.homes.has(r) ? this.homes.get(r) : NoHome;
  }

  /** The virtual register that instruction `i` had as `dst`, or for which that one stood. */
  nameOfDst(i: i32, dst: i32): i32 {
    return this.origin(this.dsts.has(i) ? this.dsts.get(i) : dst);
  }

  nameOfSrc(i: i32, src: i32): i32 {
    return this.origin(this.srcs.has(i) ? this.srcs.get(i) : src);
  }

  private origin(r: i32): i32 {
    while (this.standsFor.has(r)) r = this.standsFor.get(r);
    return r;
  }
}
