/**
 * How a process ends that has a thread in a native loop (docs/isolation.md).
 *
 * Theory of operation. Node ends by stopping its threads and joining them, however it is told to
 * end: by `process.exit()`, an uncaught error, or nothing left to do. A thread in a native loop is
 * never joined, so the process hangs. What ends a process without Node's part in it is a signal,
 * whose status is the signal's, and `exit` of the C library. WASI calls that for a program that
 * exits, as it has from Node 20 on: so a program of one call takes the status out. Exit handlers
 * run before; handlers of the C library do, too, beside the thread that loops on.
 */
import { createRequire } from 'node:module';
import type { WASI as Wasi } from 'node:wasi';
import { threadsLeft } from '../vats/departures.js';

/** A program of WebAssembly: `(func (export "_start") (call $proc_exit (i32.const STATUS)))`. */
const exitProgram = (status: number): Uint8Array => {
  const text = (name: string): number[] => [name.length, ...Buffer.from(name, 'latin1')];
  const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
  const I32 = 0x7f;
  const types = section(1, 2, 0x60, 1, I32, 0, 0x60, 0, 0); // (i32) -> (), () -> ()
  const imports = section(2, 1, ...text('wasi_snapshot_preview1'), ...text('proc_exit'), 0, 0);
  const functions = section(3, 1, 1);
  const memory = section(5, 1, 0, 1); // WASI wants one
  const exported = section(7, 2, ...text('memory'), 2, 0, ...text('_start'), 0, 1);
  // A status is a byte: in two bytes of seven bits each it is positive whatever it is.
  const constant = [0x41, (status & 0x7f) | 0x80, status >> 7];
  const body = [0, ...constant, 0x10, 0, 0x0b];
  const code = section(10, 1, body.length, ...body);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[types, imports, functions, memory, exported, code].flat(),
  ]);
};

interface Assembly {
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

/** Does not return, unless WASI is not allowed here. */
const exitByWasi = (status: number): void => {
  // Loaded in the very turn in which the process ends: nobody sees its warning.
  const { WASI }: { readonly WASI: typeof Wasi } = createRequire(import.meta.url)('node:wasi');
  const { Module, Instance }: Assembly = Reflect.get(globalThis, 'WebAssembly');
  const wasi = new WASI({ version: 'preview1', returnOnExit: false });
  wasi.start(new Instance(new Module(exitProgram(status)), wasi.getImportObject()));
};

/** In place of what joins the threads. */
const leave = (status: unknown): void => {
  try {
    exitByWasi(Number(status ?? process.exitCode ?? 0) & 0xff);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
};

const isOpen = (stream: NodeJS.WriteStream): boolean => stream.writable && !stream.destroyed;

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise(resolve => {
    if (isOpen(stream)) stream.write('', () => resolve());
    else resolve();
  });

/**
 * Ends this process, also when a kernel has left a thread behind, which `process.exit()` would wait
 * for: what was written to stdout and stderr is written out, exit handlers run, and the status is
 * `code` (else `process.exitCode`). Where WASI is not allowed (`--permission`), SIGKILL ends it.
 */
export const endProcess = async (code?: number): Promise<never> => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  if (threadsLeft().length > 0) Reflect.set(process, 'reallyExit', leave);
  return code === undefined ? process.exit() : process.exit(code);
};
