/**
 * The last lines of a run: how much was asserted, what it has cost, which files were the dearest;
 * after `npm test` also what it has left out, and the commands that run it.
 */
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

/** Files that are shown when many have run; `HEIRLOOM_COSTS=all` shows all. */
const DEAREST = process.env['HEIRLOOM_COSTS'] === 'all' ? Infinity : 8;
const MANY_FILES = 30;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const shown = (value: number): string => Math.round(value).toLocaleString('en');

interface Cost {
  readonly name: string;
  readonly cpuSeconds: number;
}

const costOf = (module: TestModule): Cost => ({
  name: `${module.relativeModuleId} (${module.project.name})`,
  cpuSeconds: module.meta().cpuSeconds ?? 0,
});

const costLines = (modules: readonly TestModule[]): string[] => {
  const costs = modules.map(costOf).sort((a, b) => b.cpuSeconds - a.cpuSeconds);
  const tests = modules.flatMap(module => [...module.children.allTests()]);
  const assertions = sum(tests.map(test => test.meta().assertions ?? 0));
  const total = sum(costs.map(({ cpuSeconds }) => cpuSeconds));
  const lines = [`${shown(assertions)} assertions; test files took ${shown(total)} CPU seconds.`];
  if (costs.length < MANY_FILES) return lines;
  const dearest = costs.slice(0, DEAREST);
  lines.push('The dearest:', ...dearest.map(it => `  ${shown(it.cpuSeconds)} s  ${it.name}`));
  return lines;
};

const leftOutLines = (modules: readonly TestModule[]): string[] => {
  const tests = modules.flatMap(module => [...module.children.allTests()]);
  const count = (tag: string): number => tests.filter(it => it.tags.includes(tag)).length;
  return [
    `Left out: ${count('thorough')} thorough tests, the greater amounts of ${count('sized')} ` +
      'others, and files once more with every vat in a child process.',
    'Everything: npm run test:all. What was left out: npm run test:rest.',
  ];
};

export default class Summary implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], _errors: unknown, reason: TestRunEndReason): void {
    if (reason === 'interrupted') return;
    const isQuick = this.#vitest?.config.tagsFilter?.includes('!thorough') === true;
    const lines = [...costLines(modules), ...(isQuick ? leftOutLines(modules) : [])];
    process.stdout.write(`${lines.join('\n')}\n\n`);
  }
}
