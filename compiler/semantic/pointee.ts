// What a number is known to point to.

import { Types } from "../kernel/types";
import { Pointee } from "../syntax/type";

/** A C type of the kernel, or of one of its modules. */
export class PointeeType extends Pointee {
  constructor(
    public types: Types,
    public id: i32,
    /** It lies in the memory of the process. */
    public isUser: bool,
  ) {
    super();
  }

  equals(other: PointeeType): bool {
    return this.types === other.types && this.id == other.id && this.isUser == other.isUser;
  }
}
