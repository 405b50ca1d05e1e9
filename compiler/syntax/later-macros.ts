// Macros of SystemTap's tapset that we do not have yet. Their use gets the message "not supported yet".

const LATER: string =
  " " +
  "cast_module_sizeof cast_sizeof container_of inet_sock_cast mm module_container_of module_offsetof " +
  "module_type_defined module_type_member_defined offsetof task try_assign type_defined type_member_defined " +
  "uint_cast ulong_cast ";

/** Whether SystemTap has a macro of this name (without its `@`) that is not available here yet. */
export function isLaterMacro(name: string): bool {
  if (name.startsWith("prometheus_") || name.startsWith("json_output_")) return true;
  return LATER.includes(` ${name} `);
}
