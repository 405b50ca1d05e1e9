// Addresses in the arena of claimed frames. The verifier wants to see that an address is inside, so a frame and a
// string in a frame are passed as offsets in the arena and masked where they are used.

import { FRAME_ALIGN, RodataHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Unit } from "../ir/unit";

/** The mask of the offsets of frames: the agent sets it for the CPUs there are. */
export function frameMask(b: Builder): Ref {
  return b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.FrameMask);
}

/** The mask of all offsets in the arena, those inside a frame included. */
export function arenaMask(b: Builder): Ref {
  return b.binary(Op.Or, frameMask(b), b.constant(FRAME_ALIGN - 1));
}

/** The address of what has an offset in the arena. */
export function addressInArena(unit: Unit, b: Builder, offset: Ref, mask: Ref): Ref {
  return b.binary(Op.Add, b.addressOf(AddressKind.Bss, unit.frameOffset), b.binary(Op.And, offset, mask));
}

/** The address of the frame whose offset is given. */
export function frameAddress(unit: Unit, b: Builder, offset: Ref): Ref {
  return addressInArena(unit, b, offset, frameMask(b));
}
