/**
 * The rest parameter of a function that does nothing with it but to spread it: a genuine array that
 * nobody else has seen, so its length says what spreading it gives.
 */
import { childrenOf, type FunctionNode, type SyntaxNode } from './syntax.js';

const isOnlySpread = (name: string, node: SyntaxNode, parent: SyntaxNode): boolean => {
  if (node.type === 'Identifier' && node.name === name) {
    return parent.type === 'SpreadElement' || parent.type === 'RestElement';
  }
  return childrenOf(node).every(child => isOnlySpread(name, child, node));
};

/** Its name, if there is one. What has the same name within, whatever it is, counts as a use. */
export const onlySpread = (node: FunctionNode): string | undefined => {
  const rest = node.params.at(-1);
  if (rest?.type !== 'RestElement' || rest.argument.type !== 'Identifier') return undefined;
  const { name } = rest.argument;
  return childrenOf(node).every(child => isOnlySpread(name, child, node)) ? name : undefined;
};
