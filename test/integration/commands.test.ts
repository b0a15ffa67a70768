/**
 * Every command that the documents name works: each is run as `WAYS` says, by the first way that
 * fits it. Placeholders (`DIR`, `HEX`) get the values of test/support/documents/placeholders.ts.
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CommandOutcome } from '../support/hosts/command-line.js';
import { filesUnder, readDocument, ROOT } from '../support/documents/documents.js';
import { allDocuments, commandsIn, optionsIn } from '../support/documents/named-commands.js';
import type { Documents, NamedCommand } from '../support/documents/named-commands.js';
import { filled, pursesStore, SMALL_PURSES } from '../support/documents/placeholders.js';
import { runLine } from '../support/documents/shell.js';

const HERE = 'test/integration/commands.test.ts';

type Check = (command: string) => void;

/** A way is a line that is run, or something else that shows that the command works. */
type Way = { readonly of: RegExp } & (
  | { readonly runs: (command: string) => string; readonly isThorough?: true }
  | { readonly how: string; readonly check: (command: string) => void | Promise<void> }
);

type Words = Readonly<Record<string, string>>;

const { scripts } = JSON.parse(readDocument('package.json')) as { readonly scripts: Words };

/** What a script runs, without what npm runs before it: `npm test` has built everything. */
const scriptOf = (name: string): string => {
  const script = scripts[name];
  if (script === undefined) throw Error(`package.json has no script "${name}"`);
  return script;
};

const expectStep: Check = command => {
  expect(readDocument('.ci/run').split('\n'), 'the lines of .ci/run').toContain(`step ${command}`);
};

/** What must be installed first, which takes minutes and the network. */
const excused = (of: RegExp, reason: string): Way => ({
  of,
  how: `EXCUSED: ${reason}`,
  check: command => void scriptOf(command.split(' ')[2]!),
});

const TEST_FILES = ['test', 'packages', 'bench']
  .flatMap(filesUnder)
  .filter(path => path.endsWith('.test.ts') && !path.includes('node_modules'));

const TESTS_CHOSEN = /^(?:[A-Z_]+=\w+ )?npm (test|run test:(?:all|rest|watch)) -- (.+)$/;
const WORD_OF_CHOICE = /--project \S+|-t '[^']*'|\S+/g;

const chosenBy = (command: string): { readonly script: string; readonly words: string[] } => {
  const [, script, choice] = TESTS_CHOSEN.exec(command)!;
  return { script: script!.replace('run ', ''), words: choice!.match(WORD_OF_CHOICE)! };
};

/** `npm test -- PATH`: a part of `npm test`, if it chooses anything. */
const expectPartOfTests: Check = command => {
  const { script, words } = chosenBy(command);
  scriptOf(script);
  const variable = /^([A-Z_]+)=/.exec(command)?.[1];
  const reads = (path: string): boolean => readDocument(path).includes(`env['${variable}']`);
  const readers = [...TEST_FILES, 'test/support/kernels/fresh-kernels.ts'];
  if (variable !== undefined) expect(readers.filter(reads), variable).not.toEqual([]);
  const [options, paths] = [true, false].map(is => words.filter(it => it.startsWith('-') === is));
  const named = paths!.filter(path => path !== 'FILE');
  const files = TEST_FILES.filter(file => named.some(path => file.includes(path)));
  for (const path of named) expect(files.join(' ')).toContain(path);
  const [, title] = /^-t '(.*)'$/.exec(options!.find(option => option.startsWith('-t')) ?? '') ?? [];
  const has = (path: string): boolean => readDocument(path).includes(title!);
  if (title !== undefined) expect(files.filter(has), title).not.toEqual([]);
};

/** Lists the files that vitest would run, with the options of all these commands at once. */
const listOfTests = (commands: readonly string[]): string => {
  const words = commands.flatMap(command => chosenBy(command).words);
  const filled = words.map(it => (it === 'FILE' ? HERE : it.replace(/=N$/, '=1')));
  return ['vitest list --filesOnly', ...new Set(filled)].join(' ');
};

const EXAMPLES = readdirSync(new URL('examples', ROOT)).filter(name =>
  existsSync(new URL(`examples/${name}/host.mjs`, ROOT)),
);

