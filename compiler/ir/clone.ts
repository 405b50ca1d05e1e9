// A copy of a function, for compiling it a second time in another way.

import { Block, Func } from "./function";

function cloneBlock(block: Block): Block {
  let copy = new Block(block.id, block.name);
  copy.instructions = block.instructions.slice(0);
  copy.jump = block.jump;
  copy.compare = block.compare;
  copy.a = block.a;
  copy.b = block.b;
  copy.to = block.to;
  copy.otherwise = block.otherwise;
  copy.position = block.position;
  copy.cold = block.cold;
  copy.dead = block.dead;
  return copy;
}

/** A deep copy of `fn`, without what is derived. */
export function cloneFunction(fn: Func): Func {
  let copy = new Func(fn.name, fn.linkage, fn.parameterCount);
  copy.index = fn.index;
  copy.rounds = fn.rounds;
  copy.isForAgent = fn.isForAgent;
  for (let b = 0, n = fn.blocks.length; b < n; ++b) copy.blocks.push(cloneBlock(fn.blocks[b]));
  copy.ops = fn.ops.slice(0);
  copy.as = fn.as.slice(0);
  copy.bs = fn.bs.slice(0);
  copy.immediates = fn.immediates.slice(0);
  copy.positions = fn.positions.slice(0);
  copy.args = fn.args.slice(0);
  for (let k = 0, n = fn.constants.length; k < n; ++k) copy.addConstant(fn.constants[k]);
  copy.slots = fn.slots.slice(0);
  copy.variables = fn.variables.slice(0);
  return copy;
}
