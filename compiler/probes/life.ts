// process.begin, .end, .thread.begin, .thread.end, .syscall and .syscall.return: what happens to processes, each with
// process("path") and process(PID), too. They are probes of the kernel that let only some processes pass:
//
//   .begin           schedule_tail(), which a new task runs first, and the tracepoint sched_process_exec
//   .end             taskstats_exit(task, is the last of its process), while the task still has its memory
//   .syscall         the tracepoints sys_enter and sys_exit
//
// They run in the task that they are about.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind } from "../../common/format/manifest";
import { Arch } from "../kernel/facts";
import { registersOf } from "../kernel/registers";
import { Attachment, PointQuery, ProbePattern, quote, SiteVariable } from "./family";
import { guardOf } from "./guard";
import { programPaths } from "./process";
import { addTracepoint } from "./trace";

/** Threads of the kernel have no memory of their own. */
const NOT_USER: string = '!@cast(task_current(), "task_struct", "kernel")->mm';
const BEGIN: string = "schedule_tail";
const END: string = "taskstats_exit";
const ARGUMENTS: i32 = 6;

const OWNERS: StaticArray<string> = ["process", "process(string)", "process(number)"];

/** The patterns of this family. */
export function lifePatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  for (let i = 0; i < OWNERS.length; ++i) {
    const owner = OWNERS[i];
    patterns.push(new ProbePattern(`${owner}.begin`, resolveBegin));
    patterns.push(new ProbePattern(`${owner}.end`, resolveEnd));
    patterns.push(new ProbePattern(`${owner}.thread.begin`, resolveThreadBegin));
    patterns.push(new ProbePattern(`${owner}.thread.end`, resolveThreadEnd));
    patterns.push(new ProbePattern(`${owner}.syscall`, resolveCall));
    patterns.push(new ProbePattern(`${owner}.syscall.return`, resolveCallReturn));
  }
  return patterns;
}

function resolveBegin(query: PointQuery): void {
  addFunction(query, BEGIN, `pid() != tid() || ${NOT_USER}`);
  addTrace(query, "sched_process_exec", []);
}

function resolveThreadBegin(query: PointQuery): void {
  addFunction(query, BEGIN, `pid() == tid() || ${NOT_USER}`);
}

function resolveEnd(query: PointQuery): void {
  addFunction(query, END, `!int_arg(2) || ${NOT_USER}`);
}

function resolveThreadEnd(query: PointQuery): void {
  addFunction(query, END, `int_arg(2) || ${NOT_USER}`);
}

function resolveCall(query: PointQuery): void {
  const variables = [new SiteVariable("$syscall", "$id")];
  const offsets = callOffsets(query.facts.arch);
  for (let i = 0; i < ARGUMENTS; ++i)
    variables.push(new SiteVariable(`$arg${i + 1}`, `@kderef(8, $regs + ${offsets[i]})`));
  addTrace(query, "sys_enter", variables);
}

function resolveCallReturn(query: PointQuery): void {
  const isArm = query.facts.arch == Arch.Arm64;
  const registers = registersOf(query.facts.arch);
  const number = isArm
    ? '@cast($regs, "pt_regs", "kernel")->syscallno'
    : `@kderef(8, $regs + ${registers.find("orig_rax")!.offset})`;
  addTrace(query, "sys_exit", [new SiteVariable("$syscall", number), new SiteVariable("$return", "$ret")]);
}

/** Where struct pt_regs has the arguments of a system call. */
function callOffsets(arch: Arch): StaticArray<i32> {
  const registers = registersOf(arch).argumentOffsets;
  if (arch == Arch.Arm64) return registers;
  const offsets = StaticArray.slice<i32>(registers, 0, ARGUMENTS);
  // The instruction itself takes rcx.
  offsets[3] = registersOf(arch).find("r10")!.offset;
  return offsets;
}

/** Puts a probe on a function of the kernel, which returns at once where `guard` holds. */
function addFunction(query: PointQuery, name: string, guard: string): void {
  if (!isKnown(query)) return;
  if (!query.facts.functions.knows(name)) {
    query.need("functions", name);
    return;
  }
  if (!query.facts.functions.has(name)) {
    query.refuse(query.components.length - 1, `the kernel does not tell it: it has no function '${name}'`);
    return;
  }
  const attachment = new Attachment(AttachKind.Kprobe, "");
  attachment.target = AttachTarget.ofFunction(name);
  addFor(query, [attachment], guard);
}

function addTrace(query: PointQuery, name: string, variables: SiteVariable[]): void {
  if (!isKnown(query)) return;
  const before = query.attachments;
  query.attachments = [];
  addTracepoint(query, name);
  const found = query.attachments;
  query.attachments = before;
  for (let i = 0, n = found.length; i < n; ++i) found[i].variables = variables;
  addFor(query, found, "");
}

function isKnown(query: PointQuery): bool {
  if (!query.facts.known) query.refuse(0, "how a process is followed depends on the kernel", "say which with --host");
  return query.facts.known;
}

/** Adds attachments for the processes that the point is about: for each program its own. */
function addFor(query: PointQuery, attachments: Attachment[], guard: string): void {
  const paths = query.text(0).length > 0 ? programPaths(query) : [""];
  if (paths === null || query.problem.length > 0) return;
  for (let i = 0, n = paths.length; i < n; ++i) {
    for (let k = 0, m = attachments.length; k < m; ++k) {
      const one = attachments[k];
      const attachment = new Attachment(one.attach, pointOf(query, paths[i]));
      attachment.target = one.target;
      attachment.flags = one.flags;
      attachment.variables = one.variables;
      const parts = [guardOf(query), guard, paths[i].length > 0 ? notRunning(paths[i]) : ""];
      attachment.guard = parts.filter((part: string): bool => part.length > 0).join(" || ");
      query.attachments.push(attachment);
    }
  }
}

/** The condition that the task runs another program. */
function notRunning(path: string): string {
  const name = path.substring(path.lastIndexOf("/") + 1);
  return `!__process_runs(${quote(name)}, ${quote(path)})`;
}

function pointOf(query: PointQuery, path: string): string {
  const argument = query.components[0].argument;
  const isNumber = argument !== null && path.length == 0;
  let point = path.length > 0 ? `process(${quote(path)})` : isNumber ? `process(${query.number(0)})` : "process";
  for (let i = 1, n = query.components.length; i < n; ++i) point += `.${query.components[i].name}`;
  return point;
}
