// Compresses bytes with the agent's deflater, for tests/agent/deflate.test.ts.

import { Deflater } from "../../agent/remote/deflate";

const deflater = new Deflater();
let input: StaticArray<u8> = new StaticArray<u8>(0);
let output: StaticArray<u8> = new StaticArray<u8>(0);
let outputBytes: i32 = 0;

/** Where the caller writes so many bytes. */
export function inputOf(bytes: i32): usize {
  input = new StaticArray<u8>(bytes);
  output = new StaticArray<u8>(2 * bytes + 4096);
  return changetype<usize>(input);
}

/** Compresses them, at most `piece` at a time; how many bytes `outputAt` has. */
export function deflate(piece: i32): i32 {
  outputBytes = 0;
  deflater.begin();
  let done = 0;
  let isLast = false;
  while (!isLast) {
    while (!isLast && deflater.room > 0) {
      const count = min(min(piece, deflater.room), input.length - done);
      memory.copy(deflater.roomAt, changetype<usize>(input) + done, count);
      deflater.take(count);
      done += count;
      isLast = count == 0;
    }
    deflater.compress(isLast);
    memory.copy(outputAt() + outputBytes, deflater.output, deflater.outputBytes);
    outputBytes += deflater.outputBytes;
    deflater.clearOutput();
  }
  return outputBytes;
}

export function outputAt(): usize {
  return changetype<usize>(output);
}
