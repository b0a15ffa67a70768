/** Uses of libraries in plain Node: `node run-in-node.mjs FILE...` prints what they give: JSON. */
import { pathToFileURL } from 'node:url';
import { shown } from './shown.mjs';

const answers = [];
for (const file of process.argv.slice(2)) {
  const { use } = await import(pathToFileURL(file).href);
  answers.push(shown(await use()));
}
process.stdout.write(JSON.stringify(answers));
