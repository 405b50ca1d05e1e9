// Maps each kind of tree to the file that lowers it. All other code reaches trees through `Lowering`.

import { Ref } from "../ir/function";
import { Place } from "../runtime/place";
import { BlockStatement, Expression, Statement } from "../syntax/ast";
import { lowerCondition, lowerDropped, lowerLong } from "./expression";
import { Lowering, Tree } from "./lowering";
import { lowerBlock, lowerStatement } from "./statement";
import { lowerString, lowerStringInto } from "./string";

/** All kinds of trees. */
export class ScriptTree extends Tree {
  override long(lowering: Lowering, e: Expression): Ref {
    return lowerLong(lowering, e);
  }

  override string(lowering: Lowering, e: Expression): Place {
    return lowerString(lowering, e);
  }

  override stringInto(lowering: Lowering, e: Expression, to: Place): void {
    lowerStringInto(lowering, e, to);
  }

  override condition(lowering: Lowering, e: Expression, yes: i32, no: i32): void {
    lowerCondition(lowering, e, yes, no);
  }

  override dropped(lowering: Lowering, e: Expression): void {
    lowerDropped(lowering, e);
  }

  override statement(lowering: Lowering, s: Statement): void {
    lowerStatement(lowering, s);
  }

  override block(lowering: Lowering, block: BlockStatement): void {
    lowerBlock(lowering, block);
  }
}
