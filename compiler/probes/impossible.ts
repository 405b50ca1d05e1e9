// Probe points of SystemTap that are refused for good reason: the shapes that need debug information of the kernel, and
// families that need something on the traced machine which stap-remote does not bring there.

import { PointQuery, ProbePattern } from "./family";

/** A reason, and what to use instead. */
class Reason {
  constructor(
    public points: string[],
    public why: string,
    public instead: string,
  ) {}
}

/** Points of the kernel; each also begins with `module(string)`. */
const KERNEL: StaticArray<Reason> = [
  new Reason(
    ["function(string).inline"],
    "inlined copies of functions are found through debug information of the kernel, which is not read",
    "",
  ),
  new Reason(
    [
      "function(string).callee(string)",
      "function(string).callee(string).call",
      "function(string).callee(string).return",
      "function(string).callees",
      "function(string).callees(number)",
    ],
    "what a function calls is found through debug information of the kernel, which is not read",
    "probe the callee, and ask caller() who called it",
  ),
  new Reason(
    ["function(string).label(string)"],
    "labels are found through debug information of the kernel, which is not read",
    "use kernel.statement(ADDRESS).absolute",
  ),
  new Reason(
    ["statement(string)", "statement(string).nearest"],
    "lines of source files are found through debug information of the kernel, which is not read",
    "use kernel.statement(ADDRESS).absolute",
  ),
  new Reason(
    [
      "function(number)",
      "function(number).call",
      "function(number).exported",
      "function(number).return",
      "function(number).return.maxactive(number)",
      "statement(number)",
      "statement(number).nearest",
    ],
    "addresses in the kernel's file are checked with debug information of the kernel, which is not read",
    "use kernel.statement(ADDRESS).absolute with an address of /proc/kallsyms",
  ),
];

/** The patterns of all such points of the kernel. */
export function impossiblePatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  for (let i = 0; i < KERNEL.length; ++i) {
    const points = KERNEL[i].points;
    for (let k = 0, n = points.length; k < n; ++k) {
      patterns.push(new ProbePattern(`kernel.${points[k]}`, refuse));
      patterns.push(new ProbePattern(`module(string).${points[k]}`, refuse));
    }
  }
  return patterns;
}

function refuse(query: PointQuery): void {
  const shape = query.shape;
  for (let i = 0; i < KERNEL.length; ++i) {
    if (KERNEL[i].points.includes(shape.substring(shape.indexOf(".") + 1)))
      query.refuse(query.components.length - 1, KERNEL[i].why, KERNEL[i].instead);
  }
}

/** Families of which no point can be probed, by the first name of their points. */
const FAMILIES: StaticArray<Reason> = [
  new Reason(
    ["java"],
    "methods of Java are probed by an agent in the virtual machine (Byteman), which stap-remote does not bring there",
    "",
  ),
  new Reason(
    ["python2", "python3"],
    "functions of Python are probed by a module in the interpreter, which stap-remote does not bring there",
    "",
  ),
  new Reason(
    ["hotspot"],
    "these points are a tapset that comes with a Java virtual machine and knows the path of its library",
    "put its folder into -I if the machine has one",
  ),
];

/** Why points whose first name is this cannot be probed; empty if they may be. */
export function impossibleFamily(first: string): string {
  const row = familyOf(first);
  return row !== null ? row.why : "";
}

/** What to do instead. */
export function impossibleFamilyHint(first: string): string {
  const row = familyOf(first);
  return row !== null ? row.instead : "";
}

function familyOf(first: string): Reason | null {
  for (let i = 0; i < FAMILIES.length; ++i) if (FAMILIES[i].points.includes(first)) return FAMILIES[i];
  return null;
}
