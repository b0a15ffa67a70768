/** Kernels over real stores in fresh directories, closed and removed when a test file ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError, KernelError, openKernel } from '@heirloom/kernel';
import type {
  AuditFinding,
  Isolation,
  Kernel,
  KernelOptions,
} from '@heirloom/kernel';
import { expect, inject } from 'vitest';
import { fixture } from '../bundles/fixtures.js';

export { fixture };

const directories: string[] = [];
const kernels: Kernel[] = [];

/** What an audit of the last block finds wrong; nothing of a kernel that was closed or stopped. */
const auditOf = (kernel: Kernel): readonly AuditFinding[] => {
  try {
    return kernel.audit().findings;
  } catch (error) {
    if (error instanceof HostError || error instanceof KernelError) return [];
    throw error;
  }
};

/** After a test: whatever it did, the tables of its kernels agree with each other. */
export const closeKernels = async (): Promise<void> => {
  const used = kernels.splice(0);
  const findings = used.map(auditOf);
  await Promise.all(used.map(kernel => kernel.close()));
  expect(findings.flat()).toEqual([]);
};

/** After a file of tests. */
export const removeDirectories = async (): Promise<void> => {
  const used = directories.splice(0);
  await Promise.all(used.map(path => rm(path, { recursive: true, force: true })));
};

export const freshDirectory = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'heirloom-test-'));
  directories.push(path);
  return path;
};

/** For what is made once and used by several test files: it is there until the run ends. */
export const lastingDirectory = (): Promise<string> =>
  mkdtemp(join(inject('runDirectory'), 'made-'));

/** Where vats of this run of the tests are: vitest.config.ts runs some tests with each. */
export const isolation = (process.env['HEIRLOOM_ISOLATION'] ?? 'thread') as Isolation;

/** A kernel over `options.directory`, or over a fresh one. */
export const kernelOver = async (options: Partial<KernelOptions> = {}): Promise<Kernel> => {
  const directory = options.directory ?? (await freshDirectory());
  const usual = { spareThreads: 0, isolation, log: () => undefined };
  const kernel = await openKernel({ ...usual, ...options, directory });
  kernels.push(kernel);
  return kernel;
};

export const install = async (kernel: Kernel, name: string): Promise<string> =>
  kernel.installBundle(await fixture(name));
