/**
 * Mutations of the product: edits of one place, each of which breaks one rule of the design.
 *
 * `find` stands exactly once in `file` (mutations.test.ts sees to it). `tests`: path filters of the
 * test files that are expected to notice; docs/internals/testing.md says which test of them does.
 */
export interface Mutation {
  readonly id: string;
  /** As comments in the sources name it: waves W, garbage G, transcript T, store S, ... */
  readonly rule: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong, in one sentence. */
  readonly breaks: string;
  readonly tests: readonly string[];
}

const lines = (...all: readonly string[]): string => all.map(line => `${line}\n`).join('');

const KERNEL = 'packages/kernel/src';
const STORE = 'packages/store/src';
const WORKER = 'packages/worker/src';

/** Which vat does what, and when. */
const WAVES: readonly Mutation[] = [
  {
    id: 'W1a',
    rule: 'W1',
    file: `${KERNEL}/merge/cranks.ts`,
    find: 'const mark = state.mark();',
    replace: 'const mark = 0;',
    breaks: 'A crank that faults undoes what its item did: its result is decided by nobody.',
    tests: ['test/kernel/exit'],
  },
  {
    id: 'W2a',
    rule: 'W2',
    file: `${KERNEL}/objects/router.ts`,
    find: 'promiseQueueKey(flow.promise, flow.next)',
    replace: 'promiseQueueKey(flow.promise, flow.count - 1 - flow.next)',
    breaks: 'Messages that waited on a promise are routed last first.',
    tests: ['test/kernel/routing'],
  },
  {
    id: 'W3a',
    rule: 'W3',
    file: `${KERNEL}/wave/plan.ts`,
    find: 'if (!known || notified.has(promise)) {',
    replace: 'if (!known) {',
    breaks: 'A promise that an earlier notify of the wave has told is told again.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W3b',
    rule: 'W3',
    file: `${KERNEL}/wave/run.ts`,
    find: 'effects.retired) wave.retired.push([vat, incarnation, promise]);',
    replace: 'effects.retired) retirePromise(state, vat, promise);',
    breaks: 'The name of a promise that a vat settles is gone before the wave ends.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W3c',
    rule: 'W3',
    file: `${KERNEL}/wave/run.ts`,
    find: 'if (state.vats.get(vat)?.incarnation === incarnation) retirePromise',
    replace: 'if (state.vats.get(vat)?.state === VatState.running) retirePromise',
    breaks: 'A successor loses a promise that its predecessor was told of in the same wave.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W4a',
    rule: 'W4',
    file: `${KERNEL}/wave/run.ts`,
    find: 'if (row?.state !== VatState.running) {',
    replace: 'if (row === undefined) {',
    breaks: 'What a vat did in the wave behind its own end counts.',
    tests: ['test/kernel/exit'],
  },
  {
    id: 'W4b',
    rule: 'W4',
    file: `${KERNEL}/wave/run.ts`,
    find: "      else if (item.kind === 'notify') release(state, item.promise);\n",
    replace: '',
    breaks: 'A notify behind the end of its vat leaves its promise held for ever.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W4c',
    rule: 'W4',
    file: `${WORKER}/supervisor/wave.ts`,
    find: 'for (const [op] of syscalls) if (op === Syscall.exit) return true;',
    replace: '',
    breaks: 'What stands behind an exit runs: an endless loop there is the end of the host.',
    tests: ['test/kernel/exit'],
  },
  {
    id: 'W5a',
    rule: 'W5',
    file: `${KERNEL}/wave/plan.ts`,
    find: 'planner.items.length - collected >= limits.waveLimit',
    replace: 'planner.items.length - collected > limits.waveLimit',
    breaks: 'A wave takes one item more than `waveLimit`.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W5b',
    rule: 'W5',
    file: `${KERNEL}/vats/frame-worker.ts`,
    find: 'else if (cranks.slice(-1).some(endsPart)) this.#finish(OVER);',
    replace: '',
    breaks: 'A vat that has faulted keeps its turn: those that wait for a thread wait for ever.',
    tests: ['test/simulation/threads'],
  },
  {
    id: 'W6a',
    rule: 'W6',
    file: `${KERNEL}/core/block-driver.ts`,
    find: 'return this.#inputs.add(input, this.isBusy);',
    replace: 'return this.#inputs.add(input, false);',
    breaks: 'A call made during a run is taken in the middle of it.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W6b',
    rule: 'W6',
    file: `${KERNEL}/core/block-driver.ts`,
    find: 'while (this.#busy !== undefined) await',
    replace: 'if (this.#busy !== undefined) await',
    breaks: 'Of two calls that wait for a run to end, both go on at once.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W7a',
    rule: 'W7',
    file: `${KERNEL}/wave/plan.ts`,
    find: '        if (this.#closed.has(item.vat)) return undefined;\n',
    replace: '',
    breaks: 'A second upgrade of a vat overtakes the messages between it and the first.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'W7b',
    rule: 'W7',
    file: `${KERNEL}/wave/plan.ts`,
    find: lines(
      "    for (const vat of this.#due('sweep')) {",
      '      if (this.#closed.has(vat) || this.#headed.has(vat)) continue;',
    ),
    replace: lines("    for (const vat of this.#due('sweep')) {"),
    breaks: 'Old code sweeps its vat in the wave that upgrades it: the crank counts for the new.',
    tests: ['test/kernel/same-wave'],
  },
];

