/**
 * A copy of the built packages in which every function says, when it is called, which source file
 * it is from: what walk-host.mjs runs to write down the walks of docs and tests.
 *
 * The sources are changed as texts, not by coverage or sampling, since only so the order in which
 * files are entered is known, on both sides of a worker's port.
 */
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, type Node } from 'acorn';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = ['store', 'worker', 'kernel'];
/** Scripts of many modules, each below a comment that names it (packages/worker/scripts). */
const SCRIPTS = ['worker/dist/image.js', 'worker/dist/thread.js'];

type Fields = Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node & Fields =>
  typeof value === 'object' && value !== null && typeof (value as Fields)['type'] === 'string';

/** Every node below `node`, and itself. */
function* nodesOf(node: Node & Fields): Generator<Node & Fields> {
  yield node;
  for (const field of Object.values(node)) {
    const children: unknown[] = Array.isArray(field) ? field : [field];
    for (const child of children) if (isNode(child)) yield* nodesOf(child);
  }
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

const FUNCTION = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;

/** What makes the function `node` call `enter` first. */
const entryOf = (node: Node & Fields, enter: string): Insertion[] => {
  const body = node['body'] as Node & Fields;
  if (body.type !== 'BlockStatement') {
    return [
      { at: body.start, text: `(${enter}, ` },
      { at: body.end, text: ')' },
    ];
  }
  const statements = body['body'] as (Node & Fields)[];
  const directives = statements.filter(statement => 'directive' in statement);
  return [{ at: directives.at(-1)?.end ?? body.start + 1, text: `;${enter};` }];
};

/** `source` with a call at the beginning of each function for which `fileAt` knows a file. */
const traced = (
  source: string,
  sourceType: 'module' | 'script',
  fileAt: (position: number) => string | undefined,
): string => {
  const program: unknown = parse(source, { ecmaVersion: 'latest', sourceType });
  if (!isNode(program)) throw Error('acorn gives no node');
  const insertions: Insertion[] = [];
  for (const node of nodesOf(program)) {
    const file = FUNCTION.test(node.type) ? fileAt(node.start) : undefined;
    if (file === undefined) continue;
    insertions.push(...entryOf(node, `globalThis.enterFile?.(${JSON.stringify(file)})`));
  }
  insertions.sort((a, b) => a.at - b.at);
  let text = '';
  let last = 0;
  for (const { at, text: inserted } of insertions) {
    text += source.slice(last, at) + inserted;
    last = at;
  }
  return text + source.slice(last);
};

const sourceName = (file: string): string => path.basename(file).replace(/\.js$/, '.ts');

/** The name of our own module that a position of a script of many is in. */
const moduleAt = (script: string): ((position: number) => string | undefined) => {
  const heads = [...script.matchAll(/^ *\/\/ (\S+\.[cm]?[jt]s)$/gm)];
  return position => {
    const name = heads.findLast(head => head.index < position)?.[1];
    return name === undefined || name.startsWith('node_modules/') ? undefined : sourceName(name);
  };
};

/**
 * Gives the vat's thread `enterFile`. What it writes goes to the file that the kernel's thread
 * writes to, so that the lines of both stand in the order of time.
 */
const threadPrelude = (directory: string): string => `
  const { appendFileSync, readFileSync } = require('node:fs');
  const WALK = ${JSON.stringify(path.join(directory, 'walk'))};
  const TRACE = ${JSON.stringify(path.join(directory, 'trace'))};
  let walk = '';
  let last;
  globalThis.enterFile = name => {
    const present = readFileSync(WALK, 'utf8');
    if (present !== walk) last = undefined;
    walk = present;
    if (walk === '' || name === last) return;
    last = name;
    appendFileSync(TRACE, 'worker ' + name + '\\n');
  };
`;

const rewrite = async (file: string, change: (source: string) => string): Promise<void> =>
  writeFile(file, change(await readFile(file, 'utf8')));

const traceScripts = async (directory: string): Promise<void> => {
  const [image, thread] = SCRIPTS.map(script => path.join(directory, 'packages', script));
  const change = (source: string): string => traced(source, 'script', moduleAt(source));
  await rewrite(image!, change);
  const id = createHash('sha256').update(await readFile(image!)).digest('hex');
  await writeFile(image!.replace(/js$/, 'json'), JSON.stringify({ id }));
  await rewrite(thread!, source =>
    change(source).replace("'use strict';", `'use strict';${threadPrelude(directory)}`),
  );
};

/** Makes the copy below `directory`, which is empty. */
export const makeTracedCopy = async (directory: string): Promise<void> => {
  const modules = path.join(directory, 'node_modules');
  await mkdir(path.join(modules, '@heirloom'), { recursive: true });
  for (const name of await readdir(path.join(ROOT, 'node_modules'))) {
    if (name === '@heirloom') continue;
    await symlink(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  for (const name of PACKAGES) {
    const from = path.join(ROOT, 'packages', name);
    const to = path.join(directory, 'packages', name);
    await cp(path.join(from, 'package.json'), path.join(to, 'package.json'));
    await cp(path.join(from, 'dist'), path.join(to, 'dist'), { recursive: true });
    await symlink(to, path.join(modules, '@heirloom', name));
    const files = await readdir(path.join(to, 'dist'), { recursive: true, withFileTypes: true });
    for (const { parentPath, name: file } of files) {
      const full = path.join(parentPath, file);
      const isScript = SCRIPTS.includes(path.relative(path.join(directory, 'packages'), full));
      if (!file.endsWith('.js') || isScript || full.includes('/fixtures/')) continue;
      await rewrite(full, source => traced(source, 'module', () => sourceName(file)));
    }
  }
  await traceScripts(directory);
};
