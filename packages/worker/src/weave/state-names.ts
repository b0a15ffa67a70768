/**
 * What properties a function gives to the state that it makes, as its text says: of the `init` of a
 * kind, which nobody can call without arguments.
 */
import type { Property, SpreadElement } from 'acorn';
import { unmarked } from './marks.js';
import { childrenOf, isFunction, parseModule, type SyntaxNode } from './syntax.js';

const parsed = (text: string): SyntaxNode | undefined => {
  try {
    return parseModule(text);
  } catch (error) {
    // It does not parse, or it nests too deep to be looked at.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
};

/** The function whose text it is; of a method, the one in a record. */
const functionOf = (text: string): SyntaxNode | undefined => {
  const tree = parsed(`(${text}\n)`) ?? parsed(`({${text}\n})`);
  let node = tree;
  while (node !== undefined && !isFunction(node)) node = childrenOf(node).at(-1);
  return node;
};

type Properties = readonly (Property | SpreadElement)[];

/** `harden`, `freeze`, `Object.freeze`: they give back what they are given. */
const isKeeping = (node: SyntaxNode): boolean => {
  if (node.type === 'MemberExpression') return isKeeping(node.property);
  return node.type === 'Identifier' && (node.name === 'harden' || node.name === 'freeze');
};

const recordOf = (node: SyntaxNode): Properties | undefined => {
  if (node.type === 'ObjectExpression') return node.properties;
  if (node.type !== 'CallExpression' || !isKeeping(node.callee)) return undefined;
  const [argument, ...more] = node.arguments;
  return argument === undefined || more.length > 0 ? undefined : recordOf(argument);
};

const nameOf = (property: Property | SpreadElement): string | undefined => {
  if (property.type === 'SpreadElement' || property.computed) return undefined;
  const { key } = property;
  if (key.type === 'Identifier') return key.name;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
};

/** What a function returns, by its own `return`. */
const returnsOf = (node: SyntaxNode, found: SyntaxNode[] = []): readonly SyntaxNode[] => {
  for (const child of childrenOf(node)) {
    if (isFunction(child)) continue;
    if (child.type === 'ReturnStatement') found.push(child.argument ?? child);
    else returnsOf(child, found);
  }
  return found;
};

const namesIn = (node: SyntaxNode): readonly string[] | undefined => {
  const names = recordOf(node)?.map(nameOf);
  return names?.every(name => name !== undefined) === true ? names : undefined;
};

/** Undefined where the text does not say: of a spread, of a computed name, of another function. */
export const stateNamesOf = (source: string): readonly string[] | undefined => {
  const made = functionOf(unmarked(source));
  if (made === undefined || !isFunction(made) || made.async || made.generator) return undefined;
  const isShort = made.body.type !== 'BlockStatement';
  const [first, ...others] = isShort ? [made.body] : returnsOf(made.body);
  if (first === undefined || others.length > 0) return undefined;
  return namesIn(first);
};