/** What nobody needs goes, and nothing else. */
const GARBAGE: readonly Mutation[] = [
  {
    id: 'G1a',
    rule: 'G1',
    file: `${KERNEL}/objects/collect.ts`,
    find: 'return isOwn && reachable === 0 && exported === Reach.reachable;',
    replace: 'return isOwn && exported === Reach.reachable;',
    breaks: 'A vat is told to drop an export that has been given away again meanwhile.',
    tests: ['test/kernel/garbage.test'],
  },
  {
    id: 'G1b',
    rule: 'G1',
    file: `${KERNEL}/objects/collect.ts`,
    find: 'if (!isNamedInWave(kref)) forgetImport(state, vat, kref);',
    replace: 'forgetImport(state, vat, kref);',
    breaks: 'A reap retires the name of an import that a later delivery of the wave carries.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'G2a',
    rule: 'G2',
    file: `${WORKER}/liveslots/objects/ledger.ts`,
    find: 'header.zero === incarnation + 1 || (header.zero !== 0 && !isHeldNow);',
    replace: 'header.zero !== 0;',
    breaks: 'What the new heap has taken from the rows is swept as the old heap left it.',
    tests: ['packages/worker/src/liveslots/garbage/gc.test'],
  },
  {
    id: 'G2b',
    rule: 'G2',
    file: `${WORKER}/liveslots/objects/ledger.ts`,
    find: "if (isDurable || base.startsWith('o+v')) change.own += by;",
    replace: "if (isDurable || base.startsWith('o')) change.own += by;",
    breaks: 'Merely-virtual rows count as durable ones: what they held is never collected.',
    tests: ['packages/worker/src/liveslots/garbage/gc.test'],
  },
  {
    id: 'G3a',
    rule: 'G3',
    file: `${WORKER}/liveslots/garbage/sweeper.ts`,
    find: 'if (recognition.isRecognizedDurably(vref)) this.#deletions.dropImport(vref);',
    replace: 'if (vref.length === 0) this.#deletions.dropImport(vref);',
    breaks: 'A sweep retires imports that a durable weak map has entries for.',
    tests: ['packages/worker/src/liveslots/garbage/gc.test'],
  },
  {
    id: 'G3b',
    rule: 'G3',
    file: `${WORKER}/liveslots/objects/ledger.ts`,
    find: 'const isKept = !this.#isSweeping || isHeldNow;',
    replace: 'const isKept = true;',
    breaks: 'A chain of objects takes an upgrade for every link.',
    tests: ['packages/worker/src/liveslots/garbage/gc.test'],
  },
  {
    id: 'G3c',
    rule: 'G3',
    file: `${KERNEL}/state/kernel-keys.ts`,
    find: '    range(clistVrefKey(vat, `o+v${incarnation}/`)),\n',
    replace: '',
    breaks: 'Names of merely-virtual exports of ended incarnations are never taken away.',
    tests: ['test/upgrade/leftovers'],
  },
  {
    id: 'G4a',
    rule: 'G4',
    file: `${KERNEL}/wave/run.ts`,
    find: 'cleanUpStep(state, limits.cleanupRowsMax)',
    replace: 'cleanUpStep(state, limits.cleanupRowsMax * 1_000)',
    breaks: 'What an ended vat leaves is removed in one wave, however much it is.',
    tests: ['test/kernel/termination'],
  },
  {
    id: 'G5a',
    rule: 'G5',
    file: `${KERNEL}/wave/run.ts`,
    find: 'packFrame([Delivery.reap, report, sweepRowsMax, item.isFull])',
    replace: 'packFrame([Delivery.reap, null, sweepRowsMax, item.isFull])',
    breaks: 'The transcript does not say what a reap found dead: a replay asks V8.',
    tests: ['test/replay/records'],
  },
  {
    id: 'G5b',
    rule: 'G5',
    file: `${WORKER}/liveslots/garbage/reaper.ts`,
    find: lines('    this.#shrinkDoomed(rowsMax);') + '    for (const ref of dead)',
    replace: '    for (const ref of dead)',
    breaks: 'The replay of a reap leaves the entries of collections that were dead before.',
    tests: ['packages/worker/src/liveslots/garbage/gc.test'],
  },
];

