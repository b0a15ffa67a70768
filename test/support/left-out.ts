/** The last lines of `npm test`: which tests it has left out, and the command that runs them. */
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

export default class LeftOut implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], _errors: unknown, reason: TestRunEndReason): void {
    const isQuick = this.#vitest?.config.tagsFilter?.includes('!thorough') === true;
    if (!isQuick || reason === 'interrupted') return;
    const tests = modules.flatMap(module => [...module.children.allTests()]);
    const count = (tag: string): number => tests.filter(it => it.tags.includes(tag)).length;
    const [thorough, sized] = [count('thorough'), count('sized')];
    process.stdout.write(
      `Left out: ${thorough} thorough tests, the greater amounts of ${sized} others, and files ` +
        'once more with every vat in a child process.\n' +
        'Everything: npm run test:all. What was left out: npm run test:rest.\n\n',
    );
  }
}
