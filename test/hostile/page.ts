/** docs/internals/hostile.md: made of the tables of pieces, and of figures of one run. */
import { endingIn, isTame, type Ending, type Kind, type Piece } from './piece.js';

/** What is told of an ending. */
const WORDS: Readonly<Record<string, string>> = {
  answers: 'goes on',
  leaves: 'leaves',
  aborts: '**process dies**',
  dies: 'host stops: `WORKER_DIED`, or **process dies**',
};

const wordsOf = (ending: Ending): string => {
  if (typeof ending === 'string') return WORDS[ending]!;
  return 'fault' in ending ? `vat ends: \`${ending.fault}\`` : `host stops: \`${ending.stops}\``;
};

/** Of a store that may be opened or not. */
const ANY = '…';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const columnsOf = (kind: Kind, piece: Piece): readonly string[] => {
  if (piece.told !== undefined) {
    return piece.told.map(text => (text === ANY ? 'not compared' : text));
  }
  const isolations = kind.isolations ?? ['thread', 'process'];
  const inThreads = isolations.includes('thread') ? wordsOf(endingIn(piece, 'thread')) : '-';
  const inProcesses = wordsOf(endingIn(piece, 'process'));
  return [inThreads, inProcesses];
};

const lineOf = (kind: Kind, piece: Piece): string =>
  `| ${[piece.name, piece.tries, ...columnsOf(kind, piece)].map(cell).join(' | ')} |`;

const idOf = (title: string): string =>
  title.toLowerCase().replaceAll(/[^a-z0-9 -]/g, '').replaceAll(' ', '-');

const COUNTED = ['answers', 'leaves', 'fault', 'stops', 'dies'] as const;
type Counted = (typeof COUNTED)[number];

const sortOf = (ending: Ending): Counted => {
  if (typeof ending === 'string') return ending === 'aborts' ? 'dies' : ending;
  return 'fault' in ending ? 'fault' : 'stops';
};

const countsOf = (kinds: readonly Kind[], isolation: 'thread' | 'process'): string[] => {
  const endings = kinds
    .filter(({ isolations }) => isolations?.includes(isolation) ?? true)
    .flatMap(({ pieces }) => pieces.map(piece => sortOf(endingIn(piece, isolation))));
  return COUNTED.map(sort => String(endings.filter(it => it === sort).length));
};

const TOLD_TEXT = [
  'Of each the kernel that damages another’s store goes on, in threads and in processes. The ' +
    'columns say what becomes of the store: what `verifyStore` finds, and what comes of opening ' +
    'it and of calls that need what is damaged.',
  '',
];

const hasTold = ({ pieces }: Kind): boolean => pieces.every(({ told }) => told !== undefined);

const section = (kind: Kind): string[] => [
  `## ${kind.title}`,
  '',
  ...(hasTold(kind) ? TOLD_TEXT : []),
  `| piece | what it tries | ${hasTold(kind) ? 'verify | opening' : 'in threads | in processes'} |`,
  '| --- | --- | --- | --- |',
  ...kind.pieces.map(piece => lineOf(kind, piece)),
  '',
];

const abortsOf = (kinds: readonly Kind[]): string[] =>
  kinds.flatMap(({ pieces }) =>
    pieces.filter(piece => sortOf(endingIn(piece, 'thread')) === 'dies').map(({ name }) => name),
  );

export const FIGURES_HEADING = '## How long the kernel’s thread is busy';

const FIGURES_TEXT = [
  FIGURES_HEADING,
  '',
  'No vat should make one step of the kernel’s thread take more than 100 ms, for so long nobody ' +
    'else’s message, and no timer of the host, gets a turn. Of each piece is measured, while it ' +
    'has its way and not while the kernel starts: the longest *step*, which is processor time of ' +
    'the thread between two of its turns, and the longest *pause*, which is what a timer of the ' +
    'event loop is late by (`monitorEventLoopDelay`, as in the [metric](../metrics.md) of the ' +
    'kernel) and includes what other processes take. Of damaged stores both are those of opening ' +
    'and verifying. Figures move from run to run, so no test compares them; ' +
    '`npm run hostile` writes them, and says which pieces have a step above 100 ms.',
  '',
];

