// What a probed function or tracepoint takes and returns, and where a handler's context has each of them.

import { HOOK_FUNCTION } from "../../common/format/attach";
import { plainName } from "../../common/format/function-name";
import { Arch } from "./facts";
import { registersOf } from "./registers";
import { spell } from "./type-names";
import { Prototype, Types } from "./types";

/** Bytes of a word of the context. */
const WORD: i32 = 8;

/** Where a value is when a handler begins. */
export class Location {
  constructor(
    /** Its offset in the context, or that of the stack pointer. */
    public context: i32,
    /** The value is on the stack, so many bytes above the stack pointer; -1: it is in the context. */
    public stack: i32 = -1,
  ) {}
}

/** The prototype of what a probe is attached to. */
export class Signature {
  names: string[] = [];
  parameters: i32[] = [];
  locations: Location[] = [];
  /** Its type, and where it is; -1: it returns nothing, or the probe does not see it. */
  result: i32 = -1;
  resultLocation: Location = new Location(-1);
  /** Why there is no prototype. */
  problem: string = "";

  constructor(public types: Types) {}

  /** The number of a parameter, or -1. */
  find(name: string): i32 {
    return this.names.indexOf(name);
  }
}

/** The signature of a kernel function; `name` may be a copy that the C compiler made. */
export function signatureOfFunction(types: Types, name: string, arch: Arch): Signature {
  const signature = new Signature(types);
  const functions = types.findFunctions(name);
  if (functions.length == 0) {
    signature.problem =
      plainName(name) == name
        ? `the kernel's BTF does not describe '${name}'`
        : `'${name}' is a copy that the C compiler made, and may take other parameters`;
    return signature;
  }
  const prototype = types.prototypeOf(functions[0]);
  for (let i = 1, n = functions.length; i < n; ++i) {
    const other = types.prototypeOf(functions[i]);
    if (prototype !== null && other !== null && spell(types, other.id) == spell(types, prototype.id)) continue;
    signature.problem = `several functions are called '${name}', and they take different parameters`;
    return signature;
  }
  if (prototype === null) return signature;
  fill(signature, prototype);
  passed(signature, arch, 0);
  signature.result = prototype.returnType;
  signature.resultLocation = new Location(registersOf(arch).resultOffset);
  return signature;
}

/**
 * What a value of a type is in a register, as the agent compares it with the kernel that it meets: "u8", "s4", "*file"
 * for a pointer to a struct, "*" for other pointers; empty: a type that has no such form. Bytes have no sign: whether
 * `char` has one depends on the pahole that made the BTF.
 */
export function shapeOf(types: Types, type: i32): string {
  if (types.isPointer(type)) {
    const to = types.strip(types.pointee(type));
    return types.isComposite(to) || types.isForward(to) ? `*${types.name(to)}` : "*";
  }
  if (!types.isInteger(type) && !types.isEnum(type)) return "";
  const bytes = types.sizeOf(type);
  return `${bytes > 1 && types.isSigned(type) ? "s" : "u"}${bytes}`;
}

/** Says where a function finds its arguments; so many others come before those of the signature. */
function passed(signature: Signature, arch: Arch, before: i32): void {
  const cpu = registersOf(arch);
  const registers = cpu.argumentOffsets;
  let stack = cpu.stackWords * WORD;
  for (let i = before, n = before + signature.parameters.length; i < n; ++i) {
    const inRegister = i < registers.length;
    signature.locations.push(inRegister ? new Location(registers[i]) : new Location(cpu.stackOffset, stack));
    if (!inRegister) stack += WORD;
  }
}

/** The signature of a tracepoint, whose context has a word for each argument. */
export function signatureOfTracepoint(types: Types, name: string): Signature {
  const signature = argumentsOfTracepoint(types, name);
  for (let i = 0, n = signature.parameters.length; i < n; ++i) signature.locations.push(new Location(i * WORD));
  return signature;
}

/** The signature of a hook of security modules: a word for each argument, then what programs before have returned. */
export function signatureOfHook(types: Types, name: string): Signature {
  const signature = new Signature(types);
  const functions = types.findFunctions(HOOK_FUNCTION + name);
  const prototype = functions.length > 0 ? types.prototypeOf(functions[0]) : null;
  if (prototype === null) {
    signature.problem = `the kernel's BTF does not describe the hook '${name}'`;
    return signature;
  }
  fill(signature, prototype);
  const count = signature.parameters.length;
  for (let i = 0; i < count; ++i) signature.locations.push(new Location(i * WORD));
  signature.result = prototype.returnType;
  signature.resultLocation = new Location(count * WORD);
  return signature;
}

/** The signature of a tracepoint where the function that calls its callbacks is probed: one argument is its own. */
export function signatureOfTracepointCall(types: Types, name: string, arch: Arch): Signature {
  const signature = argumentsOfTracepoint(types, name);
  passed(signature, arch, 1);
  return signature;
}

/** Names and types of a tracepoint's arguments. */
function argumentsOfTracepoint(types: Types, name: string): Signature {
  const signature = new Signature(types);
  const prototype = types.tracepointPrototype(name);
  if (prototype === null) {
    signature.problem = `the kernel's BTF does not describe the arguments of the tracepoint '${name}'`;
    return signature;
  }
  fill(signature, prototype);
  return signature;
}

function fill(signature: Signature, prototype: Prototype): void {
  for (let i = 0, n = prototype.parameterCount; i < n; ++i) {
    signature.names.push(prototype.parameterName(i));
    signature.parameters.push(prototype.parameterType(i));
  }
}
