/**
 * `npm run bench -- NAME [options]`: runs one bench and prints what it found.
 *
 * Exit codes: 0 done, 1 the bench failed, its answer is not what it must be (`Report.ok`), or the
 * arguments are wrong.
 */
import { benches } from './benches.js';
import { makeProgram } from './program.js';

const { stdout, stderr } = process;
const fail = (): void => void (process.exitCode = 1);
await makeProgram(benches, { stdout, stderr, now: () => performance.now(), fail }).parseAsync();
