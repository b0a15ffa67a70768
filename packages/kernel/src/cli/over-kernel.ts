/**
 * A kernel that a command has open: closed however the command ends, also when the process is told
 * to end. A second signal ends the process at once, as it would without us.
 */
import { describeError } from '@heirloom/store';
import { showPlace } from '../base/kernel-errors.js';
import type { Kernel } from '../kernel.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Signal = (typeof SIGNALS)[number];

/** The process was told to end, and the kernel is closed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: Signal;

  constructor(signal: Signal, amid: string) {
    super(`${signal}${amid}: the store is closed, as its last block left it`);
    this.signal = signal;
  }
}

/** What a command does with a kernel. `open` gives up when its signal is aborted. */
interface KernelWork<T> {
  readonly open: (signal: AbortSignal) => Promise<Kernel>;
  readonly work: (kernel: Kernel) => Promise<T>;
}

/** Errors: those of the work; Interrupted. */
export const overKernel = async <T>({ open, work }: KernelWork<T>): Promise<T> => {
  const opening = new AbortController();
  let kernel: Kernel | undefined;
  let signal: Signal | undefined;
  const stopListening = (): void => {
    for (const name of SIGNALS) process.off(name, end);
  };
  const end = (given: Signal): void => {
    signal = given;
    stopListening();
    opening.abort();
    void kernel?.close();
  };
  for (const name of SIGNALS) process.on(name, end);
  try {
    kernel = await open(opening.signal);
    const result = await work(kernel);
    if (signal === undefined) return result;
  } catch (error) {
    // What the work ran into then is no news; where the opening was, is.
    if (signal === undefined) throw error;
    if (kernel === undefined) throw new Interrupted(signal, `: ${describeError(error)}`);
  } finally {
    stopListening();
    await kernel?.close();
  }
  const places = kernel.cutShort.map(showPlace).join('; ');
  throw new Interrupted(signal, places === '' ? '' : `, amid ${places}`);
};

/** Ends the process as the signal would have. */
export const endBy = ({ signal }: Interrupted): void => void process.kill(process.pid, signal);
