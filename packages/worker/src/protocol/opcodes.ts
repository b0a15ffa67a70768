/**
 * The opcodes of what crosses between the kernel and a vat worker: tuples that msgpack frames
 * carry. to-worker.ts and from-worker.ts say what each tuple holds.
 *
 * Invariants: every tuple holds only safe integers, booleans, null, byte arrays, ASCII strings and
 * such tuples (rules.md#t5). Data of vat code crosses as `body` (canonical bytes, never decoded by
 * the kernel) beside `slots` (the references it mentions). See docs/protocol.md.
 */

/** Opcodes of deliveries. */
export const Delivery = {
  startVat: 0,
  message: 1,
  notify: 2,
  dropExports: 3,
  retireExports: 4,
  retireImports: 5,
  reap: 6,
  sweep: 7,
  // No delivery has opcode 8.
  migrate: 9,
  fork: 10,
} as const;

/** Opcodes of syscalls. */
export const Syscall = {
  /** With a result, the sender is subscribed to it: no `subscribe` follows. */
  send: 0,
  subscribe: 1,
  resolve: 2,
  exit: 3,
  dropImports: 4,
  retireImports: 5,
  retireExports: 6,
  abandonExports: 7,
  /** In any crank: the exports of a durable kind are revoked from now on. */
  dismissKind: 8,
  /** What the crank's exports say that they are. */
  allege: 9,
  /** A promise that settles in this wave keeps its name beyond it: not all watchers have heard. */
  keep: 10,
} as const;

/** Opcodes from the kernel to a worker. */
export const ToWorker = {
  prepare: 0,
  bind: 1,
  deliver: 2,
  replay: 3,
  restack: 4,
  bundle: 5,
  observe: 6,
  describe: 7,
  noteSites: 8,
} as const;

/** Opcodes from a worker to the kernel. */
export const FromWorker = {
  prepared: 0,
  bound: 1,
  cranks: 2,
  replayed: 3,
  diverged: 4,
  log: 5,
  ready: 6,
  progress: 7,
  trace: 8,
  observed: 9,
  described: 10,
} as const;