const expectExampleTested: Check = command => {
  scriptOf('example');
  const name = command.split(' ').at(-1)!;
  for (const example of name === 'NAME' ? EXAMPLES : [name]) {
    const call = new RegExp(`\\brun(Example)?\\('${example}'[,)]`);
    const isRun = (path: string): boolean => call.test(readDocument(path));
    expect(TEST_FILES.filter(isRun), `tests of example "${example}"`).not.toEqual([]);
  }
};

/** Behind what is typed, so that they count: each bench answers, as soon as it can. */
const SMALL_BENCHES: Words = {
  purses:
    '--purses 10 --deposits 10 --rounds 1 --warm-up 1 --upgrade-purses 100 --upgrade-rounds 1',
  upgrade: '--purses 100 --upgrades 1 --warm-up 1 --deposits 1',
  trial: '--purses 100 --exports 10 --holders 2 --rounds 1',
  fork: '--purses 100 --forks 1 --warm-up 1',
  forks: '--purses 10 --forks 2 --turnover 2 --calls 1 --upgrade-every 2 --seed 1',
  fairness: '--warm-up 1 --seconds 1 --pace 500',
  isolation: '--purses 10 --deposits 10 --rounds 1 --warm-up 1 --upgrades 1',
  sync: '--purses 100 --rounds 1',
  million: '--purses 100 --touches 10',
  churn: '--upgrades 2 --vats 2 --drivers 1 --purses 10 --kills 1',
  replicas: '--blocks 4 --vats 1 --seed 1',
  bundle: '--kilobytes 4 --rounds 1',
  engines: '--rounds 1 --quick-only',
  parallel: '--vats 2 --threads 2 --messages 1 --spins 1000 --rounds 1 --warm-up 1',
};

const COMMANDS = commandsIn(allDocuments());
const isJson = (command: string): boolean => command.includes(' --json');

/** What stands behind `npm run bench -- NAME`: the options, each with its value if it has one. */
const benchOptions = (command: string): string[] =>
  (command.split(' -- ')[1] ?? '')
    .split(' ')
    .slice(1)
    .join(' ')
    .split(/ (?=--)/)
    .filter(option => option !== '');

/**
 * One small run of a bench for all lines that name it with `--json`, and one for the others, with
 * every option that one of them has. Options of which we have small values get those.
 */
const smallBench = (command: string): string => {
  const name = /^npm run bench -- (\w+)/.exec(command)![1]!.replace('NAME', 'million');
  const small = SMALL_BENCHES[name];
  if (small === undefined) throw Error(`no small sizes of bench "${name}" in SMALL_BENCHES`);
  const ofBench = COMMANDS.map(({ text }) => text).filter(
    text =>
      `${text} `.startsWith(`npm run bench -- ${name} `) &&
      wayOf(text) === BENCHES &&
      isJson(text) === isJson(command),
  );
  const isOurs = (option: string): boolean => small.includes(`${option.split(' ')[0]} `);
  const named = new Set(ofBench.flatMap(benchOptions).filter(option => !isOurs(option)));
  return [scriptOf('bench'), name, ...named, small].join(' ');
};

/**
 * `npm run mutations -- OPTIONS`, of all lines with `--json` or of all others at once: it says
 * which mutations they choose.
 */
const listOfMutations = (command: string): string => {
  const options = COMMANDS.map(({ text }) => text)
    .filter(text => isJson(text) === isJson(command))
    .map(text => text.split('npm run mutations -- ')[1])
    .flatMap(text => text?.split(/ (?=--)/) ?? []);
  return [scriptOf('mutations'), ...new Set(options).add('--list')].join(' ');
};

/** Few tests that load little. */
const SMALL_TESTS = 'packages/store/src/keys.test.ts';
/** What a command that runs tests has behind `--`, but for the files that it names. */
const optionsBehind = (command: string): string =>
  (command.split(' -- ')[1] ?? '').split(' ').filter(word => !word.includes('/')).join(' ');

const START = 'node packages/kernel/dist/cli/main.js purses';

/** The main job, small, going on with a store that it has left: one bundle less to make. */
const smallPurses = (program: string, options: string): string => {
  const directory = options.includes('--directory') ? '' : ' --directory DIR';
  return `${program} ${options} ${SMALL_PURSES}${directory}`;
};

/** What `heirloom COMMAND`, named without arguments, is run with. */
const ARGUMENTS: Words = {
  bundle: 'ENTRY',
  run: 'CONFIG',
  inspect: 'DIR',
  engine: 'DIR',
  verify: 'DIR',
  'check-upgrade': 'DIR VAT BUNDLE',
  migrate: 'DIR',
  export: 'DIR --to OUT',
  import: 'OUT DIR --root HEX',
  'migrate-store': 'DIR',
  'adopt-engine': 'DIR',
};

