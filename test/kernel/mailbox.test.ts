/** The mailbox (section 1.11 of README.md): two kernels over a network that loses and repeats. */
import { BUILT_IN_VATS } from '@heirloom/kernel';
import type { HostObject, Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../support/suite/random.js';
import { bundleOf } from '../support/bundles/fixtures.js';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

type Message = readonly [number: number, body: string];
interface PeerState {
  readonly outbox: readonly Message[];
  readonly inboundAck: number;
}

/** One kernel with a mailbox and a vat that talks through it. */
class Node {
  readonly name: string;
  readonly directory: string;
  readonly transmitted: (readonly [string, readonly Message[], number])[] = [];
  #kernel: Kernel | undefined;

  private constructor(name: string, directory: string) {
    this.name = name;
    this.directory = directory;
  }

  static async open(name: string, directory: string): Promise<Node> {
    const node = new Node(name, directory);
    await node.restart();
    return node;
  }

  /** Makes the vats, the same as those of a configuration with `mailbox: true`. */
  async begin(peer: string): Promise<void> {
    const { clock } = this.kernel.services;
    const bundleId = await this.kernel.installBundle(await bundleOf(BUILT_IN_VATS.mailbox));
    await this.kernel.createVat({ name: 'mailbox', bundleId, vatParameters: { clock } });
    const sleeper = await install(this.kernel, 'services/sleeper.js');
    await this.kernel.createVat({ name: 'sleeper', bundleId: sleeper });
    await this.talk('keep', 'mailbox', this.kernel.vat('mailbox').root);
    await this.tell('mailbox', 'getChannel', [peer], 'channel');
    await this.talk('makeHandler', 'self');
    await this.tell('channel', 'setReceiver', ['$self']);
    await this.tell('channel', 'setAcknowledger', ['$self']);
  }

  get kernel(): Kernel {
    if (this.#kernel === undefined) throw Error('not open');
    return this.#kernel;
  }

  async restart(): Promise<void> {
    await this.#kernel?.close();
    const wire: HostObject = {
      transmit: (_context, peer: string, messages: readonly Message[], ack: number) =>
        void this.transmitted.push([peer, messages, ack]),
    };
    this.#kernel = await kernelOver({ directory: this.directory, hostObjects: { wire } });
  }

  async upgrade(name: string): Promise<void> {
    const { vatId, bundleId } = this.kernel.vat(name);
    await this.kernel.upgradeVat(vatId, { bundleId });
  }

  talk(method: string, ...args: unknown[]): Promise<unknown> {
    return this.kernel.call(this.kernel.vat('sleeper').root, method, args);
  }

  tell(thing: string, method: string, args: unknown[] = [], as?: string): Promise<unknown> {
    return this.talk('tell', thing, method, args, ...(as === undefined ? [] : [as]));
  }

  async network(): Promise<VatReference> {
    const { root } = this.kernel.vat('mailbox');
    return (await this.kernel.call(root, 'getNetwork')) as VatReference;
  }

  async state(peer: string): Promise<PeerState> {
    const states = await this.kernel.call(await this.network(), 'getState');
    return (states as Record<string, PeerState>)[peer]!;
  }

  async deliver(peer: string, { outbox, inboundAck }: PeerState): Promise<unknown> {
    return this.kernel.call(await this.network(), 'deliverInbound', [peer, outbox, inboundAck]);
  }

  async log(kind: string): Promise<unknown[]> {
    const log = (await this.talk('getLog')) as unknown[][];
    return log.filter(([what]) => what === kind).map(([, ...rest]) => rest);
  }
}

const storeOf = (name: string, peer: string) =>
  preparedStore(async directory => {
    const node = await Node.open(name, directory);
    await node.begin(peer);
    await node.kernel.close();
  });
const stores = { alice: storeOf('alice', 'bob'), bob: storeOf('bob', 'alice') };

let alice: Node;
let bob: Node;
beforeEach(async () => {
  alice = await Node.open('alice', await stores.alice());
  bob = await Node.open('bob', await stores.bob());
});

describe('mailbox', () => {
  test('send -> numbered, kept until acknowledged; taken once, in order', async () => {
    for (const body of ['one', 'two']) await alice.tell('channel', 'send', [body]);
    const sent = await alice.state('bob');
    expect(sent).toEqual({
      outbox: [
        [1, 'one'],
        [2, 'two'],
      ],
      inboundAck: 0,
    });
    expect(await bob.deliver('alice', sent)).toBe(true);
    expect(await bob.deliver('alice', sent)).toBe(false);
    expect(await bob.log('received')).toEqual([
      ['one', 1],
      ['two', 2],
    ]);
    expect(await alice.deliver('bob', await bob.state('alice'))).toBe(true);
    expect(await alice.state('bob')).toEqual({ outbox: [], inboundAck: 0 });
    expect(await alice.log('acknowledged')).toEqual([[1], [2]]);
    expect(await alice.deliver('bob', await bob.state('alice'))).toBe(false);
    expect(await alice.log('acknowledged')).toHaveLength(2);
  });

  test('a gap, no receiver yet -> nothing is taken, so it will come again', async () => {
    expect(await bob.deliver('alice', { outbox: [[2, 'two']], inboundAck: 0 })).toBe(false);
    expect(await bob.deliver('carol', { outbox: [[1, 'hi']], inboundAck: 0 })).toBe(false);
    expect(await bob.log('received')).toEqual([]);
    expect(await bob.state('carol')).toEqual({ outbox: [], inboundAck: 0 });
  });

  test('nonsense from the network -> rejected, nothing changed', async () => {
    const deliver = (outbox: unknown, ack: unknown) =>
      bob.deliver('alice', { outbox, inboundAck: ack } as PeerState);
    await expect(deliver([], 1)).rejects.toThrow('no message 1 was sent');
    await expect(deliver([[1, 2]], 0)).rejects.toThrow('messages are pairs');
    await expect(deliver('x', 0)).rejects.toThrow('messages are pairs');
    await expect(bob.tell('channel', 'send', [7])).rejects.toThrow('a message is a string');
    expect(await bob.state('alice')).toEqual({ outbox: [], inboundAck: 0 });
  });

  test('a transmitter -> is told of what is new, and of what has been taken', async () => {
    const network = await alice.network();
    await alice.kernel.call(network, 'setTransmitter', [alice.kernel.hostObject('wire')]);
    await alice.tell('channel', 'send', ['one']);
    await alice.deliver('bob', { outbox: [[1, 'hello']], inboundAck: 0 });
    await alice.talk('getLog');
    expect(alice.transmitted).toEqual([
      ['bob', [[1, 'one']], 0],
      ['bob', [], 1],
    ]);
  });

  const lossy = 'a network that loses and repeats, restarts, upgrades -> each once, in order';
  test(lossy, { tags: ['sized'] }, async () => {
    const seed = Number(process.env['HEIRLOOM_SEED'] ?? 11);
    const random = seededRandom(seed);
    const goal = 12;
    const sent = new Map([
      [alice, 0],
      [bob, 0],
    ]);
    const step = async (from: Node, to: Node): Promise<void> => {
      if (sent.get(from)! < goal && random.chance(0.6)) {
        sent.set(from, sent.get(from)! + 1);
        await from.tell('channel', 'send', [`${from.name} ${sent.get(from)}`]);
      }
      const state = await from.state(to.name);
      if (random.chance(0.3)) return; // lost
      await to.deliver(from.name, state);
      if (random.chance(0.3)) await to.deliver(from.name, state); // repeated
      if (random.chance(0.1)) await to.restart();
      if (random.chance(0.1)) await to.upgrade('mailbox');
      if (random.chance(0.1)) await to.upgrade('sleeper');
    };
    const numbers = Array.from({ length: goal }, (_value, n) => n + 1);
    for (let round = 0; round < 100; round += 1) {
      await step(alice, bob);
      await step(bob, alice);
      const acknowledged = await Promise.all([alice.log('acknowledged'), bob.log('acknowledged')]);
      if (acknowledged.every(list => list.length === goal)) break;
    }
    for (const [me, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const received = numbers.map(n => [`${other.name} ${n}`, n]);
      expect({ seed, received: await me.log('received') }).toEqual({ seed, received });
      expect(await me.log('acknowledged')).toEqual(numbers.map(n => [n]));
    }
  });
});
