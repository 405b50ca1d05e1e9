// How long the string of a builtin may be, where that is no plain number.

/** More than any string may have. */
export const ANY_LENGTH: i32 = 65535;
/** At most as long as the first argument. */
export const AS_FIRST: i32 = -1;
/** The same where each byte may become an octal escape, between quotes. */
export const AS_FIRST_ESCAPED: i32 = -2;
/** At most as many bytes as the second argument says. */
export const AS_SECOND: i32 = -3;
