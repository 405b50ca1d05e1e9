import { Func } from "../ir/function";
import { BackendOptions, Code } from "./code";

export { BackendOptions, Code, CodeLine, Relocation, RelocationKind } from "./code";

/** Compiles one function to BPF. */
export function compileFunction(fn: Func, options: BackendOptions): Code {
  let code = new Code(fn);
  code.error = "not written yet";
  return code;
}