const BENCHES: Way = { of: /^npm run bench -- \w+/, runs: smallBench, isThorough: true };

const WAYS: readonly Way[] = [
  excused(/^npm run bench:peers:install$/, 'fetches SwingSet and compiles for minutes'),
  excused(/^npm run bench -- .*--peer swingset/, 'needs what npm run bench:peers:install fetches'),
  { of: /^npm (ci|test|start)$/, how: 'a step of .ci/run', check: expectStep },
  { of: /^npm run (lint|check-types|nodes|smoke|test:rest)$/, how: 'a step of .ci/run', check: expectStep },
  {
    of: /^HEIRLOOM_PART=\d\/\d npm run test:rest$/,
    how: '.ci/run takes a part of it',
    check: () => {
      expect(readDocument('.ci/run')).toContain('\nexport HEIRLOOM_PART=');
      expectStep('npm run test:rest');
    },
  },
  { of: /^npm run layers$/, runs: () => scriptOf('layers') },
  {
    of: /^npm run layers -- --\w+$/,
    runs: command => [scriptOf('layers'), ...command.split(' ').slice(4)].join(' '),
    isThorough: true,
  },
  {
    of: /^npm run test:all$/,
    how: 'npm test and npm run test:rest, steps of .ci/run',
    check: command => {
      scriptOf(command.split(' ')[2]!);
      expectStep('npm test');
      expectStep('npm run test:rest');
    },
  },
  {
    of: /^npm run build$/,
    how: 'the script "prepare": npm runs it at npm ci, a step of .ci/run',
    check: command => {
      expect(scriptOf('prepare').replace(' --silent', '')).toBe(command);
      expect(scriptOf('build')).not.toBe('');
      expectStep('npm ci');
    },
  },
  {
    of: /^npm run test:swingset$/,
    how: 'npm run test:rest does the same, in test/reference/reference.test.ts',
    check: () => {
      expect(scriptOf('test:swingset')).toBe('vitest run --config test/reference/vitest.config.ts');
      expect(TEST_FILES).toContain('test/reference/reference.test.ts');
      expectStep('npm run test:rest');
    },
  },
  {
    of: /^npm run libraries$/,
    how: 'npm run test:rest finds the same, and compares the page',
    check: () => {
      expect(scriptOf('libraries')).toContain('vitest run --mode all test/libraries/npm.test.ts');
      expect(TEST_FILES).toContain('test/libraries/npm.test.ts');
      expectStep('npm run test:rest');
    },
  },
  {
    of: /^npm run hostile$/,
    how: 'npm test lives through a part of it, and compares the page',
    check: () => {
      expect(scriptOf('hostile')).toContain('vitest run --mode all test/hostile/pieces.test.ts');
      expect(TEST_FILES).toContain('test/hostile/pieces.test.ts');
      expectStep('npm test');
    },
  },
  {
    of: /^npm run fuzz( -- |$)/,
    runs: () => `${scriptOf('fuzz')} --seed 1 --sessions 1 --json`,
    isThorough: true,
  },
  {
    of: /^npm run kills( -- |$)/,
    runs: () => `${scriptOf('kills')} --seed 1 --count 2 --kernels 2 --json`,
    isThorough: true,
  },
  {
    of: /^npm run kills:watches( -- |$)/,
    runs: () => `${scriptOf('kills:watches')} --seed 1 --count 2 --json`,
    isThorough: true,
  },
  {
    of: /^npm run power-cuts( -- |$)/,
    runs: () => `${scriptOf('power-cuts')} --seed 1 --count 5 --json`,
    isThorough: true,
  },
  {
    of: /^npm run soak( -- |$)/,
    runs: () => `${scriptOf('soak')} --seed 1 --minutes 0.1 --json`,
    isThorough: true,
  },
  {
    of: /^npm run floods( -- |$)/,
    runs: () => `${scriptOf('floods')} --messages 2 --road logs --json`,
    isThorough: true,
  },
  {
    of: /^npm run damage( -- |$)/,
    runs: () => `${scriptOf('damage')} --count 2 --json`,
    isThorough: true,
  },
  {
    of: TESTS_CHOSEN,
    how: 'chooses tests of npm test, a step of .ci/run',
    check: expectPartOfTests,
  },
  {
    of: /^node --(inspect|cpu-prof) HOST$/,
    how: 'test/kernel/debugger.test.ts runs a host so',
    check: command => {
      const [, option] = command.split(' ');
      expect(readDocument('test/kernel/debugger.test.ts')).toContain(`['${option}`);
    },
  },
  {
    of: /^(?:npm install (?!npm:|jsr:)|npx tsc$|node host\.mjs$|npx heirloom bundle vat\.ts$)/,
    how: 'test/integration/own-project.test.ts does it, with links for what npm would install',
    check: command => {
      const run = readDocument('test/integration/own-project.test.ts');
      const named = command.startsWith('npm install') ? 'npm install' : command;
      expect(run).toContain(named);
    },
  },
  {
    of: /^npm run example -- \w+$/,
    how: 'a test runs the example',
    check: expectExampleTested,
  },
  {
    of: /^\.ci\/run$/,
    how: 'it runs this test; here bash reads it',
    check: async () => {
      accessSync(new URL('.ci/run', ROOT), constants.X_OK);
      expect(await runLine('bash -n .ci/run')).toEqual({ status: 0, stdout: '', stderr: '' });
    },
  },
  {
    of: /^npm run bench --( NAME)? --help$/,
    runs: command => `${scriptOf('bench')}${command.includes(' NAME ') ? ' million' : ''} --help`,
  },
  BENCHES,
  {
    of: /^npm run mutations$/,
    runs: () => `${scriptOf('mutations')} --only S3a --named-only`,
    isThorough: true,
  },
  {
    of: /^npm run mutations -- /,
    runs: listOfMutations,
    isThorough: true,
  },
  {
    of: /^npm run coverage -- --help$/,
    runs: () => `${scriptOf('coverage')} --help`,
    isThorough: true,
  },
  {
    of: /^npm run coverage( -- |$)/,
    runs: command => `${scriptOf('coverage')} ${optionsBehind(command)} --to OUT ${SMALL_TESTS}`,
    isThorough: true,
  },
  {
    of: /^npm start -- --json$/,
    how: `runs heirloom purses --json ${SMALL_PURSES} --directory DIR: the store of all others`,
    check: async () => {
      expect(scriptOf('start')).toBe(START);
      expect(JSON.parse((await pursesStore()).report)).toMatchObject({ lost: 0, conserved: true });
    },
  },
  {
    of: /^npm start -- /,
    runs: command => smallPurses(scriptOf('start'), command.split(' -- ')[1]!),
    isThorough: true,
  },
  { of: /^npx heirloom --(help|version)$/, runs: command => command },
  {
    of: /^(npx )?heirloom COMMAND --help$/,
    runs: () => 'heirloom COMMAND --help',
    isThorough: true,
  },
  {
    of: /^(npx )?heirloom purses$/,
    how: 'what npm start runs, a step of .ci/run',
    check: () => {
      expect(scriptOf('start')).toBe(START);
      expectStep('npm start');
    },
  },
  {
    of: /^(npx )?heirloom purses /,
    runs: command => smallPurses('heirloom purses', command.split(' purses ')[1]!),
  },
  {
    of: /^(npx )?heirloom [a-z-]+$/,
    runs: command => {
      const name = command.split(' ').at(-1)!;
      if (name in ARGUMENTS) return `heirloom ${name} ${ARGUMENTS[name]}`;
      throw Error(`no arguments of heirloom ${name} in ARGUMENTS`);
    },
  },
  {
    // Their own tests run them too.
    of: /^(npx )?heirloom (check-upgrade|import|migrate|migrate-store|run) [A-Z]/,
    runs: command => command.replace(/^npx /, ''),
    isThorough: true,
  },
  // The guide's store; guides.test.ts follows it.
  { of: /^heirloom adopt-engine bank/, runs: command => command.replace('bank', 'DIR') },
  // It needs no store.
  {
    of: /^(npx )?heirloom engine .*--whole/,
    runs: command => command.replace(/^npx /, ''),
    isThorough: true,
  },
  { of: /^(npx )?heirloom engine --/, runs: command => command.replace(/^npx /, '') },
  { of: /^(npx )?heirloom [a-z-]+ [A-Z]/, runs: command => command.replace(/^npx /, '') },
];

