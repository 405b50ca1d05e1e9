// kernel.statement(ADDRESS).absolute and kprobe.statement(ADDRESS).absolute: a kprobe at an address of the kernel, as
// /proc/kallsyms has it, or inside a function. In guru mode only, as in stap. The kernel says whether an instruction
// begins there, and refuses the probe otherwise.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind } from "../../common/format/manifest";
import { Attachment, PointQuery, ProbePattern } from "./family";

/** The patterns of this family. */
export function statementPatterns(): ProbePattern[] {
  return [
    new ProbePattern("kernel.statement(number).absolute", resolve),
    new ProbePattern("kprobe.statement(number).absolute", resolve),
  ];
}

function resolve(query: PointQuery): void {
  const address = query.number(1);
  if (!query.guru) {
    query.refuse(1, "a probe at an absolute address needs guru mode; use -g");
  } else if (address >= 0) {
    query.refuse(1, `0x${address.toString(16)} is no address of the kernel`);
  } else {
    const target = AttachTarget.ofCode(address);
    const site = new Attachment(AttachKind.Kprobe, `${query.components[0].name}.statement(${target.name}).absolute`);
    site.target = target;
    query.attachments.push(site);
  }
}
