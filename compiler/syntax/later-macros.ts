// Macros of SystemTap's tapset that we do not have yet. Their use gets the message "not supported yet".

/** Whether SystemTap has a macro of this name (without its `@`) that is not available here yet. */
export function isLaterMacro(name: string): bool {
  return name.startsWith("prometheus_") || name.startsWith("json_output_");
}
