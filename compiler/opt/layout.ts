// The order of blocks in the code: another depth-first order of the same graph. A cold side comes directly behind its
// branch and falls through (docs/verifier.md: the verifier then finishes it first and keeps no state for it); bodies of
// loops come before what follows the loop.

import { Block, Func, JumpKind } from "../ir/function";

/** The successor to place first, which is the one to visit last. */
function isFirstPreferred(fn: Func, block: Block): bool {
  let to = fn.blocks[block.to];
  let otherwise = fn.blocks[block.otherwise];
  if (to.cold != otherwise.cold) return to.cold;
  return to.loopDepth >= otherwise.loopDepth;
}

/** Orders Func.rpo for the code. Requires reverse postorder and loops; still is a reverse postorder. */
export function layOut(fn: Func): void {
  let postorder: Array<i32> = [];
  let visited = new StaticArray<bool>(fn.blocks.length);
  let seen = new StaticArray<u8>(fn.blocks.length);
  let stack: Array<i32> = [0];
  visited[0] = true;
  while (stack.length > 0) {
    let b = stack[stack.length - 1];
    let block = fn.blocks[b];
    let count = block.successorCount();
    if (<i32>seen[b] == count) {
      postorder.push(b);
      stack.pop();
      continue;
    }
    let isFirst = seen[b] == 0;
    seen[b] = seen[b] + 1;
    let next = block.to;
    if (block.jump == JumpKind.Branch && isFirst == isFirstPreferred(fn, block)) next = block.otherwise;
    if (visited[next]) continue;
    visited[next] = true;
    stack.push(next);
  }
  postorder.reverse();
  fn.rpo = postorder;
  for (let k = 0, n = postorder.length; k < n; ++k) fn.blocks[postorder[k]].rpo = k;
}
