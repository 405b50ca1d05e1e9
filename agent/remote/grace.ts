// Waits until no handler runs any more that began before. A link's descriptor may be closed, and its program detached,
// while a CPU is still in the middle of it.
//
// Programs on kernel events run in a read-side section of RCU: what waits for all of these waits for the programs, on
// preemptible kernels too. Sleepable programs would need more; there are none.

import { MapType } from "../../common/format/bpf";
import { createMap, MapRequest, updateElement } from "./bpf";
import { close, MEMBARRIER_GLOBAL, membarrier } from "./syscall";

/** Waits for the handlers that run now; false if this kernel offers no way to. */
export function waitForHandlers(): bool {
  return membarrier(MEMBARRIER_GLOBAL) >= 0 || waitByMap();
}

/**
 * The same where membarrier() is refused (nohz_full): before the update of a map of maps returns, the kernel waits for
 * the programs that may use the map that was there.
 */
function waitByMap(): bool {
  const inner = createMap(new MapRequest("grace", MapType.Array, 4, 8, 1, 0));
  if (inner < 0) return false;
  const request = new MapRequest("grace", MapType.ArrayOfMaps, 4, 4, 1, 0);
  request.inner = inner;
  const outer = createMap(request);
  const value = new StaticArray<i32>(1);
  value[0] = inner;
  const updated = outer < 0 ? outer : updateElement(outer, 0, changetype<usize>(value));
  if (outer >= 0) close(outer);
  close(inner);
  return updated >= 0;
}
