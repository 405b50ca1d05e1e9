// The rights that an object needs to run in a container: computed from its probes, the helpers that its programs call,
// the symbols that it asks for. docs/privileges.md has what was measured.

import { ElfView } from "../agent/host/elf.ts";
import { ManifestReader } from "../agent/host/manifest.ts";
import { attachRow, isAttachKind } from "../common/format/attach.ts";
import { Helper } from "../common/format/helpers.ts";
import { ArgumentRow, AttachKind, ProbeRow, Show, TableKind, TargetRow } from "../common/format/manifest.ts";

/** A right, and what for. */
export interface Right {
  name: string;
  why: string;
}

/** A folder of the host. */
export interface HostFolder {
  path: string;
  isReadOnly: boolean;
  why: string;
}

/** What a container must be allowed. */
export interface Rights {
  capabilities: Right[];
  /** Perf events: the usual seccomp filters of some engines forbid them. */
  perfEvents: boolean;
  folders: HostFolder[];
  /** Why it must see the host's processes; undefined: it need not. */
  hostProcesses?: string;
}

/** A kind of attachment, and what it takes beyond BPF and PERFMON. */
interface KindRights {
  perfEvents?: boolean;
  /** Files of the host. */
  files?: "tracefs" | "securityfs" | "code";
  /** Addresses in /proc/kallsyms. */
  addresses?: boolean;
}

const NEEDS: Partial<Record<AttachKind, KindRights>> = {
  [AttachKind.Kprobe]: { perfEvents: true },
  // Made as named events in tracefs, so that no return is missed.
  [AttachKind.Kretprobe]: { perfEvents: true, files: "tracefs" },
  [AttachKind.CpuClock]: { perfEvents: true },
  [AttachKind.TracepointCall]: { perfEvents: true, addresses: true },
  [AttachKind.Counter]: { perfEvents: true },
  [AttachKind.Watchpoint]: { perfEvents: true, addresses: true },
  [AttachKind.Uprobe]: { perfEvents: true, files: "code" },
  [AttachKind.Uretprobe]: { perfEvents: true, files: "code" },
  [AttachKind.Lsm]: { files: "securityfs" },
};

const TRACEFS: HostFolder = { path: "/sys/kernel/tracing", isReadOnly: false, why: "probes on returns are made there" };
const SECURITYFS: HostFolder = { path: "/sys/kernel/security", isReadOnly: true, why: "says which modules are active" };

/** The rights of an object. */
export function rightsOf(object: Uint8Array): Rights {
  const manifest = new ManifestReader(object);
  const kinds = kindsOf(manifest);
  const needs = [...kinds].map((kind) => NEEDS[kind] ?? {});
  const capabilities: Right[] = [
    { name: "BPF", why: "loads programs and maps" },
    { name: "PERFMON", why: "attaches them, and lets them read the kernel's memory" },
    { name: "SYS_RESOURCE", why: "locked memory, before Linux 5.11 only" },
  ];
  const asks = addressReason(manifest, needs);
  if (asks !== undefined) capabilities.push({ name: "SYSLOG", why: asks });
  if (callsHelper(object, Helper.ProbeWriteUser))
    capabilities.push({ name: "SYS_ADMIN", why: "the script writes to user memory" });
  const folders: HostFolder[] = [];
  if (needs.some(({ files }) => files === "tracefs")) folders.push(TRACEFS);
  if (needs.some(({ files }) => files === "securityfs")) folders.push(SECURITYFS);
  for (const path of codeFolders(manifest))
    folders.push({ path, isReadOnly: true, why: "has a program that is probed" });
  return {
    capabilities,
    perfEvents: needs.some(({ perfEvents }) => perfEvents === true),
    folders,
    ...(folders.includes(TRACEFS)
      ? { hostProcesses: "events in tracefs have process ids in their names, so that leftovers are known" }
      : {}),
  };
}

function kindsOf(manifest: ManifestReader): Set<AttachKind> {
  const kinds = new Set<AttachKind>();
  for (let i = 0, n = manifest.count(TableKind.Probe); i < n; i++) {
    const kind = manifest.field(TableKind.Probe, i, ProbeRow.Attach);
    if (isAttachKind(kind)) kinds.add(attachRow(kind).kind);
  }
  return kinds;
}

/** What asks for addresses of symbols, which only some may read. */
function addressReason(manifest: ManifestReader, needs: KindRights[]): string | undefined {
  for (let i = 0, n = manifest.count(TableKind.Argument); i < n; i++) {
    const show = manifest.field(TableKind.Argument, i, ArgumentRow.Show);
    if (show !== Show.Value && show !== Show.Time && show !== Show.Cpu && show !== Show.Hex)
      return "names of addresses and stacks, from /proc/kallsyms";
  }
  if (manifest.count(TableKind.Symbol) > 0) return "addresses of variables, from /proc/kallsyms";
  return needs.some(({ addresses }) => addresses === true) ? "addresses of functions, from /proc/kallsyms" : undefined;
}

/** Folders of the programs and libraries that are probed. */
function codeFolders(manifest: ManifestReader): Set<string> {
  const folders = new Set<string>();
  for (let i = 0, n = manifest.count(TableKind.Probe); i < n; i++) {
    const kind = manifest.field(TableKind.Probe, i, ProbeRow.Attach) as AttachKind;
    const target = manifest.field(TableKind.Probe, i, ProbeRow.Target);
    if (!isAttachKind(kind) || NEEDS[kind]?.files !== "code" || target >= manifest.count(TableKind.Target)) continue;
    const path = manifest.text(TableKind.Target, target, TargetRow.Path);
    if (path.startsWith("/")) folders.add(path.replace(/\/[^/]*$/, "") || "/");
  }
  return folders;
}

/** BPF_JMP | BPF_CALL: a call, of a helper if the source register is 0. */
const CALL = 0x85;
const INSN_BYTES = 8;

function callsHelper(object: Uint8Array, helper: Helper): boolean {
  return new ElfView(object).sections.some(({ name, bytes }) => {
    if (name.startsWith(".") && name !== ".text") return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + INSN_BYTES <= bytes.length; at += INSN_BYTES) {
      if (bytes[at] === CALL && (bytes[at + 1] as number) >> 4 === 0 && view.getInt32(at + 4, true) === helper)
        return true;
    }
    return false;
  });
}
