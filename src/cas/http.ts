import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { statusOf } from '../api/errors.ts';
import { type Route, type RouteName, routes } from '../api/routes.ts';
import { SconeError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import type { ByteBudget } from './limits.ts';

/** A request line that was understood. */
export interface Target {
  name: RouteName;
  /** What stands in the place of the path's parameter, percent-decoded. */
  parameter: string;
  query: URLSearchParams;
}

/** The route of a request on a port; `E_NOT_FOUND` for everything that is not in the table of this port (L12). */
export function matchRoute(port: Route['port'], method: string | undefined, url: string | undefined): Target {
  const [path, search] = splitOnce(url ?? '', '?');
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    if (route.port !== port || route.method !== method) continue;
    const prefix = route.path.endsWith('{name}') ? route.path.slice(0, -'{name}'.length) : undefined;
    if (prefix === undefined ? path !== route.path : !path.startsWith(prefix)) continue;
    return {
      name,
      parameter: prefix === undefined ? '' : decode(path.slice(prefix.length)),
      query: new URLSearchParams(search),
    };
  }
  throw new SconeError('E_NOT_FOUND', 'there is no such route on this port', {
    found: `${String(method).slice(0, 16)} ${path.slice(0, 200)}`,
    hint: '/v1/attest is on the attestation port (18765), everything else on the client port (8081)',
  });
}

/** The query by the route's schema; a name that repeats is refused, since readers differ on which one counts. */
export function readQuery<T>(target: Target, schema: z.ZodType<T>): T {
  const names = [...target.query.keys()];
  if (new Set(names).size !== names.length) throw new SconeError('E_FORMAT', 'a name stands twice in the query');
  return bySchema(schema, Object.fromEntries(target.query), 'query');
}

/** The body by the route's schema: strict JSON (`core/json.ts`). */
export async function readBody<T>(
  request: IncomingMessage,
  limit: number,
  schema: z.ZodType<T>,
  budget: ByteBudget,
): Promise<T> {
  return bySchema(schema, parseJson(await bodyBytes(request, limit, budget), 'body'), 'body');
}

/** A request whose body is too long; the connection is closed behind the answer. */
export class TooLarge extends SconeError {
  constructor(limit: number) {
    super('E_LIMIT', 'the body of the request is too large', { expected: `at most ${limit} bytes` });
  }
}

async function bodyBytes(request: IncomingMessage, limit: number, budget: ByteBudget): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new TooLarge(limit);
  const parts: Uint8Array[] = [];
  let length = 0;
  let taken = 0;
  try {
    for await (const part of request as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > limit) throw new TooLarge(limit);
      if (!budget.take(part.length)) {
        throw new SconeError('E_LIMIT', 'the CAS is busy with other requests', { hint: 'try again in a second' });
      }
      taken += part.length;
      parts.push(part);
    }
    return Buffer.concat(parts, length);
  } finally {
    budget.give(taken);
  }
}

function bySchema<T>(schema: z.ZodType<T>, value: Json | Record<string, string>, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SconeError('E_FORMAT', `the ${what} of the request does not have the form it must have`, {
    causes: parsed.error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`).slice(0, 20),
    hint: 'client and CAS must be of versions that fit',
  });
}

/** Answers with JSON and wipes the bytes when the response is over: they may hold secrets. */
export function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  response.on('close', () => bytes.fill(0));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

/**
 * Answers with an error. A caller without a certificate who lacks a right is told to identify (401); what is not one of
 * ours is a bug, of which nothing but its place in the code is written down.
 *
 * @param report takes one line for the operator
 */
export function answerError(
  response: ServerResponse,
  error: unknown,
  client: string | undefined,
  report: (line: string) => void,
): void {
  if (error instanceof SconeError) {
    const status = error instanceof TooLarge ? 413 : statusOf(error.code);
    answer(response, error.code === 'E_ACCESS' && client === undefined ? 401 : status, error);
    return;
  }
  report(`internal error: ${errorPlace(error)}`);
  answer(response, 500, new SconeError('E_INTERNAL', 'the CAS made a mistake', { hint: 'its log says where' }));
}

/** Name and stack frames of an error without its message, which may quote data. */
export function errorPlace(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return [error.name, ...frames.map((line) => line.trim())].join(' ');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SconeError('E_FORMAT', 'the path is not percent-encoded UTF-8');
  }
}
