/** The thread of a vat as the kernel starts it: Piscina, a real store, the image with an echo. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { lmdbAddonFile, Store } from '@heirloom/store';
import { Piscina } from 'piscina';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import type { ZygoteData } from './entry.js';
import { readEntryScript, type EntryScript } from './entry-script.js';
import { compileScript } from './compile-script.js';
import { compileImage } from './image-loader.js';
import { ownBytes, sharedBytes } from './shared-bytes.js';
import { readCodeCache } from './shared-code-cache.js';
import { buildEchoImage, buildFixtures } from './testing/run-fixture.js';

type CodeCache = typeof import('./code-cache.js');

const READERS_MAX = 80;
const JSON_BEGINS = '{'.charCodeAt(0);
const ABORTS = amount({ quick: 1, thorough: 5 });

describe('zygote', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'zygote-'));
  const pools: Piscina[] = [];
  let store: Store;
  let built: string;
  let entryScript: EntryScript;
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
    entryScript = readEntryScript(built);
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
  });

  const startPool = (codeCache?: Uint8Array): Piscina => {
    const data: ZygoteData = {
      ...entryScript,
      lmdbAddon: lmdbAddonFile(),
      directory: path.join(directory, 'a.heirloom'),
      readersMax: READERS_MAX,
      imageSource: sharedBytes(image),
      ...(codeCache === undefined ? {} : { codeCache: sharedBytes(codeCache) }),
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

  const endless = 'zygote: abort in an endless loop -> the thread is killed';
  test(endless, { tags: ['sized'] }, async () => {
    for (let i = 0; i < ABORTS; i += 1) {
      const vat = lease(startPool(warm));
      expect(await vat.ask('!loop')).toMatchObject({ value: 'looping' });
      vat.abort.abort();
      await expect(vat.life).rejects.toThrow('aborted');
      // Resolves when the thread has ended.
      await pools.splice(0).at(-1)!.destroy();
      vat.port.close();
    }
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

  test('zygote: the code cache that a thread has made -> V8 takes it', async () => {
    const first = lease(startPool(warm));
    await first.ask('1');
    first.port.close();
    const { entrySource, entryCodeCache } = entryScript;
    const codeCache = readCodeCache(entryCodeCache);
    expect(codeCache?.length).toBeGreaterThan(10_000);
    const source = ownBytes(entrySource).toString('latin1');
    const { cachedDataRejected } = compileScript('heirloom-thread.js', source, codeCache);
    expect(cachedDataRejected).toBe(false);
  });

  const caches = ['no', 'eager', 'warm'] as const;
  test.each(caches)('zygote: %s code cache -> V8 takes it, the vat answers', async name => {
    const cache = { no: undefined, eager, warm }[name];
    const { cachedDataRejected } = compileImage(image.toString(), cache);
    expect(cachedDataRejected).toBe(cache === undefined ? undefined : false);
    const vat = lease(startPool(cache));
    expect(await vat.ask('1 + 1')).toEqual({ value: 2, lines: [] });
    vat.port.close();
  });
});