/** The page. `figures`: the lines below what is said of them. */
export const pageOf = (kinds: readonly Kind[], figures: readonly string[]): string => {
  const pieces = kinds.flatMap(kind => kind.pieces);
  const quick = pieces.filter(({ isQuick }) => isQuick === true).length;
  const tame = pieces.filter(piece => isTame(endingIn(piece, 'process'))).length;
  const aborts = abortsOf(kinds);
  return [
    '# Hostile pieces',
    '',
    `${pieces.length} pieces of hostile vat code, of workers that were taken over, and of ` +
      'careless hosts. [pieces.test.ts](../../test/hostile/pieces.test.ts) lives through each of ' +
      'them, in threads and in processes; the same test makes this page: `npm run hostile` ' +
      'writes it, and ' +
      'the test fails where the page says something else. ' +
      `\`npm test\` runs ${quick} of them, \`npm run hostile\` all.`,
    '',
    'Beside each piece are a till, between whose purses money moves, and an innocent vat, which ' +
      'catches and throws again whatever it is given. After each piece there is as much money as ' +
      'before, both answer, the tables of the kernel agree. Beside the floods both are asked ' +
      'while the flood goes on, wave by wave: each of them says in ' +
      '[test/hostile/pieces](../../test/hostile/pieces/README.md) after how many waves the ' +
      'host, and a vat, have their answers from the till, and that there was flood left. ' +
      'Pieces after which the kernel goes ' +
      `on (${tame} of them in processes) share stores: the block hash behind each is the same ` +
      'in threads and in processes; then the store is closed, `verifyStore` replays every vat, ' +
      'and it opens again where vats run in the other isolation, with the same hash. Where the ' +
      'host stops, the store opens again in another process, at the block before the piece; ' +
      '`terminateVat` with `first` takes the vat away.',
    '',
    '| what | it says |',
    '| --- | --- |',
    '| goes on | the vat of the piece lives, and answers what its table says |',
    '| leaves | the vat ends as it wished to, or as the host wished |',
    '| vat ends: `CODE` | by a fault, the same on every replica and in every replay |',
    '| host stops: `CODE` | this host is told by a `HostError` that names the vat; nothing is ' +
      'committed, another host may get further ([isolation.md](../isolation.md)) |',
    '| process dies | nobody is told; nothing is lost that was committed |',
    '',
    '| | goes on | leaves | vat ends | host stops | process may die |',
    '| --- | --- | --- | --- | --- | --- |',
    `| in threads | ${countsOf(kinds, 'thread').join(' | ')} |`,
    `| in processes | ${countsOf(kinds, 'process').join(' | ')} |`,
    '',
    '## What threads cannot hold',
    '',
    'A thread shares its process with the kernel. V8 ends the whole process when one allocation ' +
      'that it cannot refuse fails; whether it is one of these, or the thread’s limit is met ' +
      'first, moves from run to run: of ' +
      `the pieces here ${aborts.length} may do so ` +
      `(${aborts.map(name => `*${name}*`).join(', ')}). ` +
      'A thread in native code cannot be ended; closing leaves it behind, and the process has ' +
      'to end itself. A crash of native code is a crash of the process. None of that can change ' +
      'what was committed, and none of it can be caught by the kernel.',
    '',
    'With `isolation: \'process\'` all of it is a `HostError` of one vat. Hosts with code that ' +
      'is not their own should take it; [isolation.md](../isolation.md) says what it costs.',
    '',
    ...FIGURES_TEXT,
    ...figures,
    '## Kinds',
    '',
    ...kinds.map(({ title, pieces: own }) => `* [${title}](#${idOf(title)}): ${own.length}`),
    '',
    ...kinds.flatMap(section),
  ].join('\n');
};
