// Which target variables code names: they decide which probe sites can share it.
//
//   probe kernel.function("tcp_*") { f($sk) }      functions whose first parameter is `struct sock *sk` share it

import { BlockStatement, Expression, NodeKind, TargetVariable } from "../syntax/ast";
import { Visitor } from "./visit";

/** Collects names, each once, as they are written: `$file`, `$$parms`. */
export class TargetNames extends Visitor {
  names: string[] = [];

  override expression(e: Expression): void {
    if (e.kind == NodeKind.TargetVariable) {
      const name = (<TargetVariable>e).name;
      if (!this.names.includes(name)) this.names.push(name);
    }
    this.children(e);
  }
}

/** The names in some blocks, and in what those of aliases add. */
export class TargetNameCache {
  private known: Map<BlockStatement, string[]> = new Map<BlockStatement, string[]>();

  /** Adds the names of a block to a list. */
  addTo(list: string[], block: BlockStatement): void {
    if (!this.known.has(block)) {
      const collector = new TargetNames();
      collector.block(block);
      this.known.set(block, collector.names);
    }
    const names = this.known.get(block);
    for (let i = 0, n = names.length; i < n; ++i) if (!list.includes(names[i])) list.push(names[i]);
  }
}
