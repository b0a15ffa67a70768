/**
 * Stands for the supervisor in tests of the zygote: evaluates each frame as source in a vat's
 * compartment and posts what came of it as JSON text. `!loop` says so and never returns, `!throw`
 * throws at once, `!later` in a turn of its own.
 */
import { nextTurn } from '../../supervisor/host-powers.js';
import type { SupervisorOptions } from '../../contracts/vat-environment.js';

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #lines: string[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  onMessage(frame: Uint8Array): void {
    const source = Buffer.from(frame).toString('utf8');
    if (source === '!loop') {
      this.#post({ value: 'looping' });
      for (;;);
    }
    if (source === '!throw') throw new Error('thrown by the supervisor');
    if (source === '!later') {
      nextTurn(() => {
        throw new Error('thrown in a turn');
      });
      return;
    }
    const { makeCompartment } = this.#options.environment;
    const log = (level: string, text: string): void => void this.#lines.push(`${level} ${text}`);
    const globals = { VatData: Object.freeze({}), absent: undefined, WeakMap, WeakSet };
    const passStyleOf = { [Symbol.for('@endo passStyleOf')]: (): string => 'stub' };
    const vat = makeCompartment({ ...globals, ...passStyleOf }, log);
    void Promise.resolve(vat.evaluate(source)).then(
      value => this.#post({ value }),
      (error: unknown) => this.#post({ error: String(error) }),
    );
  }

  #post(answer: Record<string, unknown>): void {
    const bytes = new TextEncoder().encode(JSON.stringify({ ...answer, lines: this.#lines }));
    this.#options.host.post(bytes, [bytes.buffer as ArrayBuffer]);
  }
}
