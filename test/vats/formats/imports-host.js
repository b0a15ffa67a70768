import { readFileSync } from 'node:fs';

export const buildRootObject = () => readFileSync('/etc/passwd');
