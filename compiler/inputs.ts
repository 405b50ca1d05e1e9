// The inputs of a compile: the sections of one request, or of several that an instance got one after the other. They
// outlive the runs of the passes, and facts are read once, when they arrive: lists of names can have megabytes.

import { decimalOf } from "../common/as/decimal";
import { RequestTag } from "../common/format/request";
import { Facts } from "./kernel/facts";
import { Request, RequestSection } from "./request";

/** All inputs so far. */
export class Inputs {
  /** One request with all sections. */
  request: Request = new Request();
  facts: Facts = new Facts();

  /** Adds the sections of a request; false if one of them is malformed. */
  add(more: Request): bool {
    for (let i = 0, n = more.sections.length; i < n; ++i) {
      const section = more.sections[i];
      this.request.sections.push(section);
      if (!this.takeFact(section)) return false;
    }
    return true;
  }

  private takeFact(section: RequestSection): bool {
    switch (section.tag) {
      case RequestTag.Names:
        this.facts.addNames(section.name, section.text, true);
        break;
      case RequestTag.Absent:
        this.facts.addNames(section.name, section.text, false);
        break;
      case RequestTag.Features:
        this.facts.addFeatures(section.text);
        break;
      case RequestTag.Bytes:
        return this.takeBytes(section);
    }
    return true;
  }

  /** A section named "BLOB OFFSET SIZE". */
  private takeBytes(section: RequestSection): bool {
    const name = section.name;
    const last = name.lastIndexOf(" ");
    const before = last < 1 ? -1 : name.lastIndexOf(" ", last - 1);
    if (before < 1) return false;
    const offset = decimalOf(name.substring(before + 1, last));
    const size = decimalOf(name.substring(last + 1));
    return this.facts.blobs.add(name.substring(0, before), offset, size, section.data);
  }
}
