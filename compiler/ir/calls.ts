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
