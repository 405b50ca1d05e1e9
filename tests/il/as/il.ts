// What tests/il needs of the compiler: IL text in, IL or BPF text out, with every pass checked.

import { BackendOptions } from "../../../compiler/bpf/code";
import { compileFunction, MACHINE_PHASES, passName } from "../../../compiler/bpf/compile";
import { printCode } from "../../../compiler/bpf/print";
import { check, Has } from "../../../compiler/ir/check";
import { IrParser } from "../../../compiler/ir/parse";
import { printModule } from "../../../compiler/ir/print";

/** Parses and prints again; or the parser's or checker's complaint behind "error: ". */
export function reprint(text: string): string {
  let parser = new IrParser(text);
  let module = parser.module();
  if (parser.error != "") return "error: " + parser.error + "\n";
  for (let k = 0; k < module.functions.length; ++k) {
    let message = check(module.functions[k], Has.None);
    if (message != "") return "error: " + message + "\n";
  }
  return printModule(module);
}

/** The phases that have a printed form, a name a line: passes on the IR in order, then what makes code of it. */
export function phases(): string {
  let text = "";
  for (let k = 0; passName(k) != ""; ++k) text += passName(k) + "\n";
  for (let k = 0; k < MACHINE_PHASES.length; ++k) text += MACHINE_PHASES[k] + "\n";
  return text;
}

/**
 * What the functions of `text` are after the pass called `phase`, the last time that it runs; "bpf": the code.
 * The pass called `skip` is left out; it is dumped all the same.
 */
export function run(text: string, phase: string, skip: string): string {
  let module = new IrParser(text).module();
  let output = "";
  for (let k = 0; k < module.functions.length; ++k) {
    let options = new BackendOptions();
    options.check = true;
    options.dump = phase;
    options.skip = skip;
    let code = compileFunction(module.functions[k], options);
    if (code.error != "") output += "error: " + code.name + " " + code.error + "\n";
    else if (phase == "bpf") output += printCode(code, []);
    else output += options.dumped.substring(options.dumped.lastIndexOf("; " + phase + "\n"));
  }
  return output;
}
