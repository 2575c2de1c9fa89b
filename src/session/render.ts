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

/** What a reader of session files would replace; `$$SCONE::…$$` and `$$` it leaves alone. */
const dollar = /\$\$SCONE::.*?\$\$|\$\$|\\\$|\$(?=[A-Za-z_{])/gs;

function escapeVariables(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(dollar, (found) => (found === '$' || found === '\\$' ? `\\${found}` : found));
  }
  if (Array.isArray(value)) return value.map(escapeVariables);
  if (typeof value !== 'object' || value === null) return value;
  const escaped: { [name: string]: unknown } = Object.create(null);
  for (const [name, member] of Object.entries(value)) escaped[name] = escapeVariables(member);
  return escaped;
}
