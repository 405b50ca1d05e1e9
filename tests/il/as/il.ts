// What tests/il needs of the compiler: IL text in, IL or BPF text out, with every pass checked.

import { BackendOptions } from "../../../compiler/bpf/code";
import { compileFunction } from "../../../compiler/bpf/compile";
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

/** What the functions of `text` are after the pass called `phase`, the last time that it runs; "bpf": the code. */
export function run(text: string, phase: string): string {
  let module = new IrParser(text).module();
  let output = "";
  for (let k = 0; k < module.functions.length; ++k) {
    let options = new BackendOptions();
    options.check = true;
    options.dump = phase;
    let code = compileFunction(module.functions[k], options);
    if (code.error != "") output += "error: " + code.name + " " + code.error + "\n";
    else if (phase == "bpf") output += printCode(code, []);
    else output += options.dumped.substring(options.dumped.lastIndexOf("; " + phase + "\n"));
  }
  return output;
}
