/**
 * `heirloom run CONFIG`: makes a kernel of a static configuration, or opens the one that was made,
 * and runs until nothing is left to do. Console lines of vats go to stderr.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { separateBundles } from '../host/configured-isolation.js';
import { hostWays } from '../host/host-ways.js';
import { Kernel } from '../kernel.js';
import type { KernelLogEntry } from '../log/vat-lines.js';
import { isLogCategory, jsonLines, LOG_CATEGORIES, type LogOptions } from '../log/log-records.js';
import { ISOLATIONS, type Isolation } from '../vats/channel.js';
import { integerFrom } from './integers.js';
import { overKernel } from './over-kernel.js';

type Categories = LogOptions['categories'];

interface Flags {
  readonly directory?: string;
  readonly log?: Categories;
  readonly isolation?: Isolation;
  readonly deliveryTimeout?: number;
}

const parseCategories = (text: string): Categories => {
  if (text === 'all') return text;
  const names = text.split(',');
  if (names.every(isLogCategory)) return names;
  const known = LOG_CATEGORIES.join(', ');
  throw new InvalidArgumentError(`It takes all, or of ${known} with commas between.`);
};

const ISOLATION_HELP =
  'where vats run (default: as the configuration says; else ready-made bundles in processes, ' +
  'modules that are bundled here in threads)';

const INSPECT_DEPTH = 8;

const log = ({ vatId, level, text }: KernelLogEntry): void =>
  void process.stderr.write(`${vatId ?? '-'} ${level}: ${text}\n`);

const report = async (kernel: Kernel): Promise<void> => {
  const { bootstrapResult } = kernel;
  if (bootstrapResult !== undefined) {
    const value = inspect(await bootstrapResult, { depth: INSPECT_DEPTH });
    process.stdout.write(`bootstrap: ${value}\n`);
  }
  for (const { vatId, name, incarnation, isolation } of kernel.vats()) {
    process.stdout.write(`${vatId} ${name}, incarnation ${incarnation}, in a ${isolation}\n`);
  }
  process.stdout.write(`block ${kernel.height} ${kernel.blockHash}\n`);
};

const run = async (config: string, flags: Flags): Promise<void> => {
  const { directory, log: categories, isolation, deliveryTimeout: deliveryTimeoutMs } = flags;
  const made = directory ?? (await mkdtemp(join(tmpdir(), 'heirloom-run-')));
  try {
    const write = jsonLines(process.stderr);
    const told = categories === undefined ? {} : { structuredLog: { categories, write } };
    const where = isolation === undefined ? {} : { isolation };
    const limits = deliveryTimeoutMs === undefined ? {} : { deliveryTimeoutMs };
    const options = { config, log, ...told, ...where, ...limits };
    // Who made the bundles that a configuration names is not known here.
    const adjust = isolation === undefined ? separateBundles : undefined;
    const open = (signal: AbortSignal): Promise<Kernel> =>
      Kernel.open({ ...options, signal }, () => hostWays(made), adjust);
    const work = async (kernel: Kernel): Promise<void> => {
      await kernel.run();
      await report(kernel);
    };
    await overKernel({ open, work });
  } finally {
    if (directory === undefined) await rm(made, { recursive: true, force: true });
  }
};

export const addRunCommand = (program: Command): void => {
  program
    .command('run')
    .argument('<config>', 'a .json, .js or .mjs file: docs/vat-admin.md')
    .summary('make a kernel of a static configuration, bootstrap it, run it')
    .option('--directory <path>', 'keep the store here (default: a temporary directory)')
    .addOption(new Option('--isolation <kind>', ISOLATION_HELP).choices(ISOLATIONS))
    .option('--delivery-timeout <ms>', 'how long a crank may run', integerFrom(1))
    .option('--log <categories>', 'JSON lines on stderr: all, or block,crank,...', parseCategories)
    .action(run);
};
