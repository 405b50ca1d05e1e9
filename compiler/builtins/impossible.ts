// Functions of SystemTap's tapset that no BPF program can have: what the user is told, and what to use instead.

/** Names, with blanks around each, and the sentence. */
class Impossible {
  constructor(
    public names: string,
    public why: string,
    public instead: string,
  ) {}
}

const ROWS: StaticArray<Impossible> = [
  new Impossible(
    " set_kernel_char set_kernel_short set_kernel_int set_kernel_long set_kernel_pointer set_kernel_string " +
      "set_kernel_string_n ",
    "BPF programs cannot write the kernel's memory",
    "guru scripts can change memory of a process with set_user_*",
  ),
  new Impossible(
    " set_int_arg set_long_arg set_longlong_arg set_pointer_arg set_s32_arg set_s64_arg set_u32_arg set_u64_arg " +
      "set_uint_arg set_ulong_arg set_ulonglong_arg set_returnval ",
    "BPF programs cannot change arguments and results of functions of the kernel",
    "use fault injection of the kernel (Documentation/fault-injection)",
  ),
  new Impossible(" mdelay udelay ", "BPF programs cannot wait", "measure with a pair of probes instead"),
  new Impossible(" panic ", "BPF programs must not stop the kernel", "print, and use the remote's sysctl kernel.sysrq"),
  new Impossible(" printk ", "the kernel's log is not written", "use printf, log or ftrace"),
  new Impossible(" dump_stack ", "the kernel's log is not written", "use print_backtrace"),
  new Impossible(
    " symline symfile symfileline print_backtrace_fileline ",
    "it needs debug information of the kernel, which stap-remote does not read",
    "use symdata, and addr2line where the debug information is",
  ),
  new Impossible(
    " task_backtrace ",
    "no kernel lets a program unwind the stack of a task by its address",
    "use backtrace in a probe that runs in that task",
  ),
  new Impossible(" cpuid ", "SystemTap 1.5 removed it", "use cpu"),
];

/** Why a function cannot exist here; empty if it can, or is none of SystemTap's. */
export function impossibleReason(name: string): string {
  const row = rowOf(name);
  return row !== null ? row.why : "";
}

/** What to use instead. */
export function impossibleHint(name: string): string {
  const row = rowOf(name);
  return row !== null ? row.instead : "";
}

function rowOf(name: string): Impossible | null {
  const wanted = ` ${name} `;
  for (let i = 0, n = ROWS.length; i < n; ++i) if (ROWS[i].names.includes(wanted)) return ROWS[i];
  return null;
}
