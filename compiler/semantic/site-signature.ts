// What the target variables of a probe site are, and which sites can share code that names some of them.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachRow, attachRow, ContextKind, TargetKind } from "../../common/format/attach";
import { AttachKind } from "../../common/format/manifest";
import { Facts } from "../kernel/facts";
import { KernelTypes } from "../kernel/kernel-types";
import {
  Signature,
  signatureOfFunction,
  signatureOfHook,
  signatureOfTracepoint,
  signatureOfTracepointCall,
} from "../kernel/signature";
import { spell } from "../kernel/type-names";
import { Types } from "../kernel/types";

/** Signatures of what probes attach to. */
export class SiteSignatures {
  private known: Map<string, Signature | null> = new Map<string, Signature | null>();

  constructor(
    private facts: Facts,
    private types: KernelTypes,
  ) {}

  /** The signature of a site; null: it has none, or the types of the kernel are not here. */
  of(attach: AttachKind, target: AttachTarget): Signature | null {
    const row = attachRow(attach);
    if (!this.hasTarget(attach)) return null;
    const key = `${attach} ${target.key}`;
    if (this.known.has(key)) return this.known.get(key);
    const types = this.types.of(target.module);
    if (types === null) return null;
    const signature = this.read(types, row, target.name);
    this.known.set(key, signature);
    return signature;
  }

  private read(types: Types, row: AttachRow, name: string): Signature {
    if (row.target == TargetKind.Function) return signatureOfFunction(types, name, this.facts.arch);
    if (row.target == TargetKind.Hook) return signatureOfHook(types, name);
    const isByCall = row.context == ContextKind.CallRegisters;
    return isByCall ? signatureOfTracepointCall(types, name, this.facts.arch) : signatureOfTracepoint(types, name);
  }

  /** Whether such probes have target variables at all. */
  hasTarget(attach: AttachKind): bool {
    const kind = attachRow(attach).target;
    return kind == TargetKind.Function || kind == TargetKind.Tracepoint || kind == TargetKind.Hook;
  }

  /** The target variables of a site with their C types, as -L shows them (" $file:struct file*"), if it has any. */
  listingOf(attach: AttachKind, target: AttachTarget): string {
    const signature = this.hasTarget(attach) ? this.of(attach, target) : null;
    if (signature === null) return "";
    const types = signature.types;
    let text = "";
    if ((attach == AttachKind.Kretprobe || attach == AttachKind.Lsm) && signature.result > 0)
      text = ` $return:${spell(types, signature.result)}`;
    for (let i = 0, n = signature.names.length; i < n; ++i) {
      text += ` $${signature.names[i]}:${spell(types, signature.parameters[i])}`;
    }
    return text;
  }

  /** Equal for sites at which the target variables `names` mean the same. */
  shapeOf(names: string[], attach: AttachKind, target: AttachTarget): string {
    if (names.length == 0) return "";
    const signature = this.of(attach, target);
    if (signature === null) return `${attach}`;
    let shape = `${attach} ${target.module}`;
    for (let i = 0, n = names.length; i < n; ++i) shape += ` ${this.shapeOfName(names[i], signature, target)}`;
    return shape;
  }

  private shapeOfName(name: string, signature: Signature, target: AttachTarget): string {
    if (name == "$$name") return target.name;
    if (name == "$return" || name == "$$return") return `${signature.result}@${signature.resultLocation.context}`;
    if (!name.startsWith("$$")) {
      const at = signature.find(name.substring(1));
      // Where it is missing the message names the function.
      return at < 0 ? target.name : `${at}:${signature.parameters[at]}`;
    }
    return `${signature.names.join(",")}:${signature.parameters.join(",")}:${signature.result}`;
  }
}
