// Macros of SystemTap's tapset that we do not have yet. Their use gets the message "not supported yet".

const LATER: string = " inet_sock_cast mm task try_assign uint_cast ulong_cast ";

/** Whether SystemTap has a macro of this name (without its `@`) that is not available here yet. */
export function isLaterMacro(name: string): bool {
  if (name.startsWith("prometheus_") || name.startsWith("json_output_")) return true;
  return LATER.includes(` ${name} `);
}
