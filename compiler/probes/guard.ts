// Which processes make a probe in user space fire, as conditions in the words of the script: they stand before the
// handler's own code, and the handler returns at once in all others.

import { PointQuery } from "./family";

/** What must not hold in the processes that a point is about; empty: it is about all. */
export function guardOf(query: PointQuery): string {
  const argument = query.components[0].argument;
  if (argument !== null && query.text(0).length == 0) return `pid() != ${query.number(0)}`;
  return query.process.length > 0 ? "!target_set_pid(pid())" : "";
}
