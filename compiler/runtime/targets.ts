// Where a branch goes.

/** The two blocks of a branch. */
export class Targets {
  constructor(
    public yes: i32,
    public no: i32,
  ) {}
}
