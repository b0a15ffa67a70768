/**
 * The mailbox: text to and from peers on a network, each message once and in order, whatever the
 * network loses or repeats, and however often this kernel restarts.
 *
 * Everything is durable. Outbound, a message is kept under its number until the peer has
 * acknowledged that number. Inbound, only the message after the last one is taken; taking it,
 * passing it on and counting it are one crank. What the host learns is durable when it learns it.
 */
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { provide, provideKinds, provideStore } from './durable.js';

const isObject = value => typeof value === 'object' && value !== null;

const isNumber = value => Number.isSafeInteger(value) && value >= 0;

const checkText = body => {
  if (typeof body !== 'string') throw TypeError('a message is a string');
  return body;
};

const checkMessages = messages => {
  const isMessage = pair => Array.isArray(pair) && isNumber(pair[0]) && typeof pair[1] === 'string';
  if (!Array.isArray(messages) || !messages.every(isMessage)) {
    throw TypeError('messages are pairs of a number and a string');
  }
  return messages;
};

/** Outbound messages have keys that sort as their numbers do. */
const keyOf = number => BigInt(number);

/** A peer: `channel` for the vats that talk to it, `wire` for the network. */
const definePeer = (baggage, transmit) =>
  provideKinds(
    baggage,
    'Peer',
    name => ({
      name,
      outbox: VatData.makeScalarBigMapStore('outbox', { durable: true }),
      sent: 0,
      received: 0,
      receiver: undefined,
      acknowledger: undefined,
    }),
    {
      channel: {
        /** Returns the number of the message. */
        send: ({ state }, body) => {
          const number = state.sent + 1;
          state.outbox.init(keyOf(number), checkText(body));
          state.sent = number;
          transmit(state.name, [[number, body]], state.received);
          return number;
        },
        /** `E(receiver).receive(body, number)`; until there is one, nothing is taken. */
        setReceiver: ({ state }, receiver) => {
          if (!isObject(receiver)) throw TypeError('a receiver is an object');
          state.receiver = receiver;
        },
        /** `E(acknowledger).acknowledged(number)`, once for each message, in order. */
        setAcknowledger: ({ state }, acknowledger) => {
          if (!isObject(acknowledger)) throw TypeError('an acknowledger is an object');
          state.acknowledger = acknowledger;
        },
      },
      wire: {
        /** Whether anything has changed. */
        deliver: ({ state, facets }, messages, ack) => {
          const before = state.received;
          const acknowledged = facets.wire.acknowledge(ack);
          for (const [number, body] of checkMessages(messages)) {
            if (state.receiver === undefined || number !== state.received + 1) continue;
            state.received = number;
            E.sendOnly(state.receiver).receive(body, number);
          }
          const taken = state.received > before;
          if (taken) transmit(state.name, [], state.received);
          return taken || acknowledged;
        },
        acknowledge: ({ state }, ack) => {
          if (!isNumber(ack) || ack > state.sent) throw RangeError(`no message ${ack} was sent`);
          const numbers = [];
          for (const key of state.outbox.keys()) {
            if (key > keyOf(ack)) break;
            numbers.push(key);
          }
          for (const key of numbers) {
            state.outbox.delete(key);
            if (state.acknowledger !== undefined) {
              E.sendOnly(state.acknowledger).acknowledged(Number(key));
            }
          }
          return numbers.length > 0;
        },
        /** What is to be sent again until it is acknowledged, and what has been taken. */
        getState: ({ state }) => {
          const outbox = [...state.outbox.entries()].map(([key, body]) => [Number(key), body]);
          return harden({ outbox, inboundAck: state.received });
        },
      },
    },
  );

export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  const peers = provideStore(baggage, 'peers');
  provide(baggage, 'transmitter', () => undefined);
  const transmit = (name, messages, ack) => {
    const transmitter = baggage.get('transmitter');
    if (transmitter !== undefined) E.sendOnly(transmitter).transmit(name, harden(messages), ack);
  };
  const makePeer = definePeer(baggage, transmit);
  const providePeer = name => {
    if (!peers.has(name)) peers.init(name, makePeer(checkText(name)));
    return peers.get(name);
  };
  const network = Far('Network', {
    /** Takes what has come from a peer; `ack` is the last number that it has. */
    deliverInbound: (name, messages, ack) => providePeer(name).wire.deliver(messages, ack),
    /** Has `transmit(peer, messages, ack)` of a host object called for what is new. */
    setTransmitter: transmitter => baggage.set('transmitter', transmitter),
    /** `{ peer: { outbox: [[number, body]...], inboundAck } }`. */
    getState: () => {
      const states = [...peers.entries()].map(([name, { wire }]) => [name, wire.getState()]);
      return harden(Object.fromEntries(states));
    },
  });
  return Far('Mailbox', {
    getChannel: name => providePeer(name).channel,
    getNetwork: () => network,
  });
};
