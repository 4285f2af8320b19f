// Mistakes as operations on syntax: they do not depend on names, comments or files. Each operation changes the
// statement, property or argument that follows an anchor in the source, a comment `// canary: ID`.
import { parseSync } from 'vite';

const ANCHOR = /\/\/ canary: ([a-z0-9-]+)$/gm;

/** The IDs of the anchors in a source file. */
export function anchorsIn(text) {
  return [...text.matchAll(ANCHOR)].map(([, id]) => id);
}

/** The source with the mistake in it. Throws where the mistake cannot be made there. */
export function mutate(path, text, { id, mistake }) {
  const program = parse(path, text);
  const place = placeOf(program, text, id);
  const { node, replacement } = mistake(place);
  const mutated = text.slice(0, node.start) + replacement + text.slice(node.end);
  parse(path, mutated);
  return mutated;
}

/** Removes the statement. */
export function remove() {
  return ({ target }) => ({ node: statement(target), replacement: ';' });
}

/** Replaces the condition of the `if`, or of the outermost `? :`. */
export function condition(value) {
  return ({ target }) => ({
    node: target.type === 'IfStatement' ? target.test : outermost(target, 'ConditionalExpression').test,
    replacement: value,
  });
}

/** Puts another operator between the same operands. */
export function operator(from, to) {
  return ({ target, textOf }) => {
    const node = outermost(target, 'BinaryExpression', (each) => each.operator === from);
    return { node, replacement: `${textOf(node.left)} ${to} ${textOf(node.right)}` };
  };
}

/** Replaces the result of the operator. */
export function resultOf(symbol, value) {
  return ({ target }) => ({
    node: outermost(target, 'BinaryExpression', (each) => each.operator === symbol),
    replacement: value,
  });
}

/** Reduces `a && b` to `a`. */
export function leftOperandOf(symbol) {
  return ({ target, textOf }) => {
    const node = outermost(target, 'LogicalExpression', (each) => each.operator === symbol);
    return { node, replacement: textOf(node.left) };
  };
}

/** Adds one to the operand after the `:` of `? :`. */
export function oneMoreInAlternate() {
  return ({ target, textOf }) => {
    const { alternate } = outermost(target, 'ConditionalExpression');
    return { node: alternate, replacement: `${textOf(alternate)} + 1` };
  };
}

/** Replaces the initial value of the variable. */
export function initialValue(value) {
  return ({ target }) => ({ node: outermost(target, 'VariableDeclarator').init, replacement: value });
}

/** Replaces the value that is returned. */
export function returnValue(value) {
  return ({ target }) => ({ node: outermost(target, 'ReturnStatement').argument, replacement: value });
}

/** Replaces the statement in a `catch` clause by a `throw` of the caught error. */
export function rethrow() {
  return ({ target, textOf, ancestors }) => {
    const handler = ancestors.findLast(({ type }) => type === 'CatchClause');
    return { node: statement(target), replacement: `throw ${textOf(handler.param)};` };
  };
}

/** Replaces an argument of the outermost call, or of the call of this method. */
export function argument(index, value, method) {
  return ({ target }) => ({ node: existing(callIn(target, method).arguments[index]), replacement: value });
}

/** Removes all arguments of the outermost call but the first. */
export function firstArgumentAlone() {
  return ({ target, textOf }) => {
    const node = callIn(target);
    if (node.arguments.length < 2) throw new Error('the call has one argument');
    return { node, replacement: `${textOf(node.callee)}(${textOf(node.arguments[0])})` };
  };
}

/** Changes `run(f, …).method()` to `f().method()`. */
export function callFirstArgument(method) {
  return ({ target, textOf }) => {
    const node = callIn(target, method).callee.object;
    return { node, replacement: `(${textOf(existing(node.arguments?.[0]))})()` };
  };
}

/** Replaces the anchored argument. */
export function replaceWith(value) {
  return ({ target }) => ({ node: target, replacement: value });
}

/** Replaces the anchored argument by the signal on which the function calls `throwIfAborted()`. */
export function replaceWithSignal() {
  return ({ target, textOf, ancestors }) => {
    const call = callIn(enclosingFunction(ancestors), 'throwIfAborted');
    return { node: target, replacement: textOf(call.callee.object) };
  };
}

/** Replaces the value of the anchored property, or of the only property of this name. */
export function propertyValue(value, name) {
  return ({ target, textOf }) => {
    const node = target.type === 'Property' ? target : propertyIn(target, name);
    return { node, replacement: `${textOf(node.key)}: ${value}` };
  };
}

/** Gives the property `to` the value that the property `from` has elsewhere in the function. */
export function propertyValueOf(from, to) {
  return ({ target, textOf, ancestors }) => {
    const node = propertyIn(target, to);
    const { value } = propertyIn(enclosingFunction(ancestors), from);
    return { node, replacement: `${textOf(node.key)}: ${textOf(value)}` };
  };
}

/** Calls the value of the anchored property, a function, before the statement around it. */
export function callBeforehand() {
  return ({ target, textOf, ancestors }) => {
    const around = ancestors.findLast(({ type }) => type === 'VariableDeclaration');
    return { node: around, replacement: `void ${textOf(target.value)}();${textOf(around)}` };
  };
}

function placeOf(program, text, id) {
  const anchors = [...text.matchAll(ANCHOR)].filter(([, found]) => found === id);
  if (anchors.length !== 1) throw new Error(`${anchors.length} anchors of ${id}`);
  const [{ 0: anchor, index }] = anchors;
  const paths = pathsIn(program).filter((path) => path.at(-1).start >= index + anchor.length);
  // Of the nodes that start first after the anchor, the one around the others.
  const path = paths.reduce((first, each) => (each.at(-1).start < first.at(-1).start ? each : first));
  return {
    target: path.at(-1),
    ancestors: path.slice(0, -1),
    textOf: ({ start, end }) => text.slice(start, end),
  };
}

/** Every node with its ancestors, outer ones before inner ones. */
function pathsIn(node, ancestors = []) {
  const path = [...ancestors, node];
  return [path, ...childrenOf(node).flatMap((child) => pathsIn(child, path))];
}

function childrenOf(node) {
  return Object.values(node)
    .flat()
    .filter((value) => typeof value?.type === 'string' && typeof value.start === 'number');
}

/** The only node of the type that is not inside another one of it. */
function outermost(node, type, matches = () => true) {
  const found = allOutermost(node, (each) => each.type === type && matches(each));
  if (found.length !== 1) throw new Error(`${found.length} times ${type}`);
  return found[0];
}

function allOutermost(node, matches) {
  return matches(node) ? [node] : childrenOf(node).flatMap((child) => allOutermost(child, matches));
}

/** The outermost call, or the only call of the method. */
function callIn(node, method) {
  return outermost(
    node,
    'CallExpression',
    ({ callee }) => method === undefined || callee.property?.name === method,
  );
}

function propertyIn(node, name) {
  const found = allOutermost(node, ({ type }) => type === 'ObjectExpression')
    .flatMap(({ properties }) => properties)
    .filter((each) => each.type === 'Property' && each.key.name === name);
  if (found.length !== 1) throw new Error(`${found.length} times the property ${name}`);
  return found[0];
}

function enclosingFunction(ancestors) {
  return existing(ancestors.findLast(({ type }) => /^(ArrowFunction|Function)/.test(type)));
}

function statement(node) {
  if (!node.type.endsWith('Statement')) throw new Error(`${node.type} is no statement`);
  return node;
}

function existing(node) {
  if (node === undefined) throw new Error('the syntax has changed');
  return node;
}

function parse(path, text) {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return program;
}
