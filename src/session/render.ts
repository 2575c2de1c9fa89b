import { Document } from 'yaml';
import { sessionDocument } from './canonical.ts';
import type { CompleteSession } from './complete.ts';

/**
 * A session as a session file, for people to read and for `session` commands to take: the same text for the same
 * session. Texts that another reader could take for a number or a boolean are quoted, and a dollar that would be a
 * variable is written `\$`. It holds no generated value, and of explicit ones only the HMAC.
 */
export function renderSessionYaml(session: CompleteSession): string {
  const document = new Document(escapeVariables(sessionDocument(session)), {
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
  });
  return document.toString({ lineWidth: 0, indentSeq: false });
}

function escapeVariables(value: unknown): unknown {
  if (typeof value === 'string') return escapeDollars(value);
  if (Array.isArray(value)) return value.map(escapeVariables);
  if (typeof value !== 'object' || value === null) return value;
  const escaped: { [name: string]: unknown } = Object.create(null);
  for (const [name, member] of Object.entries(value)) escaped[name] = escapeVariables(member);
  return escaped;
}

const opening = '$$SCONE::';
/** In a piece without pairs of dollars: what a reader of session files would take for a variable or for escaped. */
const single = /\\\$|\$(?=[A-Za-z_{])/g;

/**
 * A backslash before each dollar that a reader would replace; placeholders and dollars in pairs are left alone. Each
 * character is passed once, and the end of a placeholder that has none is looked for once.
 */
function escapeDollars(text: string): string {
  let escaped = '';
  let from = 0;
  let closed = true;
  for (let pair = text.indexOf('$$'); pair >= 0; ) {
    // Behind a backslash the first dollar is no half of a pair.
    if (pair > from && text[pair - 1] === '\\') {
      pair = text.indexOf('$$', pair + 1);
      continue;
    }
    escaped += text.slice(from, pair).replace(single, '\\$&');
    let end = pair + 2;
    if (closed && text.startsWith(opening, pair)) {
      const close = text.indexOf('$$', pair + opening.length);
      closed = close >= 0;
      end = closed ? close + 2 : end;
    }
    while (text.startsWith('$$', end) && !text.startsWith(opening, end)) end += 2;
    escaped += text.slice(pair, end);
    from = end;
    pair = text.indexOf('$$', end);
  }
  return escaped + text.slice(from).replace(single, '\\$&');
}
