/**
 * Before every file of `test`: what a file leaves is closed and removed. The hooks are here, since
 * a module that files of one process share is evaluated once, a setup file before each of them.
 */
import { afterAll, afterEach } from 'vitest';
import { closeKernels, removeDirectories } from '../kernels/fresh-kernels.js';

afterEach(closeKernels);
afterAll(removeDirectories);