/** What a replay, a successor or a later crank reads. */
const TRANSCRIPT: readonly Mutation[] = [
  {
    id: 'T1a',
    rule: 'T1',
    file: `${WORKER}/supervisor/rows.ts`,
    find: '      this.#cache.set(key, row.value);\n',
    replace: '',
    breaks: 'A row is read from the cache as it was before it was written.',
    tests: ['packages/worker/src/supervisor/rows'],
  },
  {
    id: 'T2a',
    rule: 'T2',
    file: `${KERNEL}/state/row-table.ts`,
    find: 'if (exists && before.written < incarnation)',
    replace: 'if (exists && bytes !== null && before.written < incarnation)',
    breaks: 'A row that an incarnation deletes leaves no pre-image: a replay does not find it.',
    tests: ['packages/kernel/src/state/row-table'],
  },
  {
    id: 'T3a',
    rule: 'T3',
    file: `${WORKER}/supervisor/replay.ts`,
    find: 'if (!Buffer.from(digest).equals(recorded)) {',
    replace: 'if (digest.length !== recorded.length) {',
    breaks: 'A replay does not compare digests.',
    tests: ['packages/worker/src/supervisor/supervisor'],
  },
  {
    id: 'T4a',
    rule: 'T4',
    file: `${KERNEL}/state/row-table.ts`,
    find: lines('    return [...rows]') + '      .sort(',
    replace: lines('    return [...rows].filter(([, row]) => row.bytes !== undefined)') + '.sort(',
    breaks: 'A successor is not told of rows that were deleted in the same block.',
    tests: ['packages/kernel/src/state/row-table'],
  },
  {
    id: 'T4b',
    rule: 'T4',
    file: `${WORKER}/supervisor/supervisor.ts`,
    find: '          this.#adoptHanded(bound);\n',
    replace: '',
    breaks: 'A vat that is paged in reads its rows as the last block left them.',
    tests: ['test/simulation/paging'],
  },
  {
    id: 'T4c',
    rule: 'T4',
    file: `${KERNEL}/state/hand-over.ts`,
    find: 'rows: state.rows.handOver(spaces), preImages, history };',
    replace: 'rows: state.rows.handOver(spaces), preImages: preImages.slice(1), history };',
    breaks: 'One pre-image of the block in progress is left out of what a replay is handed.',
    tests: ['test/replay/records'],
  },
  {
    id: 'T5a',
    rule: 'T5',
    file: `${STORE}/codec/decoder.ts`,
    find: 'if (last !== undefined && last >= name) {',
    replace: 'if (last !== undefined && last > name) {',
    breaks: 'A record that has a name twice is taken for data.',
    tests: ['packages/store/src/codec'],
  },
  {
    id: 'T6a',
    rule: 'T6',
    file: `${STORE}/block-hash.ts`,
    find: 'value === undefined ? TOMBSTONE_LENGTH : value.length, used',
    replace: 'value === undefined ? 0 : value.length, used',
    breaks: 'A deleted row and an empty one give the same block hash.',
    tests: ['packages/store/src/block-hash'],
  },
  {
    id: 'T6b',
    rule: 'T6',
    file: `${KERNEL}/state/kernel-table.ts`,
    find: 'born: dirty !== undefined && dirty.born }, dirty);',
    replace: 'born: false }, dirty);',
    breaks: 'A row that a block makes, changes and deletes is in its hash.',
    tests: ['packages/kernel/src/state/kernel-table'],
  },
];