function wayOf(command: string): Way | undefined {
  return WAYS.find(({ of }) => of.test(command));
}

interface Plan extends NamedCommand {
  /** How it is run, or why it cannot be. */
  readonly how: string;
  readonly isKnown: boolean;
  readonly isThorough: boolean;
  readonly carryOut: () => void | Promise<void>;
}

const outcomes = new Map<string, Promise<CommandOutcome>>();

/** Runs a line, once however many commands come to it. */
const runOnce = (line: string): Promise<CommandOutcome> => {
  const outcome = outcomes.get(line) ?? filled(line).then(it => runLine(it));
  outcomes.set(line, outcome);
  return outcome;
};

const commandNames = async (): Promise<string[]> => {
  const { stdout } = await runOnce('npx heirloom --help');
  const listed = [...stdout.matchAll(/^ {2}([a-z-]+) .*(?:<|\[options\])/gm)];
  return listed.map(match => match[1]!).filter(name => name !== 'help');
};

const expectGood = async (line: string): Promise<void> => {
  const { status, stdout, stderr } = await runOnce(line);
  expect(status, `${line}: ${stderr}`).toBe(0);
  expect(stdout).not.toBe('');
  const last = stdout.trim().split('\n').at(-1)!;
  if (line.includes(' --json')) expect(JSON.parse(last)).toBeTypeOf('object');
};

