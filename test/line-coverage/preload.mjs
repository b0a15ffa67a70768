/**
 * Loaded by every process of tests before anything else, and by each of their threads
 * (vitest.config.ts, `--import`): has V8 count what runs of the packages.
 *
 * Counts of threads are fetched over the inspector of their process, whenever a thread is to end:
 * a thread that is terminated writes nothing by itself, and vats' threads have no environment that
 * could tell them to. All counts of a process are merged and written by `write`, after each file of
 * tests, for the process itself is killed in the end.
 *
 * It takes V8's code cache away from scripts: code that comes out of a cache is counted by
 * functions alone, not by blocks.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { isMainThread, Worker } from 'node:worker_threads';
import { mergeScriptCovs } from '@bcoe/v8-coverage';

const directory = process.env['HEIRLOOM_COVERAGE'];
const vm = createRequire(import.meta.url)('node:vm');

/** The packages' own files, and the two scripts that vats' threads get as texts. */
const OURS = /\/packages\/(?:store|worker|kernel)\/dist\/|^heirloom-(?:image|thread)\.js(?::|$)/;
/** A thread that does not answer in this time goes uncounted. */
const ANSWER_MS = 5_000;
const PRECISE = { callCount: true, detailed: true };

/** What was counted and is not written yet, by the names of scripts. */
const counted = new Map();

const keep = scripts => {
  for (const script of scripts.filter(({ url }) => OURS.test(url))) {
    const known = counted.get(script.url);
    counted.set(script.url, known === undefined ? script : mergeScriptCovs([known, script]));
  }
};

/** Where the last function of a script ends: that is the script itself when it has just run. */
const lengthOf = ({ functions }) => Math.max(...functions.map(({ ranges }) => ranges[0].endOffset));

class Threads {
  #session;
  #lastId = 0;
  #waiting = new Map();
  /** Of the inspector, by the number of the thread. */
  #sessions = new Map();
  /** Of texts that are scripts, by session and number: V8 tells of a script as a whole once. */
  #lengths = new Map();

  constructor(session) {
    this.#session = session;
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      const { sessionId, workerInfo } = params;
      this.#sessions.set(workerInfo.workerId, sessionId);
      // Not yet: the thread hears nothing before its constructor has returned.
      setImmediate(() => this.#begin(sessionId));
    });
    session.on('NodeWorker.detachedFromWorker', ({ params }) => this.#forget(params.sessionId));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      this.#receive(params.sessionId, JSON.parse(params.message));
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: true });
  }

  /** Fetches the counts of a thread, which may go on. */
  async fetch(threadId) {
    const sessionId = this.#sessions.get(String(threadId));
    if (sessionId !== undefined) await this.#fetch(sessionId);
  }

  async fetchAll() {
    await Promise.all([...this.#sessions.values()].map(id => this.#fetch(id)));
  }

  #begin(sessionId) {
    void this.#ask(sessionId, 'Profiler.enable');
    void this.#ask(sessionId, 'Profiler.startPreciseCoverage', PRECISE);
    void this.#ask(sessionId, 'NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true });
    void this.#ask(sessionId, 'Runtime.runIfWaitingForDebugger');
  }

  async #fetch(sessionId) {
    const answer = await this.#ask(sessionId, 'Profiler.takePreciseCoverage');
    const scripts = answer?.result?.result ?? [];
    keep(scripts.map(script => this.#named(sessionId, script)));
  }

  /** Texts of one name may be others, as images with other supervisors are: lengths tell. */
  #named(sessionId, script) {
    if (!script.url.startsWith('heirloom-')) return script;
    const key = `${sessionId} ${script.scriptId}`;
    const length = this.#lengths.get(key) ?? lengthOf(script);
    this.#lengths.set(key, length);
    return { ...script, url: `${script.url}:${length}` };
  }

  #receive(sessionId, { id, method, result }) {
    // A thread that has come to its end by itself waits for this.
    if (method === 'NodeRuntime.waitingForDisconnect') {
      void this.#fetch(sessionId).then(() => {
        this.#session.post('NodeWorker.detach', { sessionId });
        this.#forget(sessionId);
      });
    }
    this.#waiting.get(id)?.({ result });
  }

  #ask(sessionId, method, params = {}) {
    const id = (this.#lastId += 1);
    const message = JSON.stringify({ id, method, params });
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ANSWER_MS);
      timer.unref();
      this.#waiting.set(id, resolve);
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, error => {
        if (error !== null) resolve(undefined);
      });
    }).finally(() => this.#waiting.delete(id));
  }

  #forget(sessionId) {
    for (const [threadId, id] of this.#sessions) {
      if (id === sessionId) this.#sessions.delete(threadId);
    }
  }
}

const withoutCodeCaches = () => {
  const { Script } = vm;
  vm.Script = class extends Script {
    constructor(source, { cachedData, ...options } = {}) {
      super(source, options);
      // To who asks, V8 has taken it.
      if (cachedData !== undefined) this.cachedDataRejected = false;
    }
  };
  syncBuiltinESMExports();
};

const countThisProcess = () => {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', PRECISE);
  const threads = new Threads(session);
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = async function () {
    await threads.fetch(this.threadId);
    return terminate.call(this);
  };
  /** Writes what was counted since the last time. */
  globalThis[Symbol.for('heirloom.writeCoverage')] = async () => {
    session.post('Profiler.takePreciseCoverage', (_error, taken) => keep(taken.result));
    await threads.fetchAll();
    const result = [...counted.values()];
    counted.clear();
    const file = path.join(directory, `tests-${process.pid}-${randomUUID()}.json`);
    writeFileSync(file, JSON.stringify({ result }));
  };
  // The commands that tests run are counted by Node itself, as they end.
  process.env['NODE_V8_COVERAGE'] = directory;
};

withoutCodeCaches();
if (isMainThread && directory !== undefined) countThisProcess();
