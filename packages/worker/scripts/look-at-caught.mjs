/**
 * Has every `catch` of the image show what it caught to `lookAtCaught`
 * (src/zygote/engine-errors.ts): an engine's error for want of stack or memory is no outcome, also
 * where code of ours, of ses or of endo catches it and makes something else of it.
 *
 * What is added stands on the line where it belongs, so that line numbers stay.
 */
import assert from 'node:assert/strict';
import { parse } from 'acorn';

/** As engine-errors.ts declares it; esbuild keeps the name, since nothing else has it. */
const LOOK = 'lookAtCaught';
/** The name of what is caught where the author has given it none, or a pattern. */
const CAUGHT = 'caughtHere$';

const isNode = value => typeof value === 'object' && typeof value?.type === 'string';

/** Every node below, itself included, with the one around it. */
function* nodesOf(node, parent) {
  yield { node, parent };
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* nodesOf(child, node);
    }
  }
}

const treeOf = script => parse(script, { ecmaVersion: 2024, sourceType: 'script' });

/** `[place, text]`: what is to be put where. */
const editsOf = ({ param, body, start }) => {
  const look = name => `${LOOK}(${name});`;
  const bodyStart = body.start + 1;
  if (param === null) {
    return [
      [start + 'catch'.length, ` (${CAUGHT})`],
      [bodyStart, look(CAUGHT)],
    ];
  }
  if (param.type === 'Identifier') return [[bodyStart, look(param.name)]];
  return [
    [param.start, `${CAUGHT}){${look(CAUGHT)}let `],
    [param.end, `=(${CAUGHT}`],
    [body.start, ';'],
    [body.end, '}'],
  ];
};

const withEdits = (script, edits) => {
  const parts = [];
  let from = 0;
  for (const [at, text] of edits.sort(([a], [b]) => a - b)) {
    parts.push(script.slice(from, at), text);
    from = at;
  }
  parts.push(script.slice(from));
  return parts.join('');
};

/** Is the first statement a look at what was caught? */
const looks = ({ param, body }) => {
  const call = body.body[0]?.expression;
  const [shown] = call?.arguments ?? [];
  return call?.callee?.name === LOOK && shown?.name !== undefined && shown.name === param?.name;
};

/** Errors: AssertionError where a `catch` of the script does not look. */
export const assertLooks = script => {
  const tree = treeOf(script);
  const nodes = [...nodesOf(tree)];
  const named = nodes.filter(({ node, parent }) =>
    node.type === 'Identifier' && node.name === LOOK && parent.callee !== node);
  assert.equal(named.length, 1, `one function of the image is called ${LOOK}`);
  assert.equal(named[0].parent.type, 'FunctionDeclaration', `${LOOK} is there from the beginning`);
  const [factory] = tree.body;
  assert(factory.expression.body.body.some(({ id }) => id?.name === LOOK), `${LOOK} is outermost`);
  const blind = nodes.filter(({ node }) => node.type === 'CatchClause' && !looks(node));
  assert.equal(blind.length, 0, 'every catch looks at what it caught');
};

export const lookAtCaught = script => {
  assert(!script.includes(CAUGHT), `nothing in the image is called ${CAUGHT}`);
  const clauses = [...nodesOf(treeOf(script))].filter(({ node }) => node.type === 'CatchClause');
  const looking = withEdits(script, clauses.flatMap(({ node }) => editsOf(node)));
  assertLooks(looking);
  return looking;
};