/** What is durable, and who may write it. */
const STORAGE: readonly Mutation[] = [
  {
    id: 'S1a',
    rule: 'S1',
    file: `${STORE}/environment.ts`,
    find: 'overlappingSync: false,',
    replace: 'overlappingSync: true,',
    breaks: 'A commit resolves before it is durable, and one that failed is visible.',
    tests: ['packages/store/src/crash', 'test/replay/full-disk'],
  },
  {
    id: 'S1b',
    rule: 'S1',
    file: `${KERNEL}/core/kernel-core.ts`,
    find: lines('    this.#blame(this.#failure);', '    this.results.fail(this.#failure);'),
    replace: lines('    this.#blame(this.#failure);'),
    breaks: 'Who waits for a result when the kernel stops is never told.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'S2a',
    rule: 'S2',
    file: `${KERNEL}/core/host-results.ts`,
    find: '      if (height > 0) this.#told.push(input);\n',
    replace: '',
    breaks: 'Results that a crash kept from the host stay in the store for ever.',
    tests: ['test/replay/restart'],
  },
  {
    id: 'S3a',
    rule: 'S3',
    file: `${STORE}/files/file-lock.ts`,
    find: 'if (!locks(file, fd, tryLock)) return',
    replace: 'if (!locks(file, fd, tryLock) && !held.has(identity)) return',
    breaks: 'A second kernel of the same process is let into a store.',
    tests: ['packages/store/src/files/lock'],
  },
  {
    id: 'S4a',
    rule: 'S4',
    file: `${STORE}/environment.ts`,
    find: lines('    this.#root.resetReadTxn();') + '    return this.#root.useReadTransaction();',
    replace: '    return this.#root.useReadTransaction();',
    breaks: 'A thread begins a wave with the snapshot of an earlier one.',
    tests: ['packages/store/src/reader'],
  },
  {
    id: 'S5a',
    rule: 'S5',
    file: `${KERNEL}/objects/host-holds.ts`,
    find: '  if (!isTold(before) || untold.wasTold(kref)) return;',
    replace: '  if (!isTold(before)) return;',
    breaks: 'A release lets go of what the host was told after it had called.',
    tests: ['test/kernel/references'],
  },
  {
    id: 'S5b',
    rule: 'S5',
    file: `${KERNEL}/core/inbox.ts`,
    find: 'if (unheld !== undefined) return unknownReference(unheld);',
    replace: 'void unheld;',
    breaks: 'An input is applied that names what the host no longer holds.',
    tests: ['test/kernel/references'],
  },
];

/** What the host is to hold together. */
const HOSTS: readonly Mutation[] = [
  {
    id: 'H1a',
    rule: 'H1',
    file: `${KERNEL}/vats/online.ts`,
    find: lines(
      '    if (worker === undefined) return;',
      '    this.#workers.delete(vat);',
      '    this.#zygotes.retire(worker);',
    ),
    replace: lines('    if (worker === undefined) return;', '    this.#workers.delete(vat);'),
    breaks: 'The worker of an ended incarnation lives until the kernel closes.',
    tests: ['test/upgrade/leftovers'],
  },
  {
    id: 'H2a',
    rule: 'H2',
    file: `${WORKER}/supervisor/crank.ts`,
    find: 'this.#fault ??= { fault, reason };',
    replace: 'this.#fault = { fault, reason };',
    breaks: 'Vat code that catches a fault can replace it by another.',
    tests: ['packages/worker/src/supervisor/crank.test'],
  },
  {
    id: 'H2b',
    rule: 'H2',
    file: `${KERNEL}/vats/worker-frames.ts`,
    find: "if (count === 0) malformed('no cranks');",
    replace: '',
    breaks: 'A worker that posts no crank after no crank is never silent.',
    tests: ['packages/kernel/src/vats/frame-worker.test'],
  },
  {
    id: 'H3a',
    rule: 'H3',
    file: `${KERNEL}/objects/collect.ts`,
    find: '    if (deferred.has(vat)) continue;\n',
    replace: '',
    breaks: 'A vat that the host removes first is told of garbage before that.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'H4a',
    rule: 'H4',
    file: `${KERNEL}/lifecycle/upgrade.ts`,
    find: 'const imageId = context.imageId();',
    replace: 'const { imageId } = before;',
    breaks: 'An upgraded vat stays on the image that it had.',
    tests: ['test/upgrade/images'],
  },
];

