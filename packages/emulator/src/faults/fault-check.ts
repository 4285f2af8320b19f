import { OPERATION_NAMES } from '../http/addressing.ts';
import type { FaultEffect, FaultRule } from './fault-rule.ts';

/**
 * Throws a TypeError or RangeError that names the field, for callers without types and for rules made of
 * JSON.
 */
export function checkFaultRule(rule: unknown): asserts rule is FaultRule {
  const { effect, ...conditions } = record('rule', rule);
  checkFields('rule', conditions, CONDITIONS);
  const { kind, ...parameters } = record('rule.effect', effect);
  if (typeof kind !== 'string' || !Object.hasOwn(EFFECTS, kind)) {
    throw new TypeError(
      `rule.effect.kind must be one of ${Object.keys(EFFECTS).join(', ')}, got ${show(kind)}`,
    );
  }
  checkFields('rule.effect', parameters, EFFECTS[kind as FaultEffect['kind']]);
}

/**
 * Reads a rule written as JSON, where a pattern for keys is `keyPattern`, a regular expression in a string.
 */
export function faultRuleFromJson(json: unknown): FaultRule {
  const { keyPattern, ...rest } = record('rule', json);
  const rule: unknown = keyPattern === undefined ? rest : { ...rest, key: pattern(keyPattern) };
  checkFaultRule(rule);
  return rule;
}

/** The inverse of {@link faultRuleFromJson}, but for the flags of a pattern. */
export function faultRuleToJson({ key, ...rest }: FaultRule): unknown {
  if (key === undefined) return rest;
  return typeof key === 'string' ? { ...rest, key } : { ...rest, keyPattern: key.source };
}

function pattern(source: unknown): RegExp {
  text('rule.keyPattern', source);
  try {
    return new RegExp(source, 'u');
  } catch {
    throw new TypeError(`rule.keyPattern must be a regular expression, got ${show(source)}`);
  }
}

type Check = (name: string, value: unknown) => void;

function checkFields(at: string, fields: object, checks: Readonly<Record<string, Check>>): void {
  for (const name of Object.keys(fields)) {
    if (!Object.hasOwn(checks, name)) throw new TypeError(`${at}.${name} is not known`);
  }
  const given = new Map<string, unknown>(Object.entries(fields));
  for (const [name, check] of Object.entries(checks)) check(`${at}.${name}`, given.get(name));
}

function record(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError(`${name} must be an object, got ${show(value)}`);
}

function text(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, got ${show(value)}`);
}

function flag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false, got ${show(value)}`);
}

function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): Check {
  return (name, value) => {
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return;
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${show(value)}`);
  };
}

function probability(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= 1) return;
  throw new RangeError(`${name} must be a number from 0 to 1, got ${show(value)}`);
}

/** 200 and its like would not be a refusal, but 203 is CallbackFailed. */
function errorStatus(name: string, value: unknown): void {
  if (value !== 203) whole(300, 599)(name, value);
}

function operation(name: string, value: unknown): void {
  text(name, value);
  if (!OPERATION_NAMES.has(value))
    throw new TypeError(`${name} must be an operation of OSS, got ${show(value)}`);
}

function key(name: string, value: unknown): void {
  if (!(value instanceof RegExp)) text(name, value);
}

function oneOrMany(check: Check): Check {
  return (name, value) => {
    for (const each of Array.isArray(value) ? value : [value]) check(name, each);
  };
}

function many(check: Check): Check {
  return (name, value) => {
    if (!Array.isArray(value)) throw new TypeError(`${name} must be a list, got ${show(value)}`);
    oneOrMany(check)(name, value);
  };
}

function headers(name: string, value: unknown): void {
  for (const [header, content] of Object.entries(record(name, value))) text(`${name}.${header}`, content);
}

function optional(check: Check): Check {
  return (name, value) => {
    if (value !== undefined) check(name, value);
  };
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

const CONDITIONS: Readonly<Record<string, Check>> = {
  operation: optional(operation),
  bucket: optional(text),
  key: optional(key),
  partNumber: optional(whole(1)),
  nth: optional(oneOrMany(whole(1))),
  times: optional(whole(1)),
  probability: optional(probability),
};

const EFFECTS: Readonly<Record<FaultEffect['kind'], Readonly<Record<string, Check>>>> = {
  refuse: {
    status: errorStatus,
    code: text,
    message: optional(text),
    ec: optional(text),
    headers: optional(headers),
  },
  dropResponse: {},
  errorIn200: { code: text, message: optional(text), ec: optional(text), afterHandling: optional(flag) },
  resetAfterBytes: { bytes: whole(0) },
  silent: { afterHandling: optional(flag) },
  slowDrip: { bytesPerSecond: whole(1) },
  truncateResponse: { bytes: optional(whole(0)) },
  wrongCrc: {},
  corruptIncoming: { offset: optional(whole(0)) },
  corruptStoredPart: { silent: optional(flag) },
  losePart: {},
  hideCorsHeaders: { names: optional(many(text)) },
  latency: { ms: whole(0) },
  bandwidth: { bytesPerSecond: whole(1) },
  clockJump: { ms: whole(Number.MIN_SAFE_INTEGER) },
};
