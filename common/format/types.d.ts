// AssemblyScript's integer names, so that tsc and editors can read the files shared with it.
// asc never sees this file: it knows these types itself.
declare type i32 = number;
declare type u32 = number;
declare type bool = boolean;
