/**
 * Holds, binds, finds again and releases things of `vault.js`, block by block, and in the end
 * releases everything. What a block does follows from the seed and its number, so a host that was
 * killed goes on at the last block; it remembers nothing: what it holds it finds in the store, and
 * that must be what a model of it says. Prints one JSON object when it has come to its end.
 */
import assert from 'node:assert/strict';
import { openKernel } from '@heirloom/kernel';

const [directory, ...numbers] = process.argv.slice(2);
/** `start`: the height at which it began for the first time. */
const [seed, start, blocks, things] = numbers.map(Number);
/** Blocks in which everything is told for the first time. */
const FILLING = 10;

/** The mulberry32 generator, seeded by the number of a block. */
const randomOf = block => {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(block, 0x85ebca6b);
  return bound => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
};

/** What the host holds: the things that it was told of, and what its names are bound to. */
const known = new Set();
const names = new Map();

const someOf = (list, count, below) => {
  const chosen = new Set();
  for (let i = 0; i < count && list.length > 0; i += 1) chosen.add(list[below(list.length)]);
  return [...chosen];
};

/** The calls of a block, in two parts; the model has then done them. */
const planOf = block => {
  const below = randomOf(block);
  if (block === blocks) return endPlan();
  const share = Math.ceil(things / FILLING);
  const told = new Set();
  const tell = count => {
    const given = Array.from({ length: count }, () => below(things));
    for (const thing of given) told.add(thing);
    return { op: ['give', 'refuse', 'show'][below(3)], things: [...new Set(given)] };
  };
  const part = () => {
    const held = [...new Set([...known, ...names.values()])];
    const uses = someOf(held, 3, below).map(thing => ({ op: 'use', thing }));
    const binds = someOf([...known], 1 + below(share), below).map(thing => {
      return { op: 'bind', name: `name${below(share)}`, thing };
    });
    for (const { name, thing } of binds) names.set(name, thing);
    const unbinds = someOf([...names.keys()], below(share), below).map(name => {
      names.delete(name);
      return { op: 'unbind', name };
    });
    const releases = someOf([...known], below(share), below).map(thing => {
      known.delete(thing);
      return { op: 'release', thing, byKref: below(2) === 0 };
    });
    return [...uses, ...binds, ...unbinds, ...releases, tell(1 + below(share)), { op: 'answer' }];
  };
  const fill = Array.from({ length: share }, (_value, i) => (block - 1) * share + i);
  const filling = block > FILLING ? [] : fill.filter(thing => thing < things);
  for (const thing of filling) told.add(thing);
  const plan = [[{ op: 'give', things: filling }, ...part()], part()];
  for (const thing of told) known.add(thing);
  return plan;
};

const endPlan = () => {
  const unbinds = [...names.keys()].map(name => ({ op: 'unbind', name }));
  const releases = [...known].map(thing => ({ op: 'release', thing, byKref: true }));
  names.clear();
  known.clear();
  return [unbinds, releases];
};

const kernel = await openKernel({ directory, spareThreads: 0, blocks: 'host' });
const { root } = kernel.vat('vault');
const sink = kernel.hostObject('sink');

/** By thing, its kref, as the store says: it must be as the model says. */
const lookAround = () => {
  const krefs = new Map();
  const found = new Map();
  let after;
  do {
    const page = kernel.references({ after, limit: 1_000 });
    for (const [i, { kref, iface, told, names: bound }] of page.details.entries()) {
      const thing = Number(/^Alleged: thing(\d+)$/.exec(iface)[1]);
      assert.equal(kernel.reference(kref), page.references[i]);
      krefs.set(thing, kref);
      found.set(thing, `${told} ${bound.join(' ')}`);
    }
    after = page.next;
  } while (after !== undefined);
  const expected = new Map();
  for (const thing of known) expected.set(thing, []);
  for (const [name, thing] of names) expected.set(thing, [...(expected.get(thing) ?? []), name]);
  assert.equal(found.size, expected.size, `block ${kernel.height}: how much is held`);
  for (const [thing, bound] of expected) {
    assert.equal(found.get(thing), `${known.has(thing)} ${bound.sort().join(' ')}`, `${thing}`);
  }
  const bindings = kernel.bindings();
  assert.equal(bindings.length, names.size);
  for (const { name, reference } of bindings) {
    assert.equal(reference.kref, krefs.get(names.get(name)));
    assert.equal(kernel.bound(name), reference);
  }
  return krefs;
};

const call = (op, krefs) => {
  const find = thing => kernel.reference(krefs.get(thing));
  switch (op.op) {
    case 'give':
      return kernel.send(root, 'give', [op.things]).result;
    case 'refuse':
      return kernel.send(root, 'refuse', [op.things]).result.catch(({ refused }) => refused);
    case 'show':
      return kernel.send(root, 'show', [sink, op.things]).result;
    case 'use':
      return kernel.send(find(op.thing), 'number').result.then(it => assert.equal(it, op.thing));
    case 'bind':
      return kernel.bind(op.name, find(op.thing));
    case 'unbind':
      return kernel.unbind(op.name);
    case 'release':
      return kernel.release(op.byKref ? krefs.get(op.thing) : find(op.thing));
    default:
      return Promise.all(
        kernel.hostCalls().map(({ call: n }) => kernel.answerHostCall(n, { value: n })),
      );
  }
};

let block = 0;
while (start + block < kernel.height) {
  block += 1;
  planOf(block);
}
let krefs = lookAround();
while (block < blocks) {
  block += 1;
  const results = [];
  for (const part of planOf(block)) {
    for (const op of part) results.push(call(op, krefs));
    await kernel.run();
  }
  await kernel.commit();
  await Promise.all(results);
  krefs = lookAround();
}
const { pins, boundNames } = kernel.stats().tables;
const { findings } = kernel.audit({ rows: true });
const { height, blockHash } = kernel;
console.log(JSON.stringify({ height, blockHash, pins, boundNames, findings }));
await kernel.close();
