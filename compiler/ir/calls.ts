// What the optimiser may know about kernel helpers.

import { Helper } from "../../common/format/helpers";

/** Whether the helper gives the same value throughout one handler invocation and does nothing else. */
export function isPureHelper(helper: i32): bool {
  switch (helper) {
    case Helper.GetSmpProcessorId:
    case Helper.GetCurrentPidTgid:
    case Helper.GetCurrentUidGid:
    case Helper.GetCurrentTask:
      return true;
    default:
      return false;
  }
}

/** Whether the helper neither reads nor writes memory that the program has other ways to reach. */
export function leavesMemoryAlone(helper: i32): bool {
  switch (helper) {
    case Helper.KtimeGetNs:
    case Helper.KtimeGetBootNs:
    case Helper.Jiffies64:
    case Helper.GetPrandomU32:
    case Helper.RingbufReserve:
      return true;
    default:
      return isPureHelper(helper);
  }
}
