// Attaching or detaching hundreds of probes may take a minute. The host must hear from the agent meanwhile, or it would
// time out.

/** The one who started the session, while a step takes long. */
export abstract class Contact {
  /** Called between two steps: answers heartbeats. */
  abstract keep(): void;
}
