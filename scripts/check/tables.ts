// Tables of different rooms that must have the same members. Each kind of attachment has a row in
// common/format/attach.ts and a family in compiler/probes that makes it; agent/remote/attach attaches those that fire
// in the kernel.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ATTACH_ROWS, AttachFlags, attachProblem } from "../../common/format/attach.ts";

const FAMILIES = "compiler/probes";
const ATTACHERS = "agent/remote/attach";

/** Complaints about tables, one a line. */
export function checkTables(root: string): string[] {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const families = sourcesIn(join(root, FAMILIES));
  const problems = attachProblem() === "" ? [] : [attachProblem()];
  const resolvers = families.filter((file) => file !== "table.ts").map((file) => read(`${FAMILIES}/${file}`));
  const attachers = read(`${ATTACHERS}/table.ts`);
  kindNames(read("common/format/manifest.ts")).forEach((name, kind) => {
    const member = new RegExp(`\\bAttachKind\\.${name}\\b`);
    if (!resolvers.some((text) => member.test(text))) problems.push(`${FAMILIES}: no family makes AttachKind.${name}`);
    const isKernel = ATTACH_ROWS[kind]?.is(AttachFlags.KernelEvent) ?? false;
    if (isKernel !== new RegExp(`new Attacher\\(AttachKind\\.${name},`).test(attachers))
      problems.push(`${ATTACHERS}/table.ts: AttachKind.${name} ${isKernel ? "has no row" : "is not the kernel's"}`);
  });
  return [...problems, ...unlisted(root, FAMILIES), ...unlisted(root, ATTACHERS)];
}

/** Files with a part of a table that the folder's table.ts does not import: a family's patterns, a way to attach. */
function unlisted(root: string, folder: string): string[] {
  const table = readFileSync(join(root, folder, "table.ts"), "utf8");
  return sourcesIn(join(root, folder))
    .filter((file) =>
      /^export function (attach\w+\(|\w+Patterns\()/m.test(readFileSync(join(root, folder, file), "utf8")),
    )
    .filter((file) => file !== "table.ts" && !table.includes(`"./${file.replace(/\.ts$/, "")}"`))
    .map((file) => `${folder}/table.ts does not list ${file}`);
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
}

/** The members of AttachKind, in order; `Size` is none. */
function kindNames(text: string): string[] {
  const body = /export const enum AttachKind \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  return [...body.matchAll(/^ {2}(\w+) = /gm)].map((match) => match[1] as string).filter((name) => name !== "Size");
}
