/** `npm run nodes`: fetches the Node releases of versions.json into `.nodes`, once. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { binOf, PACKAGE, PLACE, VERSIONS } from './nodes.mjs';

const versionOf = node =>
  existsSync(node) ? execFileSync(node, ['--version'], { encoding: 'utf8' }).trim() : undefined;

for (const [line, version] of Object.entries(VERSIONS)) {
  const node = `${binOf(line)}/node`;
  const isThere = versionOf(node) === `v${version}`;
  if (!isThere) {
    const place = `${PLACE}${line}`;
    mkdirSync(place, { recursive: true });
    writeFileSync(`${place}/package.json`, '{ "private": true }\n');
    const options = ['--no-audit', '--no-fund', '--no-save', '--prefix', place];
    execFileSync('npm', ['install', ...options, `${PACKAGE}@${version}`], { stdio: 'inherit' });
  }
  console.log(`node ${version}: ${isThere ? 'is there' : 'fetched'}`);
}
