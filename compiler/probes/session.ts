// begin, end, error, oneshot and never: probes of the session itself. The agent runs them.

import { AttachKind } from "../../common/format/manifest";
import { Attachment, PointQuery, ProbePattern } from "./family";

/** The patterns of this family. */
export function sessionPatterns(): ProbePattern[] {
  return [
    new ProbePattern("begin", resolveBegin),
    new ProbePattern("begin(number)", resolveBegin),
    new ProbePattern("end", resolveEnd),
    new ProbePattern("end(number)", resolveEnd),
    new ProbePattern("error", resolveError),
    new ProbePattern("error(number)", resolveError),
    new ProbePattern("oneshot", resolveOneshot),
    new ProbePattern("never", resolveNever),
  ];
}

function resolveBegin(query: PointQuery): void {
  attach(query, "begin", AttachKind.Begin);
}

function resolveEnd(query: PointQuery): void {
  attach(query, "end", AttachKind.End);
}

function resolveError(query: PointQuery): void {
  attach(query, "error", AttachKind.Error);
}

function attach(query: PointQuery, name: string, kind: AttachKind): void {
  const ordered = query.components[0].argument !== null;
  const order = query.number(0);
  const attachment = new Attachment(kind, ordered ? `${name}(${order})` : name);
  attachment.order = order;
  query.attachments.push(attachment);
}

/** oneshot is a begin probe that ends the session. */
function resolveOneshot(query: PointQuery): void {
  const attachment = new Attachment(AttachKind.Begin, "oneshot");
  attachment.exits = true;
  query.attachments.push(attachment);
}

/** `never` is attached nowhere, but its handler is checked like any other: `resolveProbes` keeps it for that. */
function resolveNever(query: PointQuery): void {
  query.isNever = true;
}
