// process("path").plt("name") and .plt: calls of functions of other files, each where the program jumps to the function
// (kernel/plt.ts).

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { PltEntry, readPlt } from "../kernel/plt";
import { ProgramFile } from "../kernel/program-file";
import { hasWildcard, matchWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote, SiteVariable } from "./family";
import { addPlace, filesOf, ownerText, placeAt, programOwners } from "./process";

/** The patterns of this family. */
export function pltPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  const owners = programOwners();
  for (let i = 0, n = owners.length; i < n; ++i) {
    patterns.push(new ProbePattern(`${owners[i]}.plt`, resolve));
    patterns.push(new ProbePattern(`${owners[i]}.plt(string)`, resolve));
    patterns.push(new ProbePattern(`${owners[i]}.plt.return`, resolve));
    patterns.push(new ProbePattern(`${owners[i]}.plt(string).return`, resolve));
  }
  return patterns;
}

function resolve(query: PointQuery): void {
  const files = filesOf(query);
  if (files === null) return;
  const at = placeAt(query);
  const name = query.components[at].argument !== null ? query.text(at) : "*";
  const near = new NearMatches(name);
  let count = 0;
  for (let i = 0, n = files.length; i < n; ++i) {
    const file = files[i];
    const entries = readPlt(file, query.facts.arch);
    for (let k = 0, m = entries.length; k < m; ++k) {
      near.add(entries[k].name);
      ++count;
      if (matchWildcard(name, entries[k].name)) addEntry(query, file, entries[k], hasWildcard(name));
    }
    if (file.isPending) query.pending = true;
  }
  if (query.pending || query.attachments.length > 0) return;
  const where = files.length == 1 ? `'${files[0].path}'` : "these programs";
  if (count == 0) query.refuse(at, `${where} does not call functions of other files by a PLT`);
  else query.refuse(at, `${where} calls no function '${name}' of other files${near.text}`);
}

function addEntry(query: PointQuery, file: ProgramFile, entry: PltEntry, isOneOfMany: bool): void {
  const offset = file.offsetOf(entry.address);
  if (offset < 0) return;
  const isReturn = query.components[query.components.length - 1].name == "return";
  if (isReturn && file.isGo) {
    query.refuse(placeAt(query), `probes on returns crash Go programs, and '${file.path}' is one`);
    return;
  }
  const attach: AttachKind = isReturn ? AttachKind.Uretprobe : AttachKind.Uprobe;
  const point = `${ownerText(query, file)}.plt(${quote(entry.name)})${isReturn ? ".return" : ""}`;
  const attachment = new Attachment(attach, point);
  attachment.target = AttachTarget.ofFile(entry.name, file.path, <u64>offset);
  // As ppfunc(), which asks the place that has fired: so all places have one handler.
  attachment.variables = [new SiteVariable("$$name", "__site_text(2, 0)")];
  if (isOneOfMany) attachment.flags = ProbeFlags.Optional;
  addPlace(query, file, <u64>offset, attachment);
}
