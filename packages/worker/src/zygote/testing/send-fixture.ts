/** Runs the send scripts over the stock shim (`shim`) or over ours (`own`). Prints the logs. */
import { SCRIPTS, type Eventual, type HandledPromiseLike, type World } from './send-scripts.js';

const mode = process.argv[2];
const lines: Record<string, string[]> = {};
process.on('unhandledRejection', () => undefined);

if (mode === 'own') await import('../before-ses.js');
await import('ses');
if (mode === 'shim') await import('@endo/eventual-send/shim.js');
lockdown({ errorTaming: 'safe', overrideTaming: 'severe', reporting: 'none' });
const { E } = (await import('@endo/eventual-send')) as unknown as { E: Eventual };
const HandledPromise = (globalThis as unknown as { HandledPromise: HandledPromiseLike })
  .HandledPromise;

const show = (value: unknown): string => {
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return '{}';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
};

const makeWorld = (out: string[]): World => {
  const log = (...parts: unknown[]): void => {
    out.push(parts.map(part => (typeof part === 'symbol' ? String(part) : show(part))).join(' '));
  };
  const watch = (name: string, promise: unknown): void => {
    (promise as Promise<unknown>).then(
      value => log(`${name} ->`, value),
      error => log(`${name} x`, error instanceof Error ? `${error.name}: ${error.message}` : error),
    );
  };
  const handler = (name: string, answer: (...args: unknown[]) => unknown = () => undefined) => {
    const method =
      (operation: string) =>
      (_target: unknown, ...rest: unknown[]) => {
        const args = rest.map(arg => (arg instanceof Promise ? '<P>' : arg));
        log(name, operation, ...args.filter(arg => arg !== undefined));
        return answer(...rest);
      };
    const names = ['get', 'applyFunction', 'applyMethod'];
    return Object.fromEntries(names.map(operation => [operation, method(operation)]));
  };
  return { E, HandledPromise, log, watch, handler, far: value => harden(value) };
};

for (const [name, script] of SCRIPTS) {
  const out: string[] = [];
  lines[name] = out;
  try {
    await script(makeWorld(out));
  } catch (error) {
    out.push(`script threw ${String(error)}`);
  }
  await new Promise(resolve => setImmediate(resolve));
}
console.log(JSON.stringify(lines));
