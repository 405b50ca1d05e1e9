// The release; scripts/check holds it against package.json.

/** The version of the agent. */
export const VERSION: string = "0.1.0";
