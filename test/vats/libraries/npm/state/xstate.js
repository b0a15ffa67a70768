import { assign, createActor, createMachine } from 'xstate';

const door = createMachine({
  id: 'door',
  initial: 'closed',
  context: { opened: 0 },
  states: {
    closed: {
      on: {
        OPEN: { target: 'open', actions: assign({ opened: ({ context }) => context.opened + 1 }) },
      },
    },
    open: { on: { CLOSE: [{ guard: ({ event }) => event.gently, target: 'closed' }] } },
  },
});

export const use = () => {
  const actor = createActor(door);
  const seen = [];
  actor.subscribe(({ value, context }) => seen.push([value, context.opened]));
  actor.start();
  actor.send({ type: 'OPEN' });
  actor.send({ type: 'CLOSE', gently: false });
  actor.send({ type: 'CLOSE', gently: true });
  actor.send({ type: 'OPEN' });
  return [seen, actor.getPersistedSnapshot().value, actor.getSnapshot().can({ type: 'OPEN' })];
};
