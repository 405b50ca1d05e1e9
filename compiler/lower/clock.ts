// The wall clock, which BPF does not have: the monotonic one and the distance that the agent keeps in .bss.

import { Helper } from "../../common/format/helpers";
import { BssHeader } from "../../common/format/runtime";
import { AddressKind } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Lowering } from "./lowering";

/** CLOCK_REALTIME in nanoseconds. */
export function realtime(lowering: Lowering): Ref {
  const b = lowering.b;
  const now = b.callHelper(Helper.KtimeGetNs, []);
  return b.binary(Op.Add, now, b.load(Op.Load64, b.addressOf(AddressKind.Bss, 0), BssHeader.ClockOffset));
}
