// One epoll descriptor. Every descriptor is added with a tag, which says what its events mean.

import {
  close,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EventList,
  epoll_create1,
  epoll_ctl,
  O_CLOEXEC,
} from "./syscall";

/** What a descriptor is to the agent. */
export const enum Tag {
  Input = 0,
  Signal = 1,
  OutputRing = 2,
  ControlRing = 3,
  /** where frames or text go: ready for more, or closed by its reader */
  Writer = 6,
  /** up to 15: what a command writes to, number Tag - Pipe */
  Pipe = 8,
  /** and above: timer number Tag - Timer */
  Timer = 16,
}

/** Waits for any of its descriptors. */
export class Events {
  private epoll: i32 = epoll_create1(O_CLOEXEC);
  private list: EventList = new EventList();

  /** Level-triggered: reported as long as there is something to read. Returns -EPERM for plain files. */
  add(fd: i32, tag: i32): i32 {
    return epoll_ctl(this.epoll, EPOLL_CTL_ADD, fd, EPOLLIN, tag);
  }

  /** Edge-triggered: reported once when something comes, so that what is left unread for a while does not spin. */
  addEdge(fd: i32, tag: i32): i32 {
    return epoll_ctl(this.epoll, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, tag);
  }

  /** Reported when it takes bytes again, or when its reader has closed it. */
  addWriter(fd: i32): i32 {
    return epoll_ctl(this.epoll, EPOLL_CTL_ADD, fd, EPOLLOUT | EPOLLET, Tag.Writer);
  }

  remove(fd: i32): void {
    epoll_ctl(this.epoll, EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** How many events there are; -1 milliseconds wait for ever. */
  wait(timeoutMs: i32): i32 {
    return max(this.list.wait(this.epoll, timeoutMs), 0);
  }

  /** Tag of event `i`. */
  tag(i: i32): i32 {
    return <i32>this.list.data(i);
  }

  /** Whether the other end of event `i` is closed. */
  isClosed(i: i32): bool {
    return (this.list.happened(i) & (EPOLLERR | EPOLLHUP)) != 0;
  }

  close(): void {
    close(this.epoll);
  }
}
