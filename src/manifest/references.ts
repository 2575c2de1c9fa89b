import { reference } from '../language/reference.ts';
import { nameIn, repeated } from '../language/repeat.ts';
import { didYouMean } from '../language/suggest.ts';

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

const placeholderOrWrong = /(\$\$SCONE::(?:(?!\$\$).)*\$\$)|\$\$SCONE::.*|\b[Ss][Cc][Oo][Nn][Ee]::/gs;

/**
 * A text without a placeholder that is not closed, of which nobody can say where its name ends, and without the
 * beginning of those in a spelling that is none.
 */
export function withoutWrongReferences(text: string): string {
  return text.replace(placeholderOrWrong, (_, placeholder?: string) => placeholder ?? '');
}

/** Without the format behind `:` and the old suffixes. */
function secretName(inside: string): string {
  return inside.replace(/[:|].*$/s, '').replace(/\.(?:crt|key|chain|hex)$/, '');
}
