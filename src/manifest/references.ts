import { nameIn, repeated } from '../language/repeat.ts';
import { didYouMean } from '../language/suggest.ts';

/** The name in `$$SCONE::name$$`, without the format behind `:` and the old suffixes. */
const reference = /\$\$SCONE::((?:(?!\$\$).)*)(\$\$)?/gs;

/** One placeholder that cannot be what its author meant. */
interface WrongReference {
  /** It is not closed, as in drafts of 2022: as far as its name can go. */
  open?: string;
  /** Completes a sentence that begins with the field. */
  rule: string;
  hint: string;
}

/**
 * What is wrong with the placeholders of a text, as a manifest's author can see it: one that is not closed, and one
 * whose secret the manifest neither defines nor imports. Names with `{{…}}` in them are judged at mesh time.
 */
export function* wrongReferences(text: string, secrets: ReadonlySet<string>): Generator<WrongReference> {
  for (const [, inside = '', close] of text.matchAll(reference)) {
    if (close === undefined) {
      const name = nameIn(inside);
      yield {
        open: `$$SCONE::${name}`,
        rule: 'holds a placeholder that is not closed',
        hint: `write $$SCONE::${secretName(name) || 'name'}$$, with two dollars at both ends`,
      };
      continue;
    }
    const name = secretName(inside);
    if (inside.includes('{{') || secrets.has(name) || secrets.has(inside)) continue;
    const defined = secrets.size === 0 ? 'this manifest defines no secret' : didYouMean(name, [...secrets]);
    yield {
      rule: `refers to the secret ${JSON.stringify(repeated(name))}, which this manifest neither defines nor imports`,
      hint: `${defined}; secrets are defined in secrets.global and imported in secrets.import`,
    };
  }
}

/** Whether a text holds what somebody may have taken for a placeholder. */
export function looksLikeReference(text: string): boolean {
  return /\bSCONE::/i.test(text) && /\bSCONE::/i.test(text.replace(reference, ''));
}

/** A text without a placeholder that is not closed, of which nobody can say where its name ends. */
export function withoutOpenPlaceholder(text: string): string {
  return text.replace(reference, (whole: string, _inside: string, close: string | undefined) =>
    close === undefined ? '' : whole,
  );
}

function secretName(inside: string): string {
  return inside.replace(/[:|].*$/s, '').replace(/\.(?:crt|key|chain|hex)$/, '');
}
