// process("path").mark("name"), process("path").provider("p").mark("name"): markers of sys/sdt.h (kernel/sdt.ts). A
// name has as many places as the C compiler made of it, each with its own arguments and semaphore; all are probed.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { ProgramFile } from "../kernel/program-file";
import { Marker, readMarkers } from "../kernel/sdt";
import { markerArguments } from "../kernel/sdt-argument";
import { hasWildcard, matchWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote, SiteVariable } from "./family";
import { addPlace, filesOf, ownerText, placeAt, programOwners } from "./process";

/** The patterns of this family. */
export function markerPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  const owners = programOwners();
  for (let i = 0, n = owners.length; i < n; ++i) {
    patterns.push(new ProbePattern(`${owners[i]}.mark(string)`, resolve));
    patterns.push(new ProbePattern(`${owners[i]}.provider(string).mark(string)`, resolve));
  }
  return patterns;
}

function resolve(query: PointQuery): void {
  const files = filesOf(query);
  if (files === null) return;
  const last = query.components.length - 1;
  const provider = query.components[last - 1].name == "provider" ? query.text(last - 1) : "*";
  const name = query.text(last);
  const near = new NearMatches(name);
  let count = 0;
  for (let i = 0, n = files.length; i < n; ++i) {
    const file = files[i];
    const markers = readMarkers(file);
    for (let k = 0, m = markers.length; k < m; ++k) {
      const marker = markers[k];
      near.add(marker.name);
      ++count;
      if (matchWildcard(provider, marker.provider) && matchWildcard(name, marker.name)) addMarker(query, file, marker);
    }
    if (file.isPending) query.pending = true;
  }
  if (query.pending || query.attachments.length > 0) return;
  const where = files.length == 1 ? `'${files[0].path}'` : "these programs";
  if (count == 0) query.refuse(placeAt(query), `${where} has no markers`);
  else if (hasWildcard(name) || provider != "*") query.refuse(last, `no marker of ${where} matches ${quote(name)}`);
  else query.refuse(last, `${where} has no marker '${name}'${near.text}`);
}

function addMarker(query: PointQuery, file: ProgramFile, marker: Marker): void {
  const offset = file.offsetOf(marker.address);
  if (offset < 0) return;
  const isProvided = query.components[query.components.length - 2].name == "provider";
  const provider = isProvided ? `.provider(${quote(marker.provider)})` : "";
  const point = `${ownerText(query, file)}${provider}.mark(${quote(marker.name)})`;
  const attachment = new Attachment(AttachKind.Uprobe, point);
  const target = AttachTarget.ofFile(marker.name, file.path, <u64>offset);
  if (marker.semaphore != 0) {
    const semaphore = file.offsetOf(marker.semaphore, false);
    // Without its semaphore the program would not come to the place.
    if (semaphore < 0) {
      query.refuse(query.components.length - 1, `the semaphore of '${marker.name}' is not in the file`);
      return;
    }
    target.semaphore = <u64>semaphore;
  }
  attachment.target = target;
  attachment.variables = variablesOf(query, file, marker);
  addPlace(query, file, <u64>offset, attachment);
}

function variablesOf(query: PointQuery, file: ProgramFile, marker: Marker): SiteVariable[] {
  const variables: SiteVariable[] = [];
  const found = markerArguments(marker, file, query.facts.arch);
  for (let i = 0, n = found.length; i < n; ++i) {
    const one = found[i];
    const problem = one.problem.length > 0 ? `${one.problem} ('${one.place}')` : "";
    variables.push(new SiteVariable(`$arg${i + 1}`, one.text, problem));
  }
  variables.push(new SiteVariable("$$name", quote(marker.name)));
  variables.push(new SiteVariable("$$provider", quote(marker.provider)));
  return variables;
}
