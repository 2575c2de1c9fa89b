import { Document } from 'yaml';
import { sessionDocument } from './canonical.ts';
import type { Session } from './types.ts';

/**
 * A session as YAML, for people to read: the same text for the same session. Texts that another reader could take for
 * a number or a boolean are quoted. It holds no generated value, and of explicit ones only the HMAC.
 */
export function renderSessionYaml(session: Session): string {
  const document = new Document(sessionDocument(session), { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0, indentSeq: false });
}