const runWhole = async (line: string): Promise<void> => {
  const names = line.includes('COMMAND') ? await commandNames() : [''];
  expect(names).not.toEqual([]);
  for (const name of names) await expectGood(line.replace('COMMAND', name));
};

const planOf = (command: NamedCommand): Plan => {
  const { text, places } = command;
  const problem = (reason: string): Plan => {
    const how = `${places.join(', ')}: \`${text}\`: ${reason}`;
    return { ...command, how, isKnown: false, isThorough: false, carryOut: () => undefined };
  };
  const way = wayOf(text);
  const advice = `mend the document, or say in WAYS of ${HERE} how it is run`;
  if (way === undefined) return problem(advice);
  if ('check' in way) {
    const carryOut = () => way.check(text);
    return { ...command, how: way.how, isKnown: true, isThorough: false, carryOut };
  }
  try {
    const line = way.runs(text);
    const isThorough = way.isThorough === true;
    const carryOut = () => runWhole(line);
    return { ...command, how: `runs ${line}`, isKnown: true, isThorough, carryOut };
  } catch (error) {
    return problem(`${(error as Error).message}: mend the document, or ${HERE}`);
  }
};

const plansOf = (documents: Documents): Plan[] => commandsIn(documents).map(planOf);
const unknownIn = (plans: readonly Plan[]): string[] =>
  plans.filter(({ isKnown }) => !isKnown).map(({ how }) => how);

const PLANS = COMMANDS.map(planOf);

/** Is it in the help of some command, or of some bench? */
const isOffered = async (option: string): Promise<boolean> => {
  const commands = (await commandNames()).map(name => `heirloom ${name}`);
  const benches = Object.keys(SMALL_BENCHES).map(name => `${scriptOf('bench')} ${name}`);
  const pattern = new RegExp(`^ .*${option}(?![\\w-])`, 'm');
  for (const line of [...commands, ...benches]) {
    if (pattern.test((await runOnce(`${line} --help`)).stdout)) return true;
  }
  return false;
};

const listOf = (plans: readonly Plan[]): string =>
  plans
    .map(({ text, places, how, isThorough }) => {
      const when = isThorough ? 'in npm run test:all: ' : '';
      return `${text}\n    named in ${places.join(', ')}\n    ${when}${how}`;
    })
    .join('\n');

describe('commands in the documents', () => {
  test('all -> the table knows them; the list', () => {
    console.log(listOf(PLANS));
    expect(unknownIn(PLANS)).toEqual([]);
    expect(PLANS.length).toBeGreaterThan(0);
  });

  const quick = PLANS.filter(({ isKnown, isThorough }) => isKnown && !isThorough);
  test.each(quick)('$text -> $how', ({ carryOut }) => carryOut());

  const unaccompanied = optionsIn(allDocuments()).map(({ text, places }) => ({
    text,
    at: `${text} in ${places.join(', ')}: name its command beside it`,
  }));

  test('options beside which no command stands -> a source of commands has them', () => {
    const sources = ['packages/kernel/src/cli', 'bench/src'].flatMap(filesUnder);
    const all = sources.filter(path => path.endsWith('.ts')).map(readDocument).join('\n');
    for (const { text, at } of unaccompanied) {
      expect(all.includes(`'${text}`) || text === '--help', at).toBe(true);
    }
  });

  const optional = 'options beside which no command stands -> options of some command';
  test(optional, { tags: ['thorough'] }, async () => {
    for (const { text, at } of unaccompanied) expect(await isOffered(text), at).toBe(true);
  });
});

