/** `$$SCONE::` with what is inside of it, and whether it is closed. */
export const reference = /\$\$SCONE::((?:(?!\$\$).)*)(\$\$)?/gs;

/**
 * Whether a text holds what somebody may have taken for a placeholder, in a spelling that is none: `$$scone::name$$`,
 * `$SCONE::name$`. A program would be given that text in the place of its secret.
 */
export function looksLikeReference(text: string): boolean {
  return /\bSCONE::/i.test(text) && /\bSCONE::/i.test(text.replace(reference, ''));
}

export const referenceHint = 'write $$SCONE::name$$: in capitals, with two dollars at both ends and no braces';
