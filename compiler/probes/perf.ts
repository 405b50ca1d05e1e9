// perf.type(n).config(m): performance counters of the kernel's perf events, by the numbers of perf_event_attr. The
// handler runs on every CPU once for each 1,000,000 counts, for each `.sample(n)`, or about n times in a second with
// `.hz(n)`. The kernel checks the numbers when the probe is attached. tapset/perf.stp has names for the common ones.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { Attachment, PointQuery, ProbePattern } from "./family";

/** As in stap. */
const DEFAULT_SAMPLE: i64 = 1000000;
/** The type has 32 bits. */
const MOST_TYPE: i64 = 0xffffffff;

/** The patterns of this family. */
export function perfPatterns(): ProbePattern[] {
  return [
    new ProbePattern("perf.type(number).config(number)", resolveCounter),
    new ProbePattern("perf.type(number).config(number).sample(number)", resolveCounter),
    new ProbePattern("perf.type(number).config(number).hz(number)", resolveCounter),
  ];
}

function resolveCounter(query: PointQuery): void {
  const type = query.number(1);
  const config = query.number(2);
  const isSampled = query.components.length == 4;
  const isRate = isSampled && query.components[3].name == "hz";
  const count = isSampled ? query.number(3) : DEFAULT_SAMPLE;
  if (type < 0 || type > MOST_TYPE) {
    query.refuse(1, `the type of a counter must be between 0 and ${MOST_TYPE}, not ${type}`);
    return;
  }
  if (count < 1) {
    query.refuse(3, `the ${isRate ? "rate" : "interval"} of a counter must be positive, not ${count}`);
    return;
  }
  const counter = `perf.type(${type}).config(${config})`;
  const suffix = isRate ? `.hz(${count})` : isSampled ? `.sample(${count})` : "";
  const attachment = new Attachment(AttachKind.Counter, counter + suffix);
  attachment.target = AttachTarget.ofCounter(type.toString(), config);
  attachment.period = count;
  attachment.flags = isRate ? ProbeFlags.EachCpu | ProbeFlags.Rate : ProbeFlags.EachCpu;
  query.attachments.push(attachment);
}
