// kernel.data(ADDRESS) and kernel.data("SYMBOL"): watchpoints of the CPU on the kernel's memory. `.write` fires at each
// write, `.rw` at each access; `.length(n)` says how many bytes are watched. Without debug information the size of a
// variable is not known, so a symbol has a length, too. CPUs have few watchpoints (x86_64: four): the kernel says when
// there are no more.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";

/** Bytes that are watched if the script does not say. */
const DEFAULT_LENGTH: i64 = 8;

/** The patterns of this family. */
export function dataPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  const places: StaticArray<string> = ["kernel.data(number)", "kernel.data(string)"];
  for (let i = 0; i < places.length; ++i) {
    patterns.push(new ProbePattern(`${places[i]}.write`, resolve));
    patterns.push(new ProbePattern(`${places[i]}.rw`, resolve));
    patterns.push(new ProbePattern(`${places[i]}.length(number).write`, resolve));
    patterns.push(new ProbePattern(`${places[i]}.length(number).rw`, resolve));
  }
  return patterns;
}

function resolve(query: PointQuery): void {
  const last = query.components.length - 1;
  const hasLength = last == 3;
  const length = hasLength ? query.number(2) : DEFAULT_LENGTH;
  if (length != 1 && length != 2 && length != 4 && length != 8) {
    query.refuse(2, `a watchpoint is 1, 2, 4 or 8 bytes long, not ${length}`);
    return;
  }
  const symbol = query.text(1);
  const address = query.number(1);
  if (symbol.length == 0 && (address & (length - 1)) != 0) {
    query.refuse(1, `a watchpoint of ${length} bytes needs an address that ${length} divides`);
    return;
  }
  const isWrite = query.components[last].name == "write";
  const place = symbol.length > 0 ? quote(symbol) : `0x${(<u64>address).toString(16)}`;
  const suffix = hasLength ? `.length(${length})` : "";
  const attachment = new Attachment(
    AttachKind.Watchpoint,
    `kernel.data(${place})${suffix}.${query.components[last].name}`,
  );
  attachment.target = symbol.length > 0 ? AttachTarget.ofSymbol(symbol) : AttachTarget.ofAddress(address);
  attachment.period = length;
  attachment.flags = isWrite ? ProbeFlags.EachCpu : ProbeFlags.EachCpu | ProbeFlags.Reads;
  query.attachments.push(attachment);
}
