/**
 * Can an expression call a function? Where nothing around it counts calls (weave.ts), one that can
 * is counted by itself.
 *
 * Names, literals, functions and what is put together of them cannot; everything else may, if only
 * by an accessor. A name may be an accessor of the global object, which is a function without
 * parameters, and counts.
 */
import type { ObjectExpression } from 'acorn';
import { operandsOf, type SyntaxNode } from './syntax.js';

type Class = Extract<SyntaxNode, { readonly type: 'ClassDeclaration' | 'ClassExpression' }>;
type Part = SyntaxNode | null | undefined;

const SAFE: ReadonlySet<string> = new Set([
  ...['Literal', 'Identifier', 'ThisExpression', 'MetaProperty', 'Super', 'PrivateIdentifier'],
  ...['FunctionExpression', 'ArrowFunctionExpression'],
]);
/** They turn nothing into a primitive value. */
const SAFE_OPERATORS: ReadonlySet<string> = new Set(['!', 'typeof', 'void', '===', '!==']);

/** Of primitive values an operator makes one without calling anybody. */
const isPrimitive = (node: SyntaxNode): boolean => {
  if (node.type === 'Literal') return !('regex' in node);
  if (node.type === 'UnaryExpression') return isPrimitive(node.argument);
  return node.type === 'BinaryExpression' && operandsOf(node).every(isPrimitive);
};

const anyMayCall = (parts: readonly Part[]): boolean =>
  parts.some(part => part !== null && part !== undefined && mayCall(part));

/** While the class is made. */
const classMayCall = ({ superClass, body }: Class): boolean =>
  anyMayCall([superClass]) ||
  body.body.some(member => {
    if (member.type === 'StaticBlock') return true;
    if (member.computed && mayCall(member.key)) return true;
    return member.type === 'PropertyDefinition' && member.static && anyMayCall([member.value]);
  });

const objectMayCall = ({ properties }: ObjectExpression): boolean =>
  properties.some(
    each =>
      each.type === 'SpreadElement' ||
      (each.computed && !isPrimitive(each.key)) ||
      mayCall(each.value),
  );

/** Of what does nothing with its parts but to evaluate them; undefined of anything else. */
const partsOf = (node: SyntaxNode): readonly Part[] | undefined => {
  const { type } = node;
  if (SAFE.has(type)) return [];
  if (type === 'ArrayExpression') return node.elements;
  if (type === 'LogicalExpression') return operandsOf(node);
  if (type === 'ConditionalExpression') return [node.test, node.consequent, node.alternate];
  if (type === 'SequenceExpression') return node.expressions;
  const isSafe = 'operator' in node && SAFE_OPERATORS.has(node.operator);
  if (type === 'UnaryExpression' && isSafe) return [node.argument];
  if (type === 'BinaryExpression' && isSafe) return operandsOf(node);
  return isPrimitive(node) ? [] : undefined;
};

export const mayCall = (node: SyntaxNode): boolean => {
  if (node.type === 'ObjectExpression') return objectMayCall(node);
  if (node.type === 'ClassExpression') return classMayCall(node);
  if (node.type === 'TemplateLiteral') return !node.expressions.every(isPrimitive);
  const parts = partsOf(node);
  return parts === undefined || anyMayCall(parts);
};
