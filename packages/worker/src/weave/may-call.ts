/**
 * What stands where no function body is, in default values and in fields, and may call something:
 * there a function can call itself without its body being entered.
 */
import { isFunction, type SyntaxNode } from './syntax.js';

const PLAIN: ReadonlySet<string> = new Set([
  ...['Literal', 'Identifier', 'ThisExpression', 'MetaProperty', 'ClassExpression'],
]);

/**
 * Functions and classes are named by what they stand for, so they stay as they are. Names may be
 * those of a getter, which counts itself.
 */
export const mayCall = (node: SyntaxNode): boolean => {
  if (PLAIN.has(node.type) || isFunction(node)) return false;
  if (node.type === 'TemplateLiteral') return node.expressions.length > 0;
  if (node.type === 'UnaryExpression') return node.argument.type !== 'Literal';
  if (node.type === 'ArrayExpression') {
    return node.elements.some(element => element !== null && mayCall(element));
  }
  if (node.type === 'ObjectExpression') {
    return node.properties.some(
      each => each.type !== 'Property' || each.computed || mayCall(each.value),
    );
  }
  return true;
};
