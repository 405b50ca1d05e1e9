// What a file of facts holds, and how two differ, for people.

import { FEATURES, featureOf } from "../common/format/features.ts";
import { KERNEL_BTF } from "../common/format/request.ts";
import type { KernelFacts } from "./kernel.ts";

const CPU_NAMES: Record<number, string> = { 62: "x86_64", 183: "arm64" };
/** Names that differ are listed up to this number, unless all are wanted. */
const MOST_LISTED = 20;

const count = (number: number, what: string) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
const kilobytes = (bytes: number) => `${Math.ceil(bytes / 1024).toLocaleString("en")} KB`;
const row = (name: string, text: string) => `${name.padEnd(10)} ${text}\n`;

/** `facts show`: the kernel, its features with their first mainline release, and how much of what the file has. */
export function describeFacts(facts: KernelFacts, fileBytes: number): string {
  const { hello, blobs } = facts;
  const missing = FEATURES.filter(({ name }) => !facts.features.includes(name));
  const kernel = blobs.find(({ name }) => name === KERNEL_BTF);
  const ofModules = blobs.filter(({ name }) => name !== KERNEL_BTF);
  const packed = ofModules.reduce((sum, { stream }) => sum + stream.length, 0);
  const ofModulesText = `of ${count(ofModules.length, "module")} (${kilobytes(packed)})`;
  const types = kernel
    ? `of the kernel (${kilobytes(kernel.stream.length)}), ${ofModulesText}`
    : "none: the kernel has no BTF";
  return [
    row("kernel", `Linux ${hello.release}, ${cpuOf(facts)}`),
    row("", hello.kernelVersion),
    row("build id", hello.buildId || "none"),
    row("CPUs", `${hello.cpus}; ${hello.hz} ticks a second, pages of ${hello.pageSize} bytes`),
    row("features", facts.features.map(featureText).join(", ") || "none"),
    ...(missing.length > 0 ? [row("missing", missing.map(({ name }) => featureText(name)).join(", "))] : []),
    row("functions", `${count(new Set(facts.functions).size, "function")} of the kernel`),
    row("modules", `${count(facts.modules.length, "module")} with ${count(facts.moduleFunctions.length, "function")}`),
    row("tracepoints", count(facts.tracepoints.length, "tracepoint")),
    row("options", facts.config.includes("?") ? "not known" : count(facts.config.length, "option")),
    row("types", types),
    row("file", kilobytes(fileBytes)),
  ].join("");
}

function cpuOf({ hello }: KernelFacts): string {
  return CPU_NAMES[hello.machine] ?? `CPU ${hello.machine}`;
}

/** A feature with the first mainline release that has it. */
function featureText(name: string): string {
  const since = featureOf(name)?.since;
  return since ? `${name} (${since})` : name;
}

/** `facts diff`: what a script meets differently on the second kernel; empty if nothing. */
export function compareFacts(first: KernelFacts, second: KernelFacts, all: boolean): string {
  const most = all ? Number.POSITIVE_INFINITY : MOST_LISTED;
  const parts: string[] = [];
  const field = (name: string, a: string, b: string) => {
    if (a !== b) parts.push(`${name}: ${a} | ${b}\n`);
  };
  field("kernel", first.hello.release, second.hello.release);
  field("CPU", cpuOf(first), cpuOf(second));
  field("build id", first.hello.buildId, second.hello.buildId);
  field("ticks a second", String(first.hello.hz), String(second.hello.hz));
  const lists: [string, (facts: KernelFacts) => string[]][] = [
    ["feature", (facts) => facts.features.map(featureText)],
    ["module", (facts) => facts.modules],
    ["tracepoint", (facts) => facts.tracepoints],
    ["function", (facts) => facts.functions],
    ["function of modules", (facts) => facts.moduleFunctions],
    ["option", (facts) => facts.config],
  ];
  for (const [what, of] of lists) {
    parts.push(listDifference(what, "only the first has", [of(first), of(second)], most));
    parts.push(listDifference(what, "only the second has", [of(second), of(first)], most));
  }
  return parts.join("");
}

function listDifference(what: string, who: string, [some, others]: [string[], string[]], most: number): string {
  const known = new Set(others);
  const only = [...new Set(some)].filter((name) => !known.has(name)).sort();
  if (only.length === 0) return "";
  const shown = only.slice(0, most).join(" ");
  const rest = only.length > most ? ` … (-v: all)` : "";
  const plural = only.length === 1 ? what : what.replace(/^\w+/, "$&s");
  return `${who} ${only.length.toLocaleString("en")} ${plural}: ${shown}${rest}\n`;
}
