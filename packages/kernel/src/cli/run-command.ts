/**
 * `heirloom run CONFIG`: makes a kernel of a static configuration, or opens the one that was made,
 * and runs until nothing is left to do. Console lines of vats go to stderr.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { InvalidArgumentError, type Command } from 'commander';
import { openKernel, type Kernel } from '../kernel.js';
import type { KernelLogEntry } from '../log/vat-lines.js';
import { isLogCategory, jsonLines, LOG_CATEGORIES, type LogOptions } from '../log/log-records.js';

type Categories = LogOptions['categories'];

interface Flags {
  readonly directory?: string;
  readonly log?: Categories;
}

const parseCategories = (text: string): Categories => {
  if (text === 'all') return text;
  const names = text.split(',');
  if (names.every(isLogCategory)) return names;
  const known = LOG_CATEGORIES.join(', ');
  throw new InvalidArgumentError(`It takes all, or of ${known} with commas between.`);
};

const INSPECT_DEPTH = 8;

const log = ({ vatId, level, text }: KernelLogEntry): void =>
  void process.stderr.write(`${vatId ?? '-'} ${level}: ${text}\n`);

const report = async (kernel: Kernel): Promise<void> => {
  const { bootstrapResult } = kernel;
  if (bootstrapResult !== undefined) {
    const value = inspect(await bootstrapResult, { depth: INSPECT_DEPTH });
    process.stdout.write(`bootstrap: ${value}\n`);
  }
  for (const { vatId, name, incarnation } of kernel.vats()) {
    process.stdout.write(`${vatId} ${name}, incarnation ${incarnation}\n`);
  }
  process.stdout.write(`block ${kernel.height} ${kernel.blockHash}\n`);
};

const run = async (config: string, { directory, log: categories }: Flags): Promise<void> => {
  const made = directory ?? (await mkdtemp(join(tmpdir(), 'heirloom-run-')));
  try {
    const write = jsonLines(process.stderr);
    const told = categories === undefined ? {} : { structuredLog: { categories, write } };
    const kernel = await openKernel({ directory: made, config, log, ...told });
    try {
      await kernel.run();
      await report(kernel);
    } finally {
      await kernel.close();
    }
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
    .option('--log <categories>', 'JSON lines on stderr: all, or block,crank,...', parseCategories)
    .action(run);
};
