import { Builtin } from "./builtin";
import { findPrint } from "./print";
import { findBuiltin, selfCheckBuiltins } from "./table";

export function test_every_builtin_has_one_row(): void {
  selfCheckBuiltins();
}

export function test_finds_builtins_by_name(): void {
  const pid = findBuiltin("__pid");
  assert(pid !== null && pid.id == Builtin.Pid, "__pid");
  assert(findBuiltin("pid") === null, "scripts' names are the tapset's");
  const printf = findPrint("printf");
  assert(printf !== null && !printf.isValue, "printf prints");
  assert(findPrint("println_") === null, "nothing else does");
}
