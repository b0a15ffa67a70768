/**
 * A process that lives through hostile pieces (test/support/hosts/hostile-host.mjs): it may die of
 * one, or never end one, and whoever asked it is told. Nothing here needs vitest.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import type { Isolation, KernelOptions } from '@heirloom/kernel';

/**
 * Whose code: of the vat of the piece, or of the host. `amid`: the vat's, and while what it begins
 * goes on, the host and an innocent vat call the till; how many waves that takes is in what the
 * step gives.
 */
export type Step = readonly [who: 'hostile' | 'amid' | 'host', code: string];

interface PieceToRun {
  /** The name of its vat. */
  readonly id: string;
  readonly steps: readonly Step[];
}

interface Stop {
  readonly code: string;
  readonly message: string;
  readonly vat?: string;
}

export interface PieceReport {
  readonly id: string;
  readonly vatId: string;
  /** What each step gave: texts as they are, `rejected: ...`. */
  readonly gave: readonly string[];
  /** `name: CODE: ...` of vats that ended. */
  readonly faults: readonly string[];
  readonly log: readonly string[];
  /** The longest pause of the kernel's thread while the piece had its way, ms. */
  readonly longestMs: number;
  /** The longest that it has worked without a turn, ms; null where the system does not say. */
  readonly longestBusyMs: number | null;
  /** The HostError. */
  readonly stopped?: Stop;
  /** Of a host that has stopped: the hash of the last block. */
  readonly committed?: string;
  readonly lives?: boolean;
  /** What the piece's vat says in the end. */
  readonly answers?: string;
  /** What is wrong with all others. */
  readonly problems: readonly string[];
  readonly hash?: string;
}

export interface Aftermath {
  /** The block hash that the store has opened with. */
  readonly reopened: string;
  readonly problems: readonly string[];
  readonly hash: string;
}

interface OpenRequest {
  readonly directory: string;
  readonly isolation: Isolation;
  readonly options?: Partial<KernelOptions>;
  /** A file with the image that workers get, as JSON. */
  readonly image?: string;
}

interface Deeds {
  open(request: OpenRequest): { readonly hash: string; readonly vats: readonly string[] };
  enter(request: { readonly id: string }): object;
  piece(request: { readonly piece: PieceToRun }): PieceReport;
  problems(request: object): { readonly problems: readonly string[]; readonly hash: string };
  restart(request: object): { readonly hash: string };
  aftermath(request: OpenRequest & { readonly id: string }): Aftermath;
  close(request: object): { readonly hash: string };
  verify(request: { readonly directory: string }): {
    readonly ok: boolean;
    readonly bad: readonly string[];
  };
}

/** The process has ended, did not answer, or could not do it. */
export class ChildError extends Error {
  override readonly name = 'ChildError';
  readonly how: 'died' | 'hung' | 'failed';
  readonly stopped: Stop | undefined;

  constructor(how: 'died' | 'hung' | 'failed', message: string, stopped?: Stop) {
    super(message);
    this.how = how;
    this.stopped = stopped;
  }
}

/** A guard against hanging: no verdict depends on it. */
const HUNG_MS = 180_000;
const STDERR_CHARS_MAX = 4_000;

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: ChildError) => void;
}

export class HostileChild {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #stderr = '';
  #isGone = false;
  #waiting: Waiting | undefined;

  /**
   * `root`: of the repository. `bundles`: a file with the bundles of the fixtures, by name.
   * `scratch`: where it makes what nobody removes when it is killed.
   */
  constructor(root: URL, bundles: string, scratch = tmpdir()) {
    const host = new URL('test/support/hosts/hostile-host.mjs', root).pathname;
    this.#child = spawn(process.execPath, [host, bundles], {
      cwd: new URL('test', root),
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', TMPDIR: scratch },
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    this.#child.stdin!.on('error', () => undefined);
    createInterface({ input: this.#child.stdout! }).on('line', line => {
      this.#waiting?.resolve(line);
      this.#waiting = undefined;
    });
    this.#gone = new Promise(resolve => {
      this.#child.on('close', (code, signal) => {
        this.#isGone = true;
        const how = signal ?? `exit code ${code}`;
        this.#waiting?.reject(new ChildError('died', `${how}: ${this.#stderr}`));
        this.#waiting = undefined;
        resolve();
      });
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Errors: ChildError. */
  async ask<Name extends keyof Deeds>(
    name: Name,
    request: Parameters<Deeds[Name]>[0],
  ): Promise<ReturnType<Deeds[Name]>> {
    if (this.#isGone) throw new ChildError('died', 'it has ended before');
    const line = await new Promise<string>((resolve, reject) => {
      const guard = setTimeout(() => {
        this.#waiting = undefined;
        reject(new ChildError('hung', `no answer in ${HUNG_MS} ms`));
      }, HUNG_MS);
      const done = (): void => clearTimeout(guard);
      this.#waiting = {
        resolve: text => {
          done();
          resolve(text);
        },
        reject: error => {
          done();
          reject(error);
        },
      };
      this.#child.stdin!.write(`${JSON.stringify({ do: name, ...request })}\n`);
    });
    const answer = JSON.parse(line) as { readonly failed?: string; readonly stopped?: Stop };
    if (answer.failed !== undefined) throw new ChildError('failed', answer.failed, answer.stopped);
    return answer as ReturnType<Deeds[Name]>;
  }

  /** Ends it, whatever it does: threads in native code cannot be waited for. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }
}