describe('tests that the documents choose by an option', { tags: ['thorough'] }, () => {
  const chosen = PLANS.map(({ text }) => text).filter(text => TESTS_CHOSEN.test(text));
  const optional = chosen.filter(text => chosenBy(text).words.some(word => word.startsWith('-')));
  test(`${optional.join(', ')} -> vitest takes the options, finds test files`, async () => {
    expect(optional).not.toEqual([]);
    const { status, stdout, stderr } = await runLine(listOfTests(optional));
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('.test.ts');
  });
});

describe('long commands in the documents', { tags: ['thorough'] }, () => {
  const long = PLANS.filter(({ isThorough }) => isThorough);
  test.each(long)('$text -> $how', ({ carryOut }) => carryOut());
});

describe('a document', () => {
  const named = (...text: readonly string[]) =>
    commandsIn({ 'guide.md': text.join('\n') }).map(it => `${it.places.join(' ')} ${it.text}`);

  test('spans, tables, code blocks -> each command, with its places', () => {
    const found = named(
      'Type `npm ci && npm start`, then read `heirloom` and `node`',
      'and `npx heirloom verify',
      'DIR`; or ``A_B=1 node x.js``.',
      '',
      '| `npm test` | `npm ci` once |',
      '- `.ci/run`',
      '',
      '```sh',
      '$ npm run lint   # the style',
      'npm run bench -- \\',
      '  sync',
      '```',
      '```js',
      'npm run nothing',
      '```',
    );
    expect(found).toEqual([
      'guide.md:1 guide.md:5 npm ci',
      'guide.md:1 npm start',
      'guide.md:2 npx heirloom verify DIR',
      'guide.md:3 A_B=1 node x.js',
      'guide.md:5 npm test',
      'guide.md:6 .ci/run',
      'guide.md:9 npm run lint',
      'guide.md:10 npm run bench -- sync',
    ]);
  });

  test('brackets, and options beside a command -> without, and with', () => {
    const inspect = '| `heirloom inspect DIR [--vat NAME]` (`--json`) |';
    expect(named(inspect, '| `--full`: `npm start` |')).toEqual([
      'guide.md:1 heirloom inspect DIR',
      'guide.md:1 heirloom inspect DIR --vat NAME --json',
      'guide.md:2 npm start',
      'guide.md:2 npm start -- --full',
    ]);
  });

  test.each([
    ['node tools/x.mjs', 'mend the document, or say in WAYS'],
    ['npm run nothing', 'mend the document, or say in WAYS'],
    ['npx vitest run', 'mend the document, or say in WAYS'],
    ['heirloom nothing', 'no arguments of heirloom nothing in ARGUMENTS'],
    ['npm run bench -- nothing', 'no small sizes of bench "nothing" in SMALL_BENCHES'],
  ])('%s, which nobody knows -> its file, its line, what to do', (command, advice) => {
    const unknown = unknownIn(plansOf({ 'guide.md': `# Guide\n\nType \`${command}\`.` }));
    expect(unknown).toEqual([expect.stringContaining(`guide.md:3: \`${command}\`: ${advice}`)]);
  });

  test.each([
    ['npm run test:nothing -- test/upgrade', 'no way'],
    ['npm test -- test/nothing', 'test/nothing'],
    ['NO_SUCH=1 npm test -- test/upgrade', 'NO_SUCH'],
    ["npm test -- test/upgrade -t 'no such title'", 'no such title'],
    ['npm run example -- nothing', 'nothing'],
    ['npx heirloom verify NOTHING', 'NOTHING of "heirloom verify NOTHING" has no value'],
    ['npm run bench -- --help --nothing', 'nothing'],
  ])('%s -> fails', async (command, reason) => {
    const [{ isKnown, how, carryOut }] = plansOf({ 'guide.md': `\`${command}\`` }) as [Plan];
    const run = async (): Promise<string> => (await carryOut(), 'it works');
    expect(isKnown ? await run().catch(String) : `no way: ${how}`).toContain(reason);
  });
});
