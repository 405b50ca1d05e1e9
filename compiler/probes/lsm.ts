// lsm.HOOK: the hooks of security modules (include/linux/lsm_hook_defs.h), with their arguments as target variables. In
// guru mode `$return = -1` denies what the hook is about with that error. The kernel's function bpf_lsm_HOOK tells
// whether there is such a hook; whether it is called depends on how the kernel was booted, which the agent finds out.

import { AttachTarget } from "../../common/as/attach-target";
import { HOOK_FUNCTION } from "../../common/format/attach";
import { AttachKind } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { hasWildcard } from "../syntax/wildcard";
import { ANY_NAME, Attachment, PointQuery, ProbePattern, quote } from "./family";

const KIND = "functions";

/** The pattern of this family. */
export function lsmPatterns(): ProbePattern[] {
  return [new ProbePattern(`lsm.${ANY_NAME}`, resolve)];
}

function resolve(query: PointQuery): void {
  const name = query.components[1].name;
  const functions = query.facts.functions;
  if (!query.facts.known) {
    if (hasWildcard(name))
      query.refuse(1, `which hooks match ${quote(name)} depends on the kernel`, "say which with --host");
    else addSite(query, name);
    return;
  }
  if (!functions.knows(HOOK_FUNCTION + name)) query.need(KIND, HOOK_FUNCTION + name);
  if (query.pending) return;
  if (hasWildcard(name)) {
    const found = functions.matching(HOOK_FUNCTION + name);
    for (let i = 0, n = found.length; i < n; ++i) addSite(query, found[i].substring(HOOK_FUNCTION.length));
    if (found.length == 0) query.refuse(1, `no hook of security modules matches ${quote(name)}`);
  } else if (functions.has(HOOK_FUNCTION + name)) {
    addSite(query, name);
  } else {
    refuseName(query, name);
  }
}

function refuseName(query: PointQuery, name: string): void {
  const functions = query.facts.functions;
  const all = `${HOOK_FUNCTION}*`;
  if (!query.optional && !functions.knows(all)) query.need(KIND, all);
  if (query.pending) return;
  const near = new NearMatches(name);
  const found = functions.matching(all);
  for (let i = 0, n = found.length; i < n; ++i) near.add(found[i].substring(HOOK_FUNCTION.length));
  const hint = found.length == 0 ? "It needs CONFIG_BPF_LSM." : "";
  query.refuse(1, `the kernel has no hook '${name}' of security modules${near.text}`, hint);
}

function addSite(query: PointQuery, name: string): void {
  const site = new Attachment(AttachKind.Lsm, `lsm.${name}`);
  site.target = AttachTarget.ofHook(name);
  query.attachments.push(site);
}
