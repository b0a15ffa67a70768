/** The thread of a vat as the kernel starts it: Piscina, a real store, the image with an echo. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Store } from '@heirloom/store';
import { Piscina } from 'piscina';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ZygoteData } from './entry.js';
import { buildEchoImage, buildFixtures } from './testing/fixture.js';

type CodeCache = typeof import('./code-cache.js');

const READERS_MAX = 80;
const shared = (bytes: Uint8Array): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
};
const JSON_BEGINS = '{'.charCodeAt(0);
const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

describe('zygote', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'zygote-'));
  const pools: Piscina[] = [];
  const figures: string[] = [];
  let store: Store;
  let built: string;
  let image: Buffer;
  let eager: Uint8Array;
  let warm: Uint8Array;

  beforeAll(async () => {
    store = await Store.open({
      directory: path.join(directory, 'a.heirloom'),
      readersMax: READERS_MAX,
    });
    const fixtures = await buildFixtures('zygote', ['code-cache', 'code-cache-worker']);
    built = await buildEchoImage('zygote-image');
    image = readFileSync(path.join(built, 'image.js'));
    const url = pathToFileURL(path.join(fixtures, 'code-cache.js')).href;
    const { produceCodeCache, produceWarmCodeCache } = (await import(url)) as CodeCache;
    eager = produceCodeCache(image.toString());
    warm = await produceWarmCodeCache(image.toString(), { rehearses: false });
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map(pool => pool.destroy()));
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
    console.log(figures.join('\n'));
  });

  const startPool = (codeCache?: Uint8Array): Piscina => {
    const data: ZygoteData = {
      directory: path.join(directory, 'a.heirloom'),
      readersMax: READERS_MAX,
      imageSource: shared(image),
      ...(codeCache === undefined ? {} : { codeCache: shared(codeCache) }),
    };
    const options = {
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
      workerData: data,
      env: {},
    };
    const filename = path.join(built, 'thread.cjs');
    const pool = new Piscina({ ...options, filename, atomics: 'disabled' });
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  };
  interface Lease {
    readonly life: Promise<void>;
    readonly port: MessagePort;
    readonly abort: AbortController;
    ask(source: string): Promise<{ value?: unknown; error?: string; lines: string[] }>;
  }
  const lease = (pool: Piscina): Lease => {
    const { port1, port2 } = new MessageChannel();
    const abort = new AbortController();
    const options = { transferList: [port2], signal: abort.signal };
    const life = pool.run({ port: port2 }, options) as Promise<void>;
    life.catch(() => undefined);
    const ask: Lease['ask'] = source =>
      new Promise((resolve, reject) => {
        life.catch(reject);
        port1.on('message', function answer(frame: Uint8Array) {
          if (frame[0] !== JSON_BEGINS) return; // the frame that says: warm
          port1.off('message', answer);
          resolve(JSON.parse(Buffer.from(frame).toString('utf8')) as { lines: string[] });
        });
        port1.postMessage(new TextEncoder().encode(source));
      });
    return { life, port: port1, abort, ask };
  };
  const time = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await run();
    return performance.now() - start;
  };

  test('zygote: a lease -> vat code runs locked down, answers come over the port', async () => {
    const vat = lease(startPool(warm));
    expect(
      await vat.ask(`console.log('hello'); 'VatData' in globalThis && typeof process`),
    ).toEqual({
      value: 'undefined',
      lines: ['log hello'],
    });
    const error = await vat.ask(`Promise.reject(Error('no')); harden({}); null.x`).catch(String);
    expect(error).toContain('Cannot read properties of null');
    vat.port.close();
  });

  test('zygote: the port closes -> the task ends', async () => {
    const vat = lease(startPool(warm));
    expect((await vat.ask('1 + 1')).value).toBe(2);
    vat.port.close();
    await expect(vat.life).resolves.toBeUndefined();
  });

  test('zygote: an unhandled rejection -> logged, the thread lives', async () => {
    const vat = lease(startPool(warm));
    await vat.ask(`Promise.reject(harden({ get a() { throw 1; } })); 1`);
    await new Promise(resolve => setImmediate(resolve));
    const { value, lines } = await vat.ask(`2`);
    expect(value).toBe(2);
    expect(lines).toEqual(['error Unhandled rejection: { a: [accessor] }']);
    vat.port.close();
  });

  test('zygote: an exception of ours -> the thread dies, its owner is told', async () => {
    const vat = lease(startPool(warm));
    vat.port.postMessage(new TextEncoder().encode('!throw'));
    await expect(vat.life).rejects.toThrow('thrown by the supervisor');
  });

  test('zygote: an exception of ours in a later turn -> the thread dies too', async () => {
    const vat = lease(startPool(warm));
    vat.port.postMessage(new TextEncoder().encode('!later'));
    await expect(vat.life).rejects.toThrow('thrown in a turn');
  });

  test('zygote: abort in an endless loop -> the thread is killed', async () => {
    const times: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const vat = lease(startPool(warm));
      await vat.ask('1');
      vat.port.postMessage(new TextEncoder().encode(`for (;;);`));
      await new Promise(resolve => setTimeout(resolve, 20));
      times.push(
        await time(async () => {
          vat.abort.abort();
          await expect(vat.life).rejects.toThrow('aborted');
          await pools.splice(0).at(-1)!.destroy();
        }),
      );
      vat.port.close();
    }
    figures.push(`abort in an endless loop, to exit: ${median(times).toFixed(1)} ms`);
    expect(median(times)).toBeLessThan(500);
  });

  test('image: built twice -> the same bytes, the hash of them, nothing of lmdb', async () => {
    const again = readFileSync(path.join(await buildEchoImage('zygote-again'), 'image.js'));
    expect(again.equals(image)).toBe(true);
    const { id } = JSON.parse(readFileSync(path.join(built, 'image.json'), 'utf8')) as {
      id: string;
    };
    expect(createHash('sha256').update(image).digest('hex')).toBe(id);
    expect(image.toString()).not.toMatch(/require\("(?!node:)/);
  });

  test('zygote: cold start, warm lease -> measured', async () => {
    const caches = { none: undefined, eager, warm };
    for (const [name, cache] of Object.entries(caches)) {
      const cold: number[] = [];
      const leased: number[] = [];
      for (let i = 0; i < 7; i += 1) {
        let vat!: Lease;
        const direct = await time(async () => {
          vat = lease(startPool(cache));
          await vat.ask('1');
        });
        cold.push(direct);
        vat.port.close();
        const warmPool = startPool(cache);
        await new Promise(resolve => setTimeout(resolve, 200));
        leased.push(
          await time(async () => {
            vat = lease(warmPool);
            await vat.ask('1');
          }),
        );
        vat.port.close();
        await Promise.all(pools.splice(0).map(old => old.destroy()));
      }
      const text = `cold to first answer ${median(cold).toFixed(1)} ms, warm lease`;
      figures.push(`code cache ${name}: ${text} ${median(leased).toFixed(1)} ms`);
      expect(median(cold)).toBeLessThan(2000);
    }
  });
});
