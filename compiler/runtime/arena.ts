// Addresses in the arena of claimed frames. The verifier must see that an address is inside the arena. So frames, and
// strings in frames, are passed as offsets, which are masked where they are used.

import { FRAME_ALIGN, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";

/** The mask for offsets of frames. The agent sets it according to the number of CPUs. */
export function frameMask(b: Builder): Ref {
  return b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.FrameMask);
}

/** The mask for all offsets in the arena, including those inside a frame. */
export function arenaMask(b: Builder): Ref {
  return b.binary(Op.Or, frameMask(b), b.constant(FRAME_ALIGN - 1));
}

/** The address for an offset in the arena. */
export function addressInArena(unit: Unit, b: Builder, offset: Ref, mask: Ref): Ref {
  return b.binary(Op.Add, b.addressOf(AddressKind.Bss, unit.frameOffset), b.binary(Op.And, offset, mask));
}

/** The address of the frame at an offset. */
export function frameAddress(unit: Unit, b: Builder, offset: Ref): Ref {
  return addressInArena(unit, b, offset, frameMask(b));
}
