// Mutations of a dialogue's frames, which the sweeps of both directions share.

import type { Random } from "./sweep.ts";

/** A frame before it is mutated. */
export interface Said {
  kind: number;
  payload: Uint8Array;
}

/** What may be done with frame `at`: it is dropped, moved, of another kind, cut, or one word of it changes. */
export function frameChanges(said: Said[], at: number, random: Random): (() => void)[] {
  const frame = said[at]!;
  const bytes = Uint8Array.from(frame.payload);
  return [
    () => said.splice(at, 1),
    () => said.splice(random.below(said.length), 0, ...said.splice(at, 1)),
    () => (said[at] = { ...frame, kind: random.below(16) }),
    () => (said[at] = { ...frame, payload: bytes.subarray(0, random.below(bytes.length + 1)) }),
    () => {
      if (bytes.length >= 4) new DataView(bytes.buffer).setUint32(random.below(bytes.length - 3), random.word(), true);
      said[at] = { ...frame, payload: bytes };
    },
  ];
}
