// Functions of SystemTap's tapset that scripts use often and that do not exist here yet: whoever calls one hears that it
// is not available, not that nobody has heard of it. A name leaves this list when the tapset gets the function.

const LATER: string =
  " abort addr assert backtrace caller callers cmdline_str cpu_clock_ms cpu_clock_ns cpu_clock_s cpu_clock_us cpuid " +
  "cputime_to_msecs delete_stopwatch egid env_var euid exit_status fullpath_struct_file fullpath_struct_path " +
  "get_cycles gettimeofday_jiffies htonl htons humanreadable_bytes indent int_arg ip_ntop is_myproc is_return " +
  "jiffies kernel_buffer_quoted kernel_char kernel_int kernel_long kernel_pointer kernel_short kernel_string " +
  "kernel_string_n local_clock_ms local_clock_ns local_clock_s local_clock_us long_arg mdelay " +
  "mem_page_size modname module_name module_size ntohl ntohll ntohs panic pexecname pgrp pn pointer_arg pp " +
  "ppfunc ppid print_backtrace print_regs print_stack print_syms print_ubacktrace probe_type probefunc probemod " +
  "read_stopwatch_ns register regparm remote_id remote_uri returnstr returnval s32_arg s64_arg set_kernel_int " +
  "set_kernel_long sid sprint_backtrace sprint_stack sprint_syms sprint_ubacktrace start_stopwatch stop_stopwatch " +
  "stp_pid symdata symfileline symline symname task_backtrace task_cpu task_current task_euid task_execname " +
  "task_gid task_max_file_handles task_nice task_ns_pid task_open_file_handles task_parent task_pid task_prio " +
  "task_state task_tid task_uid task_utime thread_indent thread_timestamp tz_ctime tz_gmtoff tz_name u32_arg " +
  "u64_arg ubacktrace ucallers udelay ulong_arg umodname user_char user_int user_long user_mode user_short " +
  "user_string user_string2 user_string_n user_string_quoted user_string_warn usrname usymdata usymname ";

/** Whether SystemTap has a function of this name that is not available here yet. */
export function isLaterFunction(name: string): bool {
  return LATER.includes(` ${name} `);
}
