/** After every test file: writes what V8 has counted in it (preload.mjs). */
import { afterAll } from 'vitest';

type Global = typeof globalThis & Record<symbol, () => Promise<void>>;

afterAll(() => (globalThis as Global)[Symbol.for('heirloom.writeCoverage')]!());