/** What vat code can see of its own objects. */
const OBJECTS: readonly Mutation[] = [
  {
    id: 'O1a',
    rule: 'O1',
    file: `${WORKER}/zygote/vat-compartment.ts`,
    find: "['WeakMap', 'WeakSet', PASS_STYLE_OF]",
    replace: "['WeakMap', PASS_STYLE_OF]",
    breaks: 'A WeakSet of a child compartment forgets objects when V8 collects.',
    tests: ['packages/worker/src/zygote/vat-compartment'],
  },
  {
    id: 'O2a',
    rule: 'O2',
    file: `${KERNEL}/wave/run.ts`,
    find: "limits.gc === 'engine' && isDue",
    replace: 'isDue',
    breaks: 'In consensus mode V8 decides what is let go.',
    tests: ['test/kernel/garbage.test'],
  },
  {
    id: 'O3a',
    rule: 'O3',
    file: `${KERNEL}/lifecycle/termination.ts`,
    find: 'if (!kept.isWatched(vref) && !kept.isDurable(vref)) retirePromise',
    replace: 'if (!kept.isWatched(vref)) retirePromise',
    breaks: 'A durable promise is another one after an upgrade.',
    tests: ['test/upgrade/durable-promises'],
  },
];

/** What an upgrade keeps, and in which order it does what. */
const UPGRADES: readonly Mutation[] = [
  {
    id: 'U1a',
    rule: 'U1',
    file: `${KERNEL}/state/host-settlements.ts`,
    find: '    this.#journal.record(() => this.#settled.pop());\n',
    replace: '',
    breaks: 'The host is told rejections of an upgrade that failed and was undone.',
    tests: ['test/upgrade/upgrade.test'],
  },
  {
    id: 'U2a',
    rule: 'U2',
    file: `${KERNEL}/lifecycle/termination.ts`,
    find: 'for (const promise of rejected) settle(',
    replace: 'for (const promise of rejected.reverse()) settle(',
    breaks: 'An upgrade rejects the promises of its vat last first.',
    tests: ['test/kernel/same-wave'],
  },
  {
    id: 'U2b',
    rule: 'U2',
    file: `${KERNEL}/lifecycle/upgrade.ts`,
    find: lines('  if (before?.state !== VatState.running) {', '    releaseAll(state, slots);'),
    replace: lines('  if (before?.state !== VatState.running) {'),
    breaks: 'The upgrade of a vat that has ended holds what its parameters mention for ever.',
    tests: ['test/upgrade/leftovers'],
  },
  {
    id: 'U3a',
    rule: 'U3',
    file: `${KERNEL}/lifecycle/termination.ts`,
    find: '  left -= state.rows.preImages.remove(ranges.preImages(vat, incarnation), left);\n',
    replace: '',
    breaks: 'Pre-images of ended incarnations stay for ever.',
    tests: ['test/replay/restart'],
  },
  {
    id: 'U4a',
    rule: 'U4',
    file: `${WORKER}/liveslots/vat/start.ts`,
    find: 'return () => this.#build(delivery, evaluation);',
    replace: 'return this.#build(delivery, evaluation);',
    breaks: '`buildRootObject` runs before the microtasks of its bundle if that is evaluated late.',
    tests: ['packages/worker/src/liveslots/vat/start'],
  },
  {
    id: 'U5a',
    rule: 'U5',
    file: `${KERNEL}/state/row-table.ts`,
    find: 'hides: this.#isUnder(below, key) });',
    replace: 'hides: false });',
    breaks: 'A row that a fork deletes is back after the block: its parent has it.',
    tests: ['packages/kernel/src/state/row-layers'],
  },
];

export const MUTATIONS: readonly Mutation[] = [
  ...WAVES,
  ...GARBAGE,
  ...TRANSCRIPT,
  ...STORAGE,
  ...HOSTS,
  ...OBJECTS,
  ...UPGRADES,
];
