// Attaching or detaching hundreds of probes may take a minute. Whoever waits for it must not take the agent for dead.

/** The one who started the session, as long as something takes its time. */
export abstract class Contact {
  /** Called between two steps: answers what is asked, and says that work goes on. */
  abstract keep(): void;
}
