// The inputs of the preprocessor: everything that conditionals, macros and script arguments may ask about.

import { Range } from "../source/source";
import { Token } from "./token";

/** A defined macro. */
export class Macro {
  constructor(
    public name: string,
    /** The name, where it is defined. */
    public range: Range,
    public parameters: string[],
    /** The tokens between `%(` and `%)`. */
    public body: Token[],
  ) {}
}

/** Filled by the driver from the request; one object for all files of a compilation. */
export class PreprocessOptions {
  /** The remote's `uname -r`, such as `6.1.0-13-amd64`; empty while no kernel is known. */
  kernelRelease: string = "";
  /** The kernel's name of the CPU family: `x86_64`, `arm64`. */
  arch: string = "x86_64";
  /** The version of the language we follow. */
  systemtapVersion: string = "5.0";
  /** What `runtime` compares with. */
  runtime: string = "bpf";
  privilege: string = "stapdev";
  /** `-g`: embedded code and raw memory operators are allowed in user scripts. */
  guru: bool = false;
  /** Script arguments, as byte strings. */
  args: string[] = [];
  /** Numbers of those that some text names. */
  usedArgs: Set<i32> = new Set<i32>();
  /** Kernel configuration: `CONFIG_SMP` → `y`. What is missing counts as empty. */
  configs: Map<string, string> = new Map<string, string>();
  /** Options that the remote was asked about; null if there is no remote, and then missing ones are empty. */
  configsAsked: Set<string> | null = null;
  /** Options that conditionals name and the remote was not asked for. */
  configNeeds: Set<string> = new Set<string>();
  /** Macros of `.stpm` files, known to every file. */
  macros: Map<string, Macro> = new Map<string, Macro>();
}
