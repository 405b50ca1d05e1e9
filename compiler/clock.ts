// The module's one import besides `abort`: it tells the host that a pass begins, so that the host can keep the time.

/** Pass `pass` begins (stap's numbers, 1 to 4). */
export declare function enterPass(pass: i32): void;
